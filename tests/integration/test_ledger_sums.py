"""Promise 1: every second of every speaker ends in exactly one state, and they add up to the time the track was open.

Real database, ledger, listening, queue and pipeline; tracks from memory and a recogniser that the test drives.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.house import House
from monitor.lag import Lag
from monitor.messages import AlertRaised, Behind, GapNoted, HeardMessage, Numbered
from monitor.model import Origin, RoomState, Speaker, Utterance
from monitor.watch import RoomWatch
from tests.helpers.floor import Clock, MemoryTrack, Part, Row, Typist, house, room_gaps, tracks, watch
from tests.helpers.voicelike import silence, voice

BOB = Speaker("s2", "Bob")


@dataclass
class Floor:
    """The house half at work in one room."""

    directory: Path
    clock: Clock = field(default_factory=Clock)
    told: list[Numbered] = field(default_factory=list)

    @asynccontextmanager
    async def open(self, typist: Typist, backlog: float = 120.0) -> AsyncIterator[tuple[House, RoomWatch]]:
        """Leaving the block without `close` is what a crash leaves behind."""
        async with (
            house(self.directory, typist, self.told.append, clock=self.clock, backlog=backlog) as built,
            asyncio.TaskGroup() as tasks,
        ):
            drained = tasks.create_task(built.batcher.run())
            self.watch = watch(built, self.clock)
            await self.watch.on_state(RoomState.LIVE, "")
            try:
                yield built, self.watch
            finally:
                drained.cancel()

    async def close(self, built: House) -> None:
        """A clean stop with all the time it needs."""
        await built.batcher.settle()
        await self.watch.checkpoint()
        await self.watch.close()
        await built.store.end_session(clean=True)

    def track(self, *parts: Part, **options: object) -> MemoryTrack:
        return MemoryTrack(self.clock, parts, **options)  # type: ignore[arg-type]

    def row(self, name: str = "Ann") -> Row:
        """The track in the database, which must add up."""
        row = tracks(self.directory)[name]
        assert row.closed is not None
        assert row.total == pytest.approx(row.closed - row.opened, abs=0.002)
        lost = {state: seconds for state, seconds in row.seconds.items() if state.startswith("lost-")}
        assert row.gaps == pytest.approx(lost, abs=0.002), "each lost second is in an entry of its own"
        assert "pending" not in row.seconds
        return row

    def heard(self) -> list[HeardMessage]:
        return [m for m in self.told if isinstance(m, HeardMessage)]

    def gaps(self) -> list[tuple[str, str]]:
        return [(m.state, m.cause) for m in self.told if isinstance(m, GapNoted)]


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    return Floor(tmp_path)


def sentences(count: int, seconds: float = 2.0) -> list[Part]:
    return [part for n in range(count) for part in (Part(voice(seconds, seed=n)), Part(silence(1)))]


async def test_loss_is_lost_and_the_rest_is_examined(floor: Floor) -> None:
    holes = [p for n in range(5) for p in (Part(voice(0.5, seed=n)), Part(silence(0.1), Origin.LOST))]
    async with floor.open(Typist()) as (built, room):
        parts = [Part(voice(2)), Part(silence(1), Origin.LOST), *holes, Part(silence(3), Origin.QUIET)]
        await room.on_track(floor.track(*parts, Part(silence(0.4), Origin.OVERLOAD)))
        await floor.close(built)
    row = floor.row()
    assert row.seconds["lost-network"] == pytest.approx(1.5)
    assert row.seconds["lost-overload"] == pytest.approx(0.4)
    assert row.seconds["examined"] == pytest.approx(4.5, abs=0.5)
    assert row.total == pytest.approx(9.4)
    assert ("lost-network", "packets lost on the way") in floor.gaps()
    assert ("lost-network", "5 short holes over the whole visit: packets lost on the way") in floor.gaps()


async def test_overload_gives_up_the_oldest_says_so_and_recovers(floor: Floor) -> None:
    busy, go = threading.Event(), threading.Event()

    def slowly(_: Utterance) -> str:
        busy.set()
        assert go.wait(30)
        return "nothing much"

    lag = Lag()

    async def look(built: House) -> None:
        """As the service does after each checkpoint."""
        await floor.watch.checkpoint()
        if (word := lag.look(built.batcher.waiting_seconds, built.batcher.lost_seconds)) is not None:
            await built.store.add_behind(word.waiting, word.lost, word.recovered)

    async with floor.open(Typist(slowly), backlog=6.0) as (built, room):
        first = floor.track(*sentences(1))
        await room.on_track(first)
        await asyncio.to_thread(busy.wait, 30)
        await room.on_track(floor.track(*sentences(5), speaker=BOB))
        while not any(state == "lost-overload" for state, _ in floor.gaps()):
            await look(built)
        behind = [m for m in floor.told if isinstance(m, Behind)]
        go.set()
        await built.batcher.settle()
        await look(built)
        await room.on_track(floor.track(*sentences(2), speaker=Speaker("s3", "Cid")))
        await floor.close(built)
    lost = floor.row("Bob").seconds["lost-overload"]
    assert 2 < lost < 10
    assert [m.recovered for m in floor.told if isinstance(m, Behind)] == [False, True]
    assert behind[0].lost_seconds == pytest.approx(lost, abs=0.002)
    assert ("lost-overload", "more than 6 s of speech waited") in floor.gaps()
    assert set(floor.row("Ann").seconds) == set(floor.row("Cid").seconds) == {"silence", "examined"}
    assert "examined" in floor.row("Bob").seconds  # the newest were kept


async def test_a_crash_leaves_no_second_out(floor: Floor) -> None:
    busy, go = threading.Event(), threading.Event()

    def stuck(utterance: Utterance) -> str:
        if utterance.start == 0:
            return "fine"
        busy.set()
        assert go.wait(30)
        return "too late"

    async with floor.open(Typist(stuck)) as (_, room), asyncio.TaskGroup() as tasks:
        hole = Part(silence(0.1), Origin.LOST)
        ann = floor.track(Part(voice(2)), Part(silence(1)), hole, Part(voice(2.9)), silence=2.0, leave=asyncio.Event())
        mute = floor.track(speaker=BOB, leave=asyncio.Event())
        listening = [tasks.create_task(room.on_track(track)) for track in (ann, mute)]
        await ann.said.wait()
        await asyncio.to_thread(busy.wait, 30)
        await room.checkpoint()
        for task in listening:  # what happens from here on is after the last checkpoint: nobody writes it down
            task.cancel()
        go.set()
    assert tracks(floor.directory)["Ann"].closed is None
    floor.clock.now += 50
    async with floor.open(Typist()):
        pass
    ann_row, mute_row = floor.row("Ann"), floor.row("Bob")
    assert ann_row.total == pytest.approx(8)
    assert ann_row.seconds["examined"] == pytest.approx(2.3, abs=0.3)
    assert ann_row.seconds["lost-error"] > 2.5
    assert ann_row.seconds["lost-network"] == pytest.approx(2.1)
    assert mute_row.seconds == pytest.approx({"silence": 8})
    ((_, seconds, cause),) = room_gaps(floor.directory)
    assert seconds == pytest.approx(50)
    assert "nothing was heard until the restart" in cause


async def test_who_leaves_in_mid_word_is_heard_to_the_end(floor: Floor) -> None:
    typist = Typist(lambda _: "ask not what your country can do")
    async with floor.open(typist) as (built, room):
        await room.on_track(floor.track(Part(silence(1)), Part(voice(1.5))))
        await floor.close(built)
    assert floor.row().seconds["examined"] == pytest.approx(1.8, abs=0.15)
    (heard,) = floor.heard()
    assert heard.cut == "left"
    (alert,) = (m for m in floor.told if isinstance(m, AlertRaised))
    assert alert.alert.utterance == heard.utterance
    assert alert.seq > heard.seq, "the words come before what was found in them"


async def test_audio_that_stops_in_mid_word_is_lost_until_the_track_ends(floor: Floor) -> None:
    async with floor.open(Typist()) as (built, room):
        await room.on_track(floor.track(Part(voice(2)), Part(silence(0.4), Origin.LOST), silence=3.0))
        await room.on_track(floor.track(Part(voice(2)), Part(silence(1)), silence=3.0, speaker=BOB))
        await floor.close(built)
    assert floor.row("Ann").seconds["lost-network"] == pytest.approx(3.4)
    assert floor.row("Bob").seconds["silence"] == pytest.approx(3.7, abs=0.3)
    assert ("lost-network", "audio stopped coming while somebody spoke") in floor.gaps()


async def test_real_time_that_the_timestamps_skip_is_booked_too(floor: Floor) -> None:
    async with floor.open(Typist()) as (built, room):
        parts = [Part(voice(2)), Part(voice(2), wait=4), Part(silence(1)), Part(silence(1), wait=30)]
        await room.on_track(floor.track(*parts))
        await floor.close(built)
    row = floor.row()
    assert row.total == pytest.approx(40)
    assert row.seconds["lost-network"] == pytest.approx(4, abs=0.05)
    assert row.seconds["silence"] == pytest.approx(31.7, abs=0.4)


async def test_a_room_that_was_lost_and_joined_again(floor: Floor) -> None:
    async with floor.open(Typist()) as (built, room):
        await room.on_track(floor.track(*sentences(1)))
        await room.on_state(RoomState.WAITING, "the connection broke")
        for _ in range(3):
            floor.clock.now += 2
            await room.on_state(RoomState.JOINING, "")
            floor.clock.now += 2
            await room.on_state(RoomState.WAITING, "no answer")
        await room.on_state(RoomState.JOINING, "")
        floor.clock.now += 1
        await room.on_state(RoomState.LIVE, "")
        await room.on_track(floor.track(*sentences(1), speaker=BOB))
        await floor.close(built)
    assert floor.row("Ann").total == floor.row("Bob").total == pytest.approx(3)
    ((began, seconds, cause),) = room_gaps(floor.directory)
    assert (began, seconds) == (pytest.approx(1_000_003), pytest.approx(13))
    assert cause == "the monitor was not in the room: no answer"


async def test_a_silent_track_is_silence_whether_it_sends_or_not(floor: Floor) -> None:
    async with floor.open(Typist()) as (built, room):
        await room.on_track(floor.track(Part(silence(5)), Part(silence(60), Origin.QUIET), Part(silence(5))))
        await room.on_track(floor.track(silence=60, speaker=BOB))
        await floor.close(built)
    assert floor.row("Ann").seconds == pytest.approx({"silence": 70})
    assert floor.row("Bob").seconds == pytest.approx({"silence": 60})
    assert floor.heard() == []
    assert floor.gaps() == []


async def test_one_utterance_that_breaks_the_recogniser_is_lost_alone(floor: Floor) -> None:
    def breaks_once(utterance: Utterance) -> str:
        if len(typist.heard) == 2:
            raise RuntimeError("out of tricks")
        return "fine"

    typist = Typist(breaks_once)
    async with floor.open(typist) as (built, room):
        await room.on_track(floor.track(*sentences(3)))
        await floor.close(built)
    row = floor.row()
    first, second, third = typist.heard
    assert row.seconds["lost-error"] == pytest.approx(second.seconds)
    assert row.seconds["examined"] == pytest.approx(first.seconds + third.seconds)
    assert ("lost-error", "the recogniser failed: RuntimeError") in floor.gaps()
    assert [m.text for m in floor.heard()] == ["fine", "fine"]


async def test_a_disk_that_takes_no_clip_costs_the_clip_and_not_the_alert(floor: Floor) -> None:
    (floor.directory / "evidence").write_text("a file where the directory should be")
    async with floor.open(Typist(lambda _: "ask not what your country can do")) as (built, room):
        await room.on_track(floor.track(*sentences(1)))
        await floor.close(built)
    (alert,) = (m.alert for m in floor.told if isinstance(m, AlertRaised))
    assert alert.clip == ""
    assert set(floor.row().seconds) == {"silence", "examined"}
