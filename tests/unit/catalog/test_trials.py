"""Backtests over HTTP: one at a time, watched, cancelled."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest

from monitor.catalog.trials import KEPT, Trial, Trials, TrialState
from monitor.errors import Busy, StoreFailed


async def over(trial: Trial[int]) -> None:
    async with asyncio.timeout(20):
        await trial.over.wait()


async def test_a_trial_is_seen_while_it_runs_and_has_its_result_after() -> None:
    half, go = Event(), Event()

    def work(trial: Trial[int]) -> int:
        trial.progress(5, 10)
        half.set()
        assert go.wait(20)
        trial.progress(10, 10)
        return 42

    async with Trials[int]() as trials:
        trial = trials.start("scams", work)
        assert await asyncio.to_thread(half.wait, 20)
        assert (trial.state, trial.done, trial.total, trial.result) == (TrialState.RUNNING, 5, 10, None)
        with pytest.raises(Busy, match="scams"):
            trials.start("threats", work)
        go.set()
        await over(trial)
        assert (trial.state, trial.done, trial.result) == (TrialState.DONE, 10, 42)
        assert trials.find(trial.id) is trial
        await over(trials.start("threats", lambda _: 1))


def until_cancelled(trial: Trial[int]) -> int:
    while True:
        trial.progress(1, 10)


async def test_a_cancelled_trial_ends_and_makes_way() -> None:
    async with Trials[int]() as trials:
        trial = trials.start("scams", until_cancelled)
        trials.cancel(trial)
        await over(trial)
        assert (trial.state, trial.result) == (TrialState.CANCELLED, None)
        await over(trials.start("scams", lambda _: 1))


async def test_what_was_cancelled_after_its_last_look_has_no_result_either() -> None:
    begun, go = Event(), Event()

    def work(trial: Trial[int]) -> int:
        begun.set()
        assert go.wait(20)
        return 42

    async with Trials[int]() as trials:
        trial = trials.start("scams", work)
        assert await asyncio.to_thread(begun.wait, 20)
        trials.cancel(trial)
        go.set()
        await over(trial)
        assert (trial.state, trial.result) == (TrialState.CANCELLED, None)


async def test_leaving_cancels_what_runs() -> None:
    async with asyncio.timeout(20):
        async with Trials[int]() as trials:
            trial = trials.start("scams", until_cancelled)
    assert trial.state is TrialState.CANCELLED


async def test_an_expected_failure_is_told_and_others_go_on() -> None:
    def work(_: Trial[int]) -> int:
        raise StoreFailed("the disk is gone")

    async with Trials[int]() as trials:
        trial = trials.start("scams", work)
        await over(trial)
        assert (trial.state, trial.detail) == (TrialState.FAILED, "the disk is gone")


async def test_only_the_last_few_are_kept() -> None:
    async with Trials[int]() as trials:
        made = []
        for number in range(KEPT + 2):
            made.append(trials.start(f"list{number}", lambda _: 0))
            await over(made[-1])
        assert [trial.id for trial in trials.all()] == [trial.id for trial in reversed(made[2:])]
        assert trials.find(made[0].id) is None
