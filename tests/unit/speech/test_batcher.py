"""Every utterance comes out in exactly one outcome: transcribed, vetoed, or given up with its reason."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pytest

from monitor.model import RATE, Cut, Heard, Samples, Speaker, Transcript, Utterance, Word
from monitor.speech.batcher import Batcher, GivenUp, Outcome, Transcribed, Vetoed
from monitor.speech.recogniser import Hints
from monitor.speech.telling import AT_ONCE
from tests.helpers.room_server import until


class Verdict(NamedTuple):
    probability: float
    speech_seconds: float


def loudness(samples: Samples) -> Verdict:
    loud = bool(np.abs(samples).max() > 0)
    return Verdict(0.9 if loud else 0.1, len(samples) / RATE if loud else 0.0)


class Scripted:
    """A recogniser whose answer is decided by the test; it works in the batcher's thread like the real one."""

    model = "scripted"

    def __init__(self, answer: Callable[[Utterance], None] = lambda _: None) -> None:
        self._answer = answer
        self.threads: set[str] = set()
        self.hints: list[Hints] = []

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        self.threads.add(threading.current_thread().name)
        for utterance, hints in batch:
            self.hints.append(hints)
            self._answer(utterance)
        return [Transcript(u, "en", (Word(u.id, 0.0, 1.0, 0.9),), self.model, 0.0) for u, _ in batch]


def spoken(name: str, seconds: float = 1.0, level: int = 1000, track: str = "track") -> Utterance:
    audio = np.full(int(seconds * RATE), level, dtype=np.int16)
    return Utterance(name, "room", Speaker("s", "S"), track, 0.0, 0, audio, Cut.SILENCE)


