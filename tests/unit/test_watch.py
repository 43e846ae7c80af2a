"""A room as the house sees it: what is written down of its tracks, when, and how often."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.hearing.coverage import GAPS_KEPT, Book
from monitor.hearing.segmenter import Rules
from monitor.messages import GapNoted, Numbered, RoomChanged, SpeakerChanged
from monitor.model import AudioFrame, Heard, Origin, RoomState, Speaker, Utterance
from monitor.store.store import Store
from monitor.watch import RoomFacts, RoomWatch
from tests.helpers.floor import ANN, ROOM, Clock, MemoryTrack, Part, room_gaps, tracks
from tests.helpers.storing import database
from tests.helpers.voicelike import silence, voice


@dataclass
class Desk:
    """A watch with a real store and ledger; utterances pile up here until the test settles them."""

    directory: Path
    store: Store
    told: list[Numbered]
    clock: Clock
    book: Book = field(default_factory=Book)
    utterances: list[Utterance] = field(default_factory=list)
    talking: list[tuple[str, bool]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = RoomWatch(
            RoomFacts(ROOM, "Lobby"),
            book=self.book,
            store=self.store,
            rules=Rules(),
            aggressiveness=1,
            hand_over=self.utterances.append,
            talking=lambda _room, speaker, on: self.talking.append((speaker, on)),
            forget=self.forgotten.append,
            ids=lambda: f"u{len(self.utterances)}",
            clock=self.clock,
        )

    def settle(self, state: Heard = Heard.EXAMINED, cause: str = "") -> None:
        for utterance in self.utterances:
            self.book.settle(utterance.track, utterance.start, utterance.end, state, cause)
        self.utterances.clear()

    def gaps(self) -> list[tuple[str, float, str]]:
        return [(m.state, round(m.seconds, 3), m.cause) for m in self.told if isinstance(m, GapNoted)]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    told: list[Numbered] = []
    clock = Clock()
    async with Store.open(database(tmp_path), told.append, clock) as store:
        await store.begin_session()
        yield Desk(tmp_path, store, told, clock)


def track(desk: Desk, *parts: Part, **options: object) -> MemoryTrack:
    return MemoryTrack(desk.clock, parts, **options)  # type: ignore[arg-type]


async def test_a_track_is_closed_when_it_is_over_and_all_of_it_is_settled(desk: Desk) -> None:
    one = track(desk, Part(voice(2)), Part(silence(1)))
    await desk.watch.on_track(one)
    await desk.watch.checkpoint()
    row = tracks(desk.directory)["Ann"]
    assert row.closed is None
    assert row.seconds["pending"] > 1.5
    assert desk.forgotten == []
    ended = desk.clock.now
    desk.clock.now += 20  # the recogniser takes its time
    desk.settle()
    await desk.watch.checkpoint()
    row = tracks(desk.directory)["Ann"]
    assert row.closed == ended, "and not when it was settled"
    assert row.total == pytest.approx(row.closed - row.opened)
    assert desk.forgotten == [one.id]
    assert desk.book.visits() == ()
    assert desk.book.room(ROOM).total == pytest.approx(3)
    await desk.watch.checkpoint()
    await desk.watch.close()
    assert desk.forgotten == [one.id]
    assert desk.talking == [("s1", True), ("s1", False)]


async def test_a_long_gap_is_told_once_at_once_and_its_growth_again(desk: Desk) -> None:
    desk_track = track(desk, Part(voice(1)), Part(silence(0.8), Origin.LOST), leave=asyncio.Event())
    more = asyncio.Event()

    async def frames() -> AsyncIterator[AudioFrame]:
        whole = MemoryTrack(desk.clock, [*desk_track.parts, Part(silence(2), Origin.LOST), Part(silence(1))])
        async for frame in whole.frames():
            if frame.start == round(1.8 * 16_000):
                desk_track.said.set()
                await more.wait()
            yield frame

    desk_track.frames = frames  # type: ignore[method-assign]
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(desk.watch.on_track(desk_track))
        await desk_track.said.wait()
        for _ in range(3):
            await desk.watch.checkpoint()
        assert desk.gaps() == [("lost-network", 0.8, "packets lost on the way")]
        more.set()
    desk.settle()
    await desk.watch.checkpoint()
    assert [seconds for _, seconds, _ in desk.gaps()] == [0.8, 2.0]
    assert tracks(desk.directory)["Ann"].gaps == pytest.approx({"lost-network": 2.8})


async def test_more_short_holes_than_the_ledger_remembers_are_summed_up_whole(desk: Desk) -> None:
    count = GAPS_KEPT + 50
    parts = [p for _ in range(count) for p in (Part(silence(0.02)), Part(silence(0.02), Origin.LOST))]
    await desk.watch.on_track(track(desk, *parts, Part(silence(0.6), Origin.LOST), Part(silence(1))))
    await desk.watch.checkpoint()
    assert tracks(desk.directory)["Ann"].gaps == pytest.approx({"lost-network": count * 0.02 + 0.6})
    assert len(desk.gaps()) == 2
    assert desk.gaps()[1][2].startswith("more than ")


async def test_a_stop_while_a_track_is_finished_notes_nothing_twice(desk: Desk) -> None:
    await desk.watch.on_track(track(desk, Part(silence(1)), Part(silence(0.1), Origin.LOST), Part(silence(1))))
    async with asyncio.TaskGroup() as tasks:
        chore = tasks.create_task(desk.watch.checkpoint())
        while not desk.gaps():  # noqa: ASYNC110  to the moment when it is written and the chore has not heard of it
            await asyncio.sleep(0)
        chore.cancel()
    assert tracks(desk.directory)["Ann"].closed is None
    await desk.watch.checkpoint()
    await desk.watch.close()
    assert len(desk.gaps()) == 1
    assert tracks(desk.directory)["Ann"].closed is not None


async def test_what_is_pending_at_the_end_was_cut_off(desk: Desk) -> None:
    await desk.watch.on_track(track(desk, Part(voice(2)), Part(silence(1))))
    await desk.watch.checkpoint()
    await desk.watch.close()
    row = tracks(desk.directory)["Ann"]
    assert row.total == pytest.approx(3)
    assert row.seconds["lost-error"] == pytest.approx(row.gaps["lost-error"])
    assert desk.gaps()[0][2] == "cut off when the service stopped"


async def test_an_utterance_of_a_mix_says_who_talked_where_the_room_tells_it(desk: Desk) -> None:
    class Mix(MemoryTrack):
        def voices(self, began: float, ended: float) -> tuple[str, ...]:
            asked.append((began, ended))
            return ("Ann", "Bob") if len(asked) == 1 else ()

    asked: list[tuple[float, float]] = []
    sound = (Part(voice(2)), Part(silence(2)), Part(voice(2)), Part(silence(2)))
    await desk.watch.on_track(Mix(desk.clock, sound, speaker=Speaker("mixed", "mixed")))
    assert [one.speaker for one in desk.utterances] == [Speaker("mixed", "mixed (Ann, Bob)"), Speaker("mixed", "mixed")]
    assert asked == [(one.began, one.began + one.seconds) for one in desk.utterances]


async def test_a_second_opinion_that_it_is_no_speech_makes_no_gap(desk: Desk) -> None:
    await desk.watch.on_track(track(desk, Part(voice(2)), Part(silence(1))))
    desk.settle(Heard.VETOED, "no speech in it")
    await desk.watch.checkpoint()
    assert tracks(desk.directory)["Ann"].seconds["vetoed"] > 1.5
    assert desk.gaps() == []


async def test_the_time_of_an_open_track_is_in_the_database_before_it_ends(desk: Desk) -> None:
    mute = track(desk, silence=30.0, leave=asyncio.Event())
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(desk.watch.on_track(mute))
        await mute.said.wait()
        await desk.watch.checkpoint()
        assert tracks(desk.directory)["Ann"].seconds == pytest.approx({"silence": 30})
        task.cancel()


async def test_who_was_talking_before_the_monitor_came_was_missed_until_it_heard(desk: Desk) -> None:
    await desk.watch.on_state(RoomState.JOINING, "")
    await desk.watch.on_state(RoomState.LIVE, "")
    await desk.watch.on_track(track(desk, Part(voice(2), wait=1.5), Part(silence(1))))
    desk.clock.now += 10
    await desk.watch.on_track(track(desk, Part(voice(2), wait=1.5), Part(silence(1)), speaker=Speaker("s2", "Bob")))
    desk.settle()
    await desk.watch.checkpoint()
    assert tracks(desk.directory)["Ann"].seconds["lost-network"] == pytest.approx(1.5)
    assert "lost-network" not in tracks(desk.directory)["Bob"].seconds  # who came later had not spoken


async def test_a_track_that_breaks_is_accounted_for_to_its_end(desk: Desk) -> None:
    class Broken(MemoryTrack):
        async def frames(self) -> AsyncIterator[AudioFrame]:
            async for frame in super().frames():
                yield frame
            raise ConnectionResetError

    with pytest.raises(ExceptionGroup):
        await desk.watch.on_track(Broken(desk.clock, [Part(voice(1))]))
    desk.settle()
    await desk.watch.checkpoint()
    row = tracks(desk.directory)["Ann"]
    assert row.total == pytest.approx(1)
    assert row.closed is not None


async def test_a_track_that_the_database_does_not_take_is_no_open_track(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.directory / "monitor.db")) as db:
        db.execute("DROP TABLE tracks")
    with pytest.raises(Exception, match="tracks"):
        await desk.watch.on_track(track(desk, Part(voice(1))))
    assert all(not visit.ledger.pending for visit in desk.book.visits())


async def test_the_time_outside_of_the_room_is_one_gap_of_the_room(desk: Desk) -> None:
    async def be(state: RoomState, detail: str = "", seconds: float = 0.0) -> None:
        await desk.watch.on_state(state, detail)
        desk.clock.now += seconds

    await be(RoomState.JOINING, seconds=0.2)
    await be(RoomState.LIVE, seconds=10)
    await be(RoomState.WAITING, "the server is gone", 1)
    await be(RoomState.JOINING, seconds=1)
    await be(RoomState.WAITING, seconds=1)
    await be(RoomState.JOINING, seconds=1)
    await be(RoomState.LIVE, seconds=10)
    await be(RoomState.FAILED, "a bug: KeyError; see the log", 60)
    await desk.watch.close()
    assert [(seconds, cause) for _, seconds, cause in room_gaps(desk.directory)] == [
        (pytest.approx(4), "the monitor was not in the room: the server is gone"),
        (pytest.approx(60), "the monitor was not in the room: a bug: KeyError; see the log"),
    ]


async def test_a_room_that_is_tried_again_and_again_is_one_event_until_something_changes(desk: Desk) -> None:
    await desk.watch.on_state(RoomState.JOINING, "")
    for cause in ("no answer", "no answer", "refused", "refused", "refused"):
        await desk.watch.on_state(RoomState.WAITING, cause)
        await desk.watch.on_state(RoomState.JOINING, "")
        assert (desk.watch.state, desk.watch.view().state, desk.watch.view().detail) == ("joining", "waiting", cause)
    await desk.watch.on_state(RoomState.LIVE, "")
    told = [(m.room.state, m.room.detail) for m in desk.told if isinstance(m, RoomChanged)]
    assert told == [("joining", ""), ("waiting", "no answer"), ("waiting", "refused"), ("live", "")]


async def test_leaving_on_purpose_is_no_gap(desk: Desk) -> None:
    for state in (RoomState.JOINING, RoomState.LIVE, RoomState.LEAVING, RoomState.LEFT):
        await desk.watch.on_state(state, "")
        desk.clock.now += 0.1
    desk.clock.now += 100
    await desk.watch.close()
    assert room_gaps(desk.directory) == []
    assert [m.room.state for m in desk.told if isinstance(m, RoomChanged)] == ["joining", "live", "leaving", "left"]


async def test_who_comes_and_goes_is_told_and_shown(desk: Desk) -> None:
    bob = Speaker("s2", "Bob")
    await desk.watch.on_roster((ANN, bob), (ANN, bob), ())
    assert [s.name for s in desk.watch.view().speakers] == ["Ann", "Bob"]
    await desk.watch.on_roster((bob,), (), (ANN,))
    assert [s.name for s in desk.watch.view().speakers] == ["Bob"]
    changes = [(m.speaker.name, m.change) for m in desk.told if isinstance(m, SpeakerChanged)]
    assert changes == [("Ann", "joined"), ("Bob", "joined"), ("Ann", "left")]
