"""The supervisor on rooms that play a script: they are connectors like others, only without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest

from monitor.errors import ConnectionLost, Refused
from monitor.model import FRAME, AudioFrame, RoomState, Speaker
from monitor.rooms.backoff import Backoff
from monitor.rooms.connector import Capabilities, Session, Track
from monitor.rooms.supervisor import RoomSupervisor

pytestmark = pytest.mark.looptime

S = RoomState
ANN, BOB = Speaker("1", "Ann"), Speaker("2", "Bob")


class ScriptedTrack:
    """Gives frames until its visit is over, then `rest` more that were in the buffer."""

    def __init__(self, over: asyncio.Event, rest: int = 3) -> None:
        self.id = "track"
        self.speaker = ANN
        self._over = over
        self._rest = rest

    async def frames(self) -> AsyncIterator[AudioFrame]:
        await self._over.wait()
        for number in range(self._rest):
            yield AudioFrame(number * FRAME, np.zeros(FRAME, np.int16))


class ScriptedRoom:
    """Each visit plays the next of `visits`: an error on entering, or what ends the tracks (None: they just end).

    `lasts`: seconds that a visit lasts; `inf`: until left. `goodbye`: seconds that leaving takes.
    """

    goodbye = 0.0

    capabilities = Capabilities(per_speaker_tracks=True, can_announce=True, reports_roster=True)

    def __init__(self, *visits: tuple[str, float, Exception | None], tracks: int = 1) -> None:
        self._visits = list(visits)
        self._tracks = tracks
        self.present: tuple[Speaker, ...] = (ANN,)
        self.notices: list[str | tuple[str, list[str]]] = []
        self.welcomed: list[str | tuple[str, list[str]]] = []
        self.joins: list[float] = []
        self.left = 0
        self._over = asyncio.Event()

    @asynccontextmanager
    async def join(self) -> AsyncIterator[Session]:
        self.joins.append(asyncio.get_running_loop().time())
        kind, self._lasts, self._error = self._visits.pop(0)
        self._over = asyncio.Event()
        if kind == "hang":
            await asyncio.Event().wait()
        if kind == "fail" and self._error:
            raise self._error
        try:
            yield self
        finally:
            self._over.set()
            await asyncio.sleep(self.goodbye)
            self.left += 1

    async def tracks(self) -> AsyncIterator[Track]:
        for _ in range(self._tracks):
            yield ScriptedTrack(self._over)
        await asyncio.sleep(self._lasts)
        if self._error is not None:
            raise self._error

    def roster(self) -> tuple[Speaker, ...]:
        return self.present

    async def announce(self, notice: str, to: tuple[Speaker, ...] = ()) -> str:
        (self.welcomed if to else self.notices).append((notice, [who.name for who in to]) if to else notice)
        return "on the wall"


class Watcher:
    """A supervisor and what it told."""

    def __init__(self, room: ScriptedRoom, on_frames: Callable[[int], None] | None = None) -> None:
        self.states: list[S] = []
        self.times: list[float] = []
        self.reasons: list[str] = []
        self.heard: list[int] = []
        self.roster: list[tuple[list[str], list[str], list[str]]] = []
        self._on_frames = on_frames
        self.supervisor = RoomSupervisor(
            "demo",
            room,
            self._listen,
            self._state,
            on_roster=self._people,
            notice="We listen",
            backoff=Backoff(first=1.0, longest=30.0, dice=lambda: 1.0),
        )

    async def _listen(self, track: Track) -> None:
        count = len([frame async for frame in track.frames()])
        self.heard.append(count)
        if self._on_frames:
            self._on_frames(count)

    async def _state(self, state: S, reason: str) -> None:
        self.states.append(state)
        self.times.append(asyncio.get_running_loop().time())
        self.reasons.append(reason)

    async def _people(self, here: tuple[Speaker, ...], came: tuple[Speaker, ...], went: tuple[Speaker, ...]) -> None:
        self.roster.append(tuple([who.name for who in group] for group in (here, came, went)))  # type: ignore[arg-type]


INF = 1e6


async def test_a_room_that_ends_is_left() -> None:
    room = ScriptedRoom(("live", 5.0, None), tracks=2)
    watch = Watcher(room)
    await watch.supervisor.run()
    assert watch.states == [S.JOINING, S.LIVE, S.LEAVING, S.LEFT]
    assert room.notices == ["We listen"]
    assert watch.heard == [3, 3], "what was in the buffers is heard to the end"


async def test_a_lost_room_is_joined_again_after_growing_waits() -> None:
    lost = ConnectionLost("gone")
    room = ScriptedRoom(
        ("fail", 0, lost), ("fail", 0, lost), ("live", 3.0, lost), ("live", 90.0, lost), ("live", 0, None)
    )
    watch = Watcher(room)
    await watch.supervisor.run()
    live = [S.JOINING, S.LIVE, S.WAITING]
    assert watch.states == [S.JOINING, S.WAITING] * 2 + live * 2 + [S.JOINING, S.LIVE, S.LEAVING, S.LEFT]
    waits = [b - a for a, b in zip(room.joins, room.joins[1:], strict=False)]
    assert waits == pytest.approx([1.0, 2.0, 3.0 + 4.0, 90.0 + 1.0])
    assert room.notices == ["We listen"] * 3
    assert watch.heard == [3, 3, 3], "a lost connection loses no frame that had come"


async def test_a_refusal_fails_the_room_until_it_is_run_again() -> None:
    room = ScriptedRoom(("fail", 0, Refused("not for you")), ("live", 1.0, None))
    watch = Watcher(room)
    await watch.supervisor.run()
    assert watch.states == [S.JOINING, S.FAILED]
    assert watch.supervisor.reason == "not for you"
    await watch.supervisor.run()
    assert watch.states[2:] == [S.JOINING, S.LIVE, S.LEAVING, S.LEFT]


@pytest.mark.parametrize(
    ("error", "state"),
    [(ConnectionLost("gone"), S.WAITING), (Refused("thrown out"), S.FAILED)],
    ids=["lost", "refused"],
)
async def test_a_loss_is_told_before_the_goodbye(error: Exception, state: S) -> None:
    """Nobody is heard from then on: the ledger counts it from there."""
    room = ScriptedRoom(("live", 5.0, error), ("live", 1.0, None))
    room.goodbye = 2.0
    watch = Watcher(room)
    await watch.supervisor.run()
    assert watch.states[:3] == [S.JOINING, S.LIVE, state]
    assert watch.times[2] == 5.0
    assert watch.states[3:] == ([S.JOINING, S.LIVE, S.LEAVING, S.LEFT] if state is S.WAITING else [])
    assert room.joins == ([0.0, 5.0 + 2.0 + 1.0] if state is S.WAITING else [0.0])


async def test_a_stop_while_saying_goodbye_to_a_lost_room() -> None:
    room = ScriptedRoom(("live", 1.0, ConnectionLost("gone")))
    room.goodbye = 4.0
    watch = Watcher(room)
    asyncio.get_running_loop().call_later(2.0, watch.supervisor.stop)
    await watch.supervisor.run()
    assert watch.states == [S.JOINING, S.LIVE, S.WAITING, S.LEFT]


@pytest.mark.parametrize("error", [ConnectionLost("gone"), Refused("thrown out")])
async def test_a_bug_after_a_loss_fails_the_room(error: Exception) -> None:
    def bug(_count: int) -> None:
        raise ZeroDivisionError

    watch = Watcher(ScriptedRoom(("live", 1.0, error)), bug)
    await watch.supervisor.run()
    assert watch.supervisor.state is S.FAILED


@pytest.mark.parametrize(
    ("visit", "at", "states"),
    [
        (("hang", INF, None), 1.0, [S.JOINING, S.LEAVING, S.LEFT]),
        (("live", INF, None), 1.0, [S.JOINING, S.LIVE, S.LEAVING, S.LEFT]),
        (("fail", INF, ConnectionLost("gone")), 0.5, [S.JOINING, S.WAITING, S.LEFT]),
    ],
    ids=["joining", "live", "waiting"],
)
async def test_a_stop_leaves_from_every_state(
    visit: tuple[str, float, Exception | None], at: float, states: list[S]
) -> None:
    room = ScriptedRoom(visit)
    watch = Watcher(room)
    asyncio.get_running_loop().call_later(at, watch.supervisor.stop)
    await watch.supervisor.run()
    assert watch.states == states
    assert watch.heard == ([3] if S.LIVE in states else [])
    assert asyncio.get_running_loop().time() < 5


async def test_a_stop_before_the_start_never_joins() -> None:
    room = ScriptedRoom()
    watch = Watcher(room)
    watch.supervisor.stop()
    await watch.supervisor.run()
    assert (watch.states, room.joins) == ([S.LEFT], [])


async def test_a_bug_fails_only_this_room() -> None:
    def bug(_count: int) -> None:
        raise ZeroDivisionError

    broken, well = Watcher(ScriptedRoom(("live", 1.0, None)), bug), Watcher(ScriptedRoom(("live", 9.0, None)))
    async with asyncio.TaskGroup() as group:
        group.create_task(broken.supervisor.run())
        group.create_task(well.supervisor.run())
    assert broken.states == [S.JOINING, S.LIVE, S.FAILED]
    assert "bug" in broken.supervisor.reason
    assert well.states == [S.JOINING, S.LIVE, S.LEAVING, S.LEFT]


async def test_cancellation_passes_through_and_leaves_the_room() -> None:
    room = ScriptedRoom(("live", INF, None))
    watch = Watcher(room)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            await watch.supervisor.run()
    assert room.left == 1


async def test_who_joins_and_leaves_is_told() -> None:
    room = ScriptedRoom(("live", 5.0, None))
    watch = Watcher(room)
    loop = asyncio.get_running_loop()
    loop.call_later(1, setattr, room, "present", (ANN, BOB))
    loop.call_later(2, setattr, room, "present", (BOB,))
    await watch.supervisor.run()
    assert watch.roster == [
        (["Ann"], ["Ann"], []),
        (["Ann", "Bob"], ["Bob"], []),
        (["Bob"], [], ["Ann"]),
        ([], [], ["Bob"]),
    ]


async def test_those_who_come_later_are_told_by_themselves_and_each_showing_is_known() -> None:
    room = ScriptedRoom(("live", INF, None))
    shown: list[tuple[str, str, list[str]]] = []

    async def on_notice(notice: str, way: str, to: tuple[Speaker, ...]) -> None:
        shown.append((notice, way, [who.name for who in to]))

    watch = Watcher(room)
    supervisor = RoomSupervisor("demo", room, watch._listen, watch._state, on_notice=on_notice, notice="We listen")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(supervisor.run())
        await asyncio.sleep(1)
        room.present = (ANN, BOB)
        await asyncio.sleep(1)
        await supervisor.announce("We listen kindly")
        room.present = (BOB,)
        await asyncio.sleep(1)
        room.present = (ANN, BOB)
        await asyncio.sleep(1)
        supervisor.stop()
    assert shown == [
        ("We listen", "on the wall", []),
        ("We listen", "on the wall", ["Bob"]),
        ("We listen kindly", "on the wall", []),
        ("We listen kindly", "on the wall", ["Ann"]),
    ]


async def test_a_notice_that_changes_between_two_visits_is_shown_in_the_next() -> None:
    lost = ConnectionLost("gone")
    room = ScriptedRoom(("live", 1.0, lost), ("live", 1.0, None))
    watch = Watcher(room)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch.supervisor.run())
        await asyncio.sleep(1.5)
        assert watch.states[-1] is S.WAITING
        await watch.supervisor.announce("Nobody listens")
    assert room.notices == ["We listen", "Nobody listens"]
