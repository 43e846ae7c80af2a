"""Looks at open utterances: only where there is time, the newest alone, and never the same audio twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from monitor.model import Transcript, Utterance, Word
from monitor.speech.batcher import Batcher, GivenUp, Outcome, Transcribed
from monitor.speech.recogniser import Hints
from tests.helpers.room_server import until
from tests.helpers.utterances import all_is_speech, spoken


class Scripted:
    """A recogniser that waits for the test at each utterance that it is told to hold."""

    model = "scripted"

    def __init__(self) -> None:
        self.heard: list[tuple[str, bool]] = []
        self.hold: dict[str, threading.Event] = {}
        self.fails: set[bool] = set()

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        for utterance, _ in batch:
            self.heard.append((utterance.id, utterance.open))
            if (event := self.hold.get(utterance.id)) is not None:
                assert event.wait(30)
            if utterance.open in self.fails:
                raise RuntimeError("out of memory")
        return [Transcript(u, "en", (Word(u.id, 0.0, 1.0, 0.9),), self.model, 0.0) for u, _ in batch]


class Collected:
    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    async def __call__(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    @property
    def names(self) -> list[tuple[str, bool]]:
        said = [o.transcript.utterance if isinstance(o, Transcribed) else o.utterance for o in self.outcomes]
        return [(utterance.id, utterance.open) for utterance in said]


def made(recogniser: Scripted, done: Collected, workers: int = 1) -> Batcher:
    return Batcher(
        recogniser, all_is_speech, veto=0.5, backlog_seconds=60, done=done, clock=lambda: 0.0, workers=workers
    )


async def until_heard(recogniser: Scripted, number: int) -> None:
    await until(lambda: len(recogniser.heard) >= number, 60)


async def test_the_same_audio_is_heard_once_and_comes_out_twice() -> None:
    recogniser, done = Scripted(), Collected()
    batcher = made(recogniser, done)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        batcher.look(spoken("a", open_=True), Hints())
        await until_heard(recogniser, 1)
        batcher.submit(spoken("a"), Hints())
        batcher.close()
    assert recogniser.heard == [("a", True)]
    assert batcher.looks_kept == 0
    assert done.names == [("a", True), ("a", False)]
    assert all(isinstance(outcome, Transcribed) for outcome in done.outcomes)


async def test_more_audio_is_heard_again() -> None:
    recogniser, done = Scripted(), Collected()
    batcher = made(recogniser, done)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        batcher.look(spoken("a", open_=True), Hints())
        await until_heard(recogniser, 1)
        await until(lambda: batcher.looks_kept == 1)
        batcher.submit(spoken("a", 1.5), Hints())
        batcher.close()
    assert recogniser.heard == [("a", True), ("a", False)]
    assert batcher.looks_kept == 0  # its audio would stay in memory


async def test_other_hints_are_heard_again() -> None:
    recogniser, done = Scripted(), Collected()
    batcher = made(recogniser, done)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        batcher.look(spoken("a", open_=True), Hints(("de",)))
        await until_heard(recogniser, 1)
        batcher.submit(spoken("a"), Hints(("en",)))
        batcher.close()
    assert recogniser.heard == [("a", True), ("a", False)]


async def test_a_look_waits_for_all_that_is_whole_and_only_the_newest_is_heard() -> None:
    recogniser, done = Scripted(), Collected()
    recogniser.hold["first"] = threading.Event()
    batcher = made(recogniser, done)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        batcher.submit(spoken("first", track="x"), Hints())
        await until_heard(recogniser, 1)
        batcher.look(spoken("a", 1.0, open_=True), Hints())
        batcher.look(spoken("a", 2.0, open_=True), Hints())
        batcher.submit(spoken("whole", track="y"), Hints())
        recogniser.hold["first"].set()
        await until_heard(recogniser, 3)
        batcher.close()
    assert recogniser.heard == [("first", False), ("whole", False), ("a", True)]
    look = done.outcomes[-1]
    assert isinstance(look, Transcribed)
    assert look.transcript.utterance.seconds == 2.0


async def test_a_look_that_still_waits_when_the_whole_comes_is_not_made() -> None:
    recogniser, done = Scripted(), Collected()
    recogniser.hold["first"] = threading.Event()
    batcher = made(recogniser, done)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        batcher.submit(spoken("first", track="x"), Hints())
        await until_heard(recogniser, 1)
        batcher.look(spoken("a", open_=True), Hints())
        batcher.submit(spoken("a", 2.0), Hints())
        recogniser.hold["first"].set()
        batcher.close()
    assert recogniser.heard == [("first", False), ("a", False)]


async def test_of_several_threads_one_is_kept_for_what_is_whole() -> None:
    recogniser, done = Scripted(), Collected()
    recogniser.hold["a"] = threading.Event()
    batcher = made(recogniser, done, workers=2)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        for name, track in (("a", "x"), ("b", "y")):
            batcher.look(spoken(name, track=track, open_=True), Hints(glance=True))
        await until_heard(recogniser, 1)
        batcher.submit(spoken("whole", track="z"), Hints())
        await until_heard(recogniser, 2)
        assert recogniser.heard == [("a", True), ("whole", False)]
        recogniser.hold["a"].set()
        await until_heard(recogniser, 3)
        batcher.close()
    assert recogniser.heard[-1] == ("b", True)


async def test_a_look_is_no_backlog_and_its_failure_no_loss() -> None:
    recogniser, done = Scripted(), Collected()
    recogniser.fails = {True}
    recogniser.hold["a"] = threading.Event()
    batcher = made(recogniser, done)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        batcher.look(spoken("a", open_=True), Hints())
        await until_heard(recogniser, 1)
        assert (batcher.waiting_seconds, batcher.oldest_age) == (0.0, 0.0)
        batcher.submit(spoken("a"), Hints())
        recogniser.hold["a"].set()
        batcher.close()
    assert recogniser.heard == [("a", True), ("a", False)]
    assert done.names == [("a", False)]
    assert not isinstance(done.outcomes[0], GivenUp)


async def test_after_a_close_nobody_looks() -> None:
    recogniser, done = Scripted(), Collected()
    batcher = made(recogniser, done)
    batcher.close()
    batcher.look(spoken("a", open_=True), Hints())
    await batcher.run()
    assert recogniser.heard == []


async def test_looks_at_an_utterance_that_was_dropped_come_to_nothing() -> None:
    """One look is in work, one waits, one is done and not told yet: the tap closed on all of them."""
    recogniser, done = Scripted(), Collected()
    go_on = recogniser.hold["a"] = threading.Event()
    batcher = made(recogniser, done)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        batcher.look(spoken("a", track="ann", open_=True), Hints())
        await until_heard(recogniser, 1)
        batcher.look(spoken("b", track="ann", open_=True), Hints())
        batcher.look(spoken("c", track="bo", open_=True), Hints())
        batcher.drop_looks({"ann"})
        go_on.set()
        await until_heard(recogniser, 2)
        await until(lambda: bool(done.outcomes), 60)
        batcher.close()
    assert done.names == [("c", True)]


async def test_what_was_said_before_a_pause_is_looked_at_before_speech_that_goes_on() -> None:
    recogniser, done = Scripted(), Collected()
    recogniser.hold["first"] = threading.Event()
    batcher = made(recogniser, done)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        batcher.look(spoken("first", track="x", open_=True), Hints())
        await until_heard(recogniser, 1)
        batcher.look(spoken("on", track="a", open_=True), Hints(glance=True, quick=True))
        batcher.look(spoken("pause", track="b", open_=True), Hints())
        recogniser.hold["first"].set()
        await until_heard(recogniser, 3)
        batcher.close()
    assert [name for name, _ in recogniser.heard] == ["first", "pause", "on"]


async def test_what_was_said_before_a_pause_needs_no_thread_kept_free() -> None:
    recogniser, done = Scripted(), Collected()
    recogniser.hold = {name: threading.Event() for name in ("on", "pause")}
    batcher = made(recogniser, done, workers=2)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        batcher.look(spoken("on", track="a", open_=True), Hints(glance=True, quick=True))
        await until_heard(recogniser, 1)
        batcher.look(spoken("pause", track="b", open_=True), Hints())
        await until_heard(recogniser, 2)
        for event in recogniser.hold.values():
            event.set()
        batcher.close()
    assert [name for name, _ in recogniser.heard] == ["on", "pause"]


async def test_a_look_that_would_take_more_comes_to_nothing_and_the_whole_is_heard() -> None:
    class Unclear(Scripted):
        def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
            heard = super().transcribe(batch)
            return [None if each.utterance.open else each for each in heard]  # type: ignore[misc]

    recogniser, done = Unclear(), Collected()
    batcher = made(recogniser, done)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        batcher.look(spoken("a", open_=True), Hints(glance=True, quick=True))
        await until_heard(recogniser, 1)
        batcher.submit(spoken("a", 2.0), Hints())
        batcher.close()
    assert recogniser.heard == [("a", True), ("a", False)]
    assert done.names == [("a", False)]


async def test_what_waits_for_a_look_at_itself_is_no_sign_of_load_and_what_waits_for_others_is() -> None:
    recogniser, done, now = Scripted(), Collected(), [0.0]
    recogniser.hold["a"] = threading.Event()
    batcher = Batcher(recogniser, all_is_speech, veto=0.5, backlog_seconds=60, done=done, clock=lambda: now[0])
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.run())
        batcher.look(spoken("a", open_=True), Hints())
        await until_heard(recogniser, 1)
        batcher.submit(spoken("a", 2.0), Hints())
        now[0] = 5.0
        alone = batcher.follow()[0]
        batcher.submit(spoken("b", track="b"), Hints())
        now[0] = 10.0
        beside = batcher.follow()[0]
        recogniser.hold["a"].set()
        batcher.close()
    assert alone == 0
    assert beside > 0
