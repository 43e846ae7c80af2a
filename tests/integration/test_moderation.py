"""Muting and removing somebody in a real built-in room: asked for, undone, done, and on the record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from monitor.errors import ConnectionLost, IncidentTaken, IncidentUnknown, Refused
from monitor.messages import Numbered, RoomActionChanged
from monitor.model import RoomState, Speaker
from monitor.moderating import RESTARTED, Moderation
from monitor.review.actions import ActionState, RoomAct, RoomAction
from monitor.rooms.builtin.client import Visit, visit
from monitor.rooms.builtin.connector import BuiltinConnector
from monitor.rooms.connector import Track
from monitor.rooms.supervisor import RoomSupervisor
from monitor.store.store import Store
from tests.helpers.people import Ear, person, tone
from tests.helpers.room_server import RoomServer, room_server, until
from tests.helpers.storing import database
from tests.helpers.trails import trail_of

UNDO = 0.4
"""Seconds. Long enough that an undo comes in time, also on a slow machine: it is asked for at once."""


class Hall:
    """One monitored room; see `monitor.moderating.Rooms`."""

    def __init__(self, running: RoomServer) -> None:
        self.ears: list[Ear] = []
        self.here: tuple[Speaker, ...] = ()
        connector = BuiltinConnector(running.url(), running.rooms.monitor_token)
        self.supervisor = RoomSupervisor("demo", connector, self.listen, self.state, on_roster=self.roster)

    async def listen(self, track: Track) -> None:
        self.ears.append(Ear(track))
        await self.ears[-1].listen()

    async def state(self, _state: RoomState, _reason: str) -> None:
        return None

    async def roster(self, here: tuple[Speaker, ...], _came: tuple[Speaker, ...], _went: tuple[Speaker, ...]) -> None:
        self.here = here

    def can(self, _room: str) -> frozenset[RoomAct]:
        return self.supervisor.acts

    def named(self, _room: str, speaker: str) -> Speaker | None:
        return next((one for one in self.here if one.id == speaker), None)

    async def act(self, _room: str, act: RoomAct, speaker: str) -> None:
        await self.supervisor.act(act, speaker)


@asynccontextmanager
async def hall() -> AsyncIterator[tuple[Hall, RoomServer]]:
    async with room_server() as running, asyncio.TaskGroup() as tasks:
        it = Hall(running)
        tasks.create_task(it.supervisor.run())
        await until(lambda: it.supervisor.state is RoomState.LIVE)
        try:
            yield it, running
        finally:
            it.supervisor.stop()


@asynccontextmanager
async def moderated(
    directory: Path, it: Hall, told: list[Numbered], undo: float = UNDO
) -> AsyncIterator[tuple[Moderation, Store]]:
    async with Store.open(database(directory), told.append) as store, asyncio.TaskGroup() as tasks:
        moderation = Moderation(store, await trail_of(store, directory), it, undo)
        running = tasks.create_task(moderation.run())
        yield moderation, store
        running.cancel()


async def to_the_end(one: Visit) -> None:
    while True:
        await one.receive()


def states(told: list[Numbered]) -> list[str]:
    return [one.action.state for one in told if isinstance(one, RoomActionChanged)]


async def test_whoever_is_muted_is_heard_no_more_and_can_not_unmute_themselves(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with hall() as (it, running), moderated(tmp_path, it, told, undo=0.0) as (moderation, store):
        async with person(running.url(), "Ann", tone(400, 0.5)) as ann:
            await until(lambda: bool(it.ears) and it.ears[0].seconds > 0.3 and bool(it.here))
            asked = await moderation.ask("demo", RoomAct.MUTE, ann.visit.id, "bo", "hate", 7)
            assert (asked.speaker.name, asked.state) == ("Ann", ActionState.WAITING)
            await until(lambda: states(told) == ["waiting", "done"])
            await until(lambda: running.rooms.participants("demo")[-1]["muted"])
            await until(lambda: not running.rooms.speaking("demo"))
            await ann.visit.send("mute", muted=True)
            await ann.visit.send("mute", muted=False)
            await ann.visit.send("nonsense")  # answered in order: what came before it is done
            await until(lambda: any(one["code"] == "unknown-type" for one in ann.got("problem")))
            assert running.rooms.participants("demo")[-1]["muted"]
            await asyncio.sleep(0.5)  # she goes on talking
            assert not running.rooms.speaking("demo")
        entries = [(one.who, one.action, one.subject) async for one in store.audit_entries()]
    assert entries == [
        ("bo", "room.mute.asked", asked.speaker.id),
        ("room-monitor", "room.mute", asked.speaker.id),
    ]


async def test_whoever_is_removed_is_out_and_an_undone_removal_is_not_done(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with hall() as (it, running), moderated(tmp_path, it, told) as (moderation, _):  # noqa: SIM117 - in order
        async with visit(running.url(), "Ann") as ann, visit(running.url(), "Bob") as bob:
            await until(lambda: len(it.here) == 2)
            spared = await moderation.ask("demo", RoomAct.REMOVE, ann.id, "bo", "hate")
            await moderation.undo(spared.id, "cy")
            gone = await moderation.ask("demo", RoomAct.REMOVE, bob.id, "bo", "hate")
            with pytest.raises(Refused, match="removed"):
                await to_the_end(bob)
            await until(lambda: states(told).count("done") == 1)
            with pytest.raises(IncidentTaken):
                await moderation.undo(gone.id, "cy")
            await until(lambda: [one.name for one in it.here] == ["Ann"])
    assert states(told) == ["waiting", "undone", "waiting", "done"]


async def test_what_can_not_be_done_is_said(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with hall() as (it, running), moderated(tmp_path, it, told, undo=0.0) as (moderation, _):
        with pytest.raises(IncidentUnknown, match="Nobody"):
            await moderation.ask("demo", RoomAct.MUTE, "nobody", "bo", "hate")
        async with visit(running.url(), "Ann") as ann:
            await until(lambda: len(it.here) == 1)
            with pytest.raises(Refused, match="no longer"):
                await it.supervisor.act(RoomAct.MUTE, "somebody else")
            await ann.send("moderate", id=ann.id, act="remove")
            while (message := await ann.receive())["type"] != "problem":
                continue
            assert message["code"] == "forbidden"
        it.supervisor.stop()
        await until(lambda: it.supervisor.state is RoomState.LEFT)
        with pytest.raises(IncidentTaken, match="doesn't let"):
            await moderation.ask("demo", RoomAct.MUTE, ann.id, "bo", "hate")
        with pytest.raises(ConnectionLost):
            await it.supervisor.act(RoomAct.MUTE, ann.id)
    assert states(told) == []


async def test_what_a_run_before_left_waiting_is_not_done_any_more(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with hall() as (it, _):
        async with Store.open(database(tmp_path), told.append) as store:
            left = RoomAction(0, "demo", Speaker("s1", "Ann"), RoomAct.REMOVE, "bo", "hate", None, 1.0, 6.0)
            await store.add_action(left)
        async with moderated(tmp_path, it, told) as (_, store):
            await until(lambda: states(told) == ["waiting", "failed"])
            (found,) = await store.actions()
    assert found.detail == RESTARTED
