"""Second hearings wait for the first ones, are bounded, are finished at a stop, and fail alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

import numpy as np

from monitor.model import RATE, Cut, Speaker, Transcript, Utterance, Word
from monitor.speech.recogniser import Hints
from monitor.speech.second import Again, SecondHearings


class Big:
    """A recogniser that says the utterance's name; `first` is called in its thread before."""

    model = "big"

    def __init__(self, first: Callable[[Utterance], None] = lambda _: None) -> None:
        self._first = first
        self.heard: list[str] = []

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        ((utterance, _),) = batch
        self._first(utterance)
        self.heard.append(utterance.id)
        return [Transcript(utterance, "en", (Word(utterance.id, 0.0, 1.0, 0.9),), self.model, 0.0)]


class Done:
    def __init__(self) -> None:
        self.told: list[tuple[str, str | None]] = []

    async def __call__(self, request: Again[str], heard: Transcript | None) -> None:
        self.told.append((request.about, heard.text if heard else None))


async def at_once() -> None:
    """No first hearing waits."""


def request(name: str, seconds: float = 1.0) -> Again[str]:
    audio = np.zeros(int(seconds * RATE), np.int16)
    said = Utterance(name, "room", Speaker("s", "S"), "track", 0.0, 0, audio, Cut.SILENCE)
    return Again(said, Hints(), f"about {name}")


def made(big: Big, done: Done, idle: object = at_once, limit: float = 60.0) -> SecondHearings[str]:
    return SecondHearings(big, backlog_seconds=limit, idle=idle, done=done)  # type: ignore[arg-type]


async def test_all_is_heard_in_order_before_a_stop_is_over() -> None:
    big, done = Big(), Done()
    hearings = made(big, done)
    for n in range(4):
        hearings.submit(request(f"u{n}"))
    assert hearings.waiting == 4
    hearings.close()
    await hearings.run()
    assert done.told == [(f"about u{n}", f"u{n}") for n in range(4)]
    assert hearings.waiting == 0
    assert hearings.model == "big"


async def test_it_begins_only_while_no_first_hearing_waits() -> None:
    free, big, done = asyncio.Event(), Big(), Done()

    async def idle() -> None:
        await free.wait()

    hearings = made(big, done, idle)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hearings.run())
        hearings.submit(request("u"))
        for _ in range(20):
            await asyncio.sleep(0)
        assert big.heard == []
        free.set()
        await hearings.settle()
        assert big.heard == ["u"]
        hearings.close()


async def test_past_the_limit_the_oldest_is_given_up_and_the_last_never() -> None:
    big, done = Big(), Done()
    hearings = made(big, done, limit=2.5)
    for n in range(4):
        hearings.submit(request(f"u{n}"))
    hearings.submit(request("long", seconds=20.0))
    hearings.close()
    await hearings.run()
    assert big.heard == ["long"]
    assert sorted(done.told) == [("about long", "long"), *((f"about u{n}", None) for n in range(4))]


async def test_what_comes_after_the_end_is_given_up() -> None:
    big, done = Big(), Done()
    hearings = made(big, done)
    hearings.close()
    hearings.submit(request("late"))
    await hearings.run()
    assert (big.heard, done.told) == ([], [("about late", None)])


async def test_one_that_fails_is_given_up_alone() -> None:
    def breaks(utterance: Utterance) -> None:
        if utterance.id == "u1":
            raise RuntimeError("out of tricks")

    big, done = Big(breaks), Done()
    hearings = made(big, done)
    for n in range(3):
        hearings.submit(request(f"u{n}"))
    hearings.close()
    await hearings.run()
    assert done.told == [("about u0", "u0"), ("about u1", None), ("about u2", "u2")]


async def test_the_deadline_of_a_stop_does_not_wait_for_the_model() -> None:
    busy, go = threading.Event(), threading.Event()

    def stuck(_: Utterance) -> None:
        busy.set()
        assert go.wait(30)

    big, done = Big(stuck), Done()
    hearings = made(big, done)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(hearings.run())
        hearings.submit(request("u0"))
        hearings.submit(request("u1"))
        await asyncio.to_thread(busy.wait, 30)
        running.cancel()
    assert done.told == []
    go.set()