class Collected:
    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.arrived = asyncio.Event()

    async def __call__(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.arrived.set()

    def names(self, kind: type) -> list[str]:
        return [_utterance(o).id for o in self.outcomes if isinstance(o, kind)]


def _utterance(outcome: Outcome) -> Utterance:
    return outcome.transcript.utterance if isinstance(outcome, Transcribed) else outcome.utterance


def made(recogniser: Scripted, done: Collected, backlog: float = 60.0) -> Batcher:
    return Batcher(recogniser, loudness, veto=0.5, backlog_seconds=backlog, done=done, clock=lambda: 0.0)


async def test_all_are_examined_in_order_in_one_thread_of_their_own() -> None:
    recogniser, done = Scripted(), Collected()
    batcher = made(recogniser, done)
    for i in range(5):
        batcher.submit(spoken(f"u{i}"), Hints(("en",), "en"))
    batcher.close()
    await batcher.run()
    assert done.names(Transcribed) == [f"u{i}" for i in range(5)]
    assert len(recogniser.threads) == 1
    assert recogniser.threads != {threading.main_thread().name}
    assert recogniser.hints[0] == Hints(("en",), "en", speech=1.0)
    assert batcher.waiting_seconds == 0.0
    assert batcher.lost_seconds == 0.0


async def test_what_the_gate_vetoes_never_reaches_the_recogniser() -> None:
    recogniser, done = Scripted(), Collected()
    batcher = made(recogniser, done)
    batcher.submit(spoken("quiet", level=0), Hints())
    batcher.close()
    await batcher.run()
    (outcome,) = done.outcomes
    assert isinstance(outcome, Vetoed)
    assert outcome.verdict.probability == 0.1
    assert recogniser.hints == []


async def test_past_the_limit_the_oldest_are_given_up_and_counted() -> None:
    recogniser, done = Scripted(), Collected()
    batcher = made(recogniser, done, backlog=3.0)
    for i in range(5):
        batcher.submit(spoken(f"u{i}"), Hints())
    assert batcher.waiting_seconds == 3.0
    assert batcher.lost_seconds == 2.0
    batcher.close()
    await batcher.run()
    assert done.names(GivenUp) == ["u0", "u1"]
    assert done.names(Transcribed) == ["u2", "u3", "u4"]
    assert all(o.state is Heard.LOST_OVERLOAD and "3 s" in o.reason for o in done.outcomes if isinstance(o, GivenUp))


async def test_one_utterance_longer_than_the_limit_is_still_examined() -> None:
    recogniser, done = Scripted(), Collected()
    batcher = made(recogniser, done, backlog=1.0)
    batcher.submit(spoken("long", 5.0), Hints())
    batcher.close()
    await batcher.run()
    assert done.names(Transcribed) == ["long"]


async def test_what_is_given_up_is_told_while_the_recogniser_is_busy() -> None:
    started, go = threading.Event(), threading.Event()

    def answer(_: Utterance) -> None:
        started.set()
        assert go.wait(30)

    done = Collected()
    batcher = made(Scripted(answer), done, backlog=1.0)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        batcher.submit(spoken("busy"), Hints())
        await asyncio.to_thread(started.wait, 30)
        batcher.submit(spoken("old"), Hints())
        batcher.submit(spoken("new"), Hints())
        await done.arrived.wait()
        assert done.names(GivenUp) == ["old"]
        assert batcher.waiting_seconds == 2.0
        go.set()
        batcher.close()
    assert done.names(Transcribed) == ["busy", "new"]


async def test_an_engine_s_failure_costs_one_utterance_only() -> None:
    def answer(utterance: Utterance) -> None:
        if utterance.id == "bad":
            raise RuntimeError("out of memory in the encoder")

    done = Collected()
    batcher = made(Scripted(answer), done)
    for name in ("before", "bad", "after"):
        batcher.submit(spoken(name), Hints())
    batcher.close()
    await batcher.run()
    assert done.names(Transcribed) == ["before", "after"]
    (lost,) = (o for o in done.outcomes if isinstance(o, GivenUp))
    assert (lost.utterance.id, lost.state) == ("bad", Heard.LOST_ERROR)
    assert batcher.lost_seconds == 0.0


async def test_a_bug_is_not_hidden() -> None:
    def answer(_: Utterance) -> None:
        raise TypeError("a bug")

    batcher = made(Scripted(answer), Collected())
    batcher.submit(spoken("u"), Hints())
    with pytest.raises(TypeError, match="a bug"):
        await batcher.run()


async def test_what_done_raises_ends_the_run() -> None:
    async def done(_: Outcome) -> None:
        raise KeyError("store")

    batcher = Batcher(Scripted(), loudness, veto=0.5, backlog_seconds=60, done=done, clock=lambda: 0.0)
    batcher.submit(spoken("u"), Hints())
    with pytest.raises(KeyError):
        await batcher.run()


async def test_at_the_deadline_all_that_is_left_comes_out_as_lost() -> None:
    started, go = threading.Event(), threading.Event()

    def answer(_: Utterance) -> None:
        started.set()
        assert go.wait(30)

    done = Collected()
    batcher = made(Scripted(answer), done)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(batcher.run())
        for name in ("busy", "a", "b"):
            batcher.submit(spoken(name), Hints())
        await asyncio.to_thread(started.wait, 30)
        running.cancel()
        await asyncio.wait([running])
        go.set()
    assert running.cancelled()
    assert done.names(GivenUp) == ["busy", "a", "b"]
    assert batcher.waiting_seconds == 0.0
    batcher.submit(spoken("too late"), Hints())
    assert batcher.lost_seconds == 0.0  # of overload; these are the stop's


async def test_a_source_can_wait_for_the_backlog_to_shrink() -> None:
    done = Collected()
    batcher = made(Scripted(), done)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        for i in range(6):
            batcher.submit(spoken(f"u{i}"), Hints())
            await batcher.settle(below=1.0)
            assert batcher.waiting_seconds <= 1.0
        await batcher.settle()
        assert batcher.waiting_seconds == 0.0
        batcher.close()
    assert len(done.outcomes) == 6


async def test_age_counts_from_the_submission_of_the_oldest() -> None:
    now = 100.0
    batcher = Batcher(Scripted(), loudness, veto=0.5, backlog_seconds=60, done=Collected(), clock=lambda: now)
    assert batcher.oldest_age == 0.0
    batcher.submit(spoken("a"), Hints())
    now = 103.0
    batcher.submit(spoken("b"), Hints())
    assert batcher.oldest_age == 3.0


class Calls(Scripted):
    """Remembers what came together, and how many calls were at work at the same time."""

    def __init__(self, meet: threading.Barrier | None = None, bad: str = "") -> None:
        super().__init__()
        self.calls: list[list[str]] = []
        self._meet = meet
        self._bad = bad

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        names = [utterance.id for utterance, _ in batch]
        self.calls.append(names)
        if self._meet is not None:
            self._meet.wait(30)
        if self._bad in names:
            raise RuntimeError("out of memory in the encoder")
        return super().transcribe(batch)


def several(recogniser: Scripted, done: Collected, workers: int, together: int) -> Batcher:
    return Batcher(
        recogniser,
        loudness,
        veto=0.5,
        backlog_seconds=60,
        done=done,
        clock=lambda: 0.0,
        workers=workers,
        together=together,
    )


async def test_two_threads_hear_two_tracks_at_the_same_time() -> None:
    recogniser, done = Calls(threading.Barrier(2)), Collected()  # each call waits for another one beside it
    batcher = several(recogniser, done, workers=2, together=1)
    for name in ("a1", "b1", "a2", "b2"):
        batcher.submit(spoken(name, track=name[0]), Hints())
    batcher.close()
    await batcher.run()
    order = done.names(Transcribed)
    assert len(recogniser.threads) == 2
    assert order.index("a1") < order.index("a2")
    assert order.index("b1") < order.index("b2")


async def test_those_that_wait_are_heard_together_and_work_is_left_for_the_other_thread() -> None:
    recogniser, done = Calls(), Collected()
    batcher = several(recogniser, done, workers=1, together=3)
    for n in range(4):
        batcher.submit(spoken(f"u{n}", track=f"t{n}"), Hints())
    batcher.submit(spoken("longer", 20.0, track="longer"), Hints())
    batcher.submit(spoken("as long", 15.0, track="as long"), Hints())
    batcher.submit(spoken("quiet", level=0, track="quiet"), Hints())
    batcher.close()
    await batcher.run()
    assert recogniser.calls[0] == ["u0", "u1", "u2"]
    assert ["longer", "as long"] in recogniser.calls
    assert sorted(done.names(Transcribed)) == ["as long", "longer", "u0", "u1", "u2", "u3"]
    assert done.names(Vetoed) == ["quiet"]

    few = Calls()
    batcher = several(few, Collected(), workers=1, together=3)
    for n in range(3):
        batcher.submit(spoken(f"u{n}", track=f"t{n}"), Hints())
    batcher.close()
    await batcher.run()
    assert few.calls == [["u0", "u1"], ["u2"]], "more than two only where many wait"

    alone = Calls(threading.Barrier(2))
    batcher = several(alone, Collected(), workers=2, together=3)
    for n in range(2):
        batcher.submit(spoken(f"u{n}", track=f"t{n}"), Hints())
    batcher.close()
    await batcher.run()
    assert sorted(alone.calls) == [["u0"], ["u1"]]


async def test_a_failure_costs_the_one_of_a_batch_that_it_is_about() -> None:
    recogniser, done = Calls(bad="u1"), Collected()
    batcher = several(recogniser, done, workers=1, together=3)
    for n in range(3):
        batcher.submit(spoken(f"u{n}", track=f"t{n}"), Hints())
    batcher.close()
    await batcher.run()
    assert done.names(Transcribed) == ["u0", "u2"]
    assert done.names(GivenUp) == ["u1"]


class Choosy(Calls):
    """Leaves some for later where it hears several."""

    def __init__(self, *wanting: str) -> None:
        super().__init__()
        self._wanting = wanting

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        heard = super().transcribe(batch)
        if len(batch) == 1:
            return heard
        return [None if each.utterance.id in self._wanting else each for each in heard]  # type: ignore[misc]


async def test_what_takes_a_longer_hearing_is_heard_by_itself_and_the_others_do_not_wait_for_it() -> None:
    recogniser, done = Choosy("u1"), Collected()
    batcher = several(recogniser, done, workers=1, together=3)
    for n in range(3):
        batcher.submit(spoken(f"u{n}", track=f"t{n}"), Hints())
    batcher.submit(spoken("next", track="t1"), Hints())
    batcher.submit(spoken("last", track="t2"), Hints())
    batcher.close()
    await batcher.run()
    assert recogniser.calls[:2] == [["u0", "u1", "u2"], ["u1"]], "its turn is what it was"
    assert [hints.again for hints in recogniser.hints[:4]] == [False, False, False, True]
    order = done.names(Transcribed)
    assert order[:2] == ["u0", "u2"]
    assert order.index("u1") < order.index("next"), "a track is heard in order"
    assert sorted(order) == ["last", "next", "u0", "u1", "u2"]


async def test_nobody_hears_again_what_was_withdrawn_meanwhile() -> None:
    done = Collected()

    class Withdrawn(Choosy):
        def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
            loop.call_soon_threadsafe(batcher.withdraw, {"t1"}, "the host has stopped it")
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(30)
            return super().transcribe(batch)

    loop = asyncio.get_running_loop()
    recogniser = Withdrawn("u1")
    batcher = several(recogniser, done, workers=1, together=3)
    for n in range(2):
        batcher.submit(spoken(f"u{n}", track=f"t{n}"), Hints())
    batcher.close()
    await batcher.run()
    assert recogniser.calls == [["u0", "u1"]]
    assert done.names(Transcribed) == ["u0"]
    assert done.names(GivenUp) == ["u1"]


async def test_what_waits_of_a_withdrawn_track_is_dropped_also_what_a_thread_is_at_work_on() -> None:
    """One utterance is in work, one is done and not told yet, one waits; another track goes on as if nothing were."""
    begun, go_on = threading.Event(), threading.Event()

    def answer(utterance: Utterance) -> None:
        if utterance.id == "work":
            begun.set()
            assert go_on.wait(30)

    recogniser, done = Scripted(answer), Collected()
    batcher = made(recogniser, done)
    for name, track in (("work", "ann"), ("waits", "ann"), ("other", "bo")):
        batcher.submit(spoken(name, track=track), Hints())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        assert await asyncio.to_thread(begun.wait, 30)
        batcher.withdraw({"ann"}, "the host has withdrawn consent")
        batcher.submit(spoken("again", track="ann"), Hints())  # consent came back: nothing is held against them
        go_on.set()
        batcher.close()
    assert done.names(Transcribed) == ["other", "again"]
    assert sorted(done.names(GivenUp)) == ["waits", "work"]
    assert all(
        (o.state, o.reason) == (Heard.NOT_CONSENTED, "the host has withdrawn consent")
        for o in done.outcomes
        if isinstance(o, GivenUp)
    )
    assert batcher.lost_seconds == 0.0, "nothing of it is a loss by overload"


async def test_what_is_heard_and_not_told_yet_is_dropped_as_well() -> None:
    told, go_on = asyncio.Event(), asyncio.Event()
    outcomes: list[Outcome] = []

    async def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        told.set()
        await go_on.wait()

    batcher = Batcher(Scripted(), loudness, veto=0.5, backlog_seconds=60, done=done, clock=lambda: 0.0, together=64)
    for track in (*map(str, range(AT_ONCE)), "ann"):
        batcher.submit(spoken(track, track=track), Hints())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        await told.wait()
        await until(lambda: not batcher.waiting_seconds, 10)  # all are heard, and all but the last are being told
        batcher.withdraw({"ann"}, "withdrawn")
        go_on.set()
        batcher.close()
    assert [type(outcome) for outcome in outcomes] == [*[Transcribed] * AT_ONCE, GivenUp]
