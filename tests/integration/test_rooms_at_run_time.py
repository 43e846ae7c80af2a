"""Rooms added and removed while the service runs: its API, its feed, its ledger, and what is left after a restart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.access.roles import LOCAL
from monitor.app import Service
from monitor.config import Keywords, Settings, Storage, Web
from monitor.config_rooms import JanusRoom, Room
from monitor.desk import Desk
from monitor.errors import ConfigInvalid, OperatorError, RoomConflict, RoomUnknown
from monitor.messages import Numbered, RoomChanged
from monitor.registered import Register
from monitor.room_desk import room_desk
from monitor.rooms.ice import allow_loopback
from monitor.store.store import Store
from tests.helpers.floor import Typist, house, tracks
from tests.helpers.people import person
from tests.helpers.room_server import until
from tests.helpers.voicelike import silence, voice

TALK = [voice(1.5), silence(1.2)]


class Hall:
    """A running service, and what it told."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.service = Service(settings)
        self.told: list[Numbered] = []
        self.url = ""

    def hears(self, message: Numbered) -> None:
        self.told.append(message)
        self.service.told(message)

    def rooms(self, room: str) -> list[RoomChanged]:
        return [told for told in self.told if isinstance(told, RoomChanged) and told.room.id == room]

    def states(self, room: str) -> list[str]:
        return [told.room.state for told in self.rooms(room)]

    def socket(self, room: str) -> str:
        return f"{self.url.replace('http', 'ws', 1)}/rooms/{room}/ws"


async def serve(settings: Settings, work: Callable[[Hall, Desk], Awaitable[None]]) -> Hall:
    """Run the service until `work` has returned; the desk is the one of the command line."""
    allow_loopback()
    hall = Hall(settings)

    async def beside(url: str) -> None:
        hall.url = url
        async with room_desk(settings, url) as desk:
            await work(hall, desk)
        hall.service.stop()

    async with house(settings.storage.data, Typist(), hall.hears) as built:
        await hall.service.serve(built, beside)
        await built.store.end_session(clean=True)
    return hall


def settings(directory: Path, *rooms: Room | JanusRoom) -> Settings:
    return Settings(
        rooms=rooms or (Room(id="lobby"),),
        web=Web(port=0),
        storage=Storage(data=directory),
        keywords=Keywords(lists=directory / "lists"),
        grace=30.0,
    )


async def test_a_room_is_added_heard_and_removed_while_another_goes_on(tmp_path: Path) -> None:
    async def work(hall: Hall, desk: Desk) -> None:
        async with person(hall.socket("lobby"), "Ann", *TALK):
            await desk.ask("POST", "/api/rooms", {"id": "annex", "kind": "builtin", "languages": ["en"]})
            await until(lambda: "live" in hall.states("annex"))
            assert (await desk.get("/api/rooms/annex"))["participants"][0]["role"] == "monitor"
            async with person(hall.socket("annex"), "Bob", *TALK) as bob:
                await until(lambda: any(m.type == "heard" and m.room == "annex" for m in hall.told), 20)
                removed = await desk.ask("DELETE", "/api/rooms/annex")
                assert removed["room"]["languages"] == ["en"]
                await until(lambda: bob.error is not None)
            last = hall.rooms("annex")[-1].room
            assert (last.state, last.removed) == ("left", True)
            assert [room["id"] for room in (await desk.get("/api/rooms"))["rooms"]] == ["lobby"]
            with pytest.raises(OperatorError):
                await desk.get("/api/rooms/annex")
            before = sum(m.type == "heard" and m.room == "lobby" for m in hall.told)
            await until(lambda: sum(m.type == "heard" and m.room == "lobby" for m in hall.told) > before, 20)

    hall = await serve(settings(tmp_path), work)
    rows = tracks(tmp_path)
    assert rows["Bob"].closed is not None
    assert "pending" not in rows["Bob"].seconds
    assert rows["Bob"].seconds["examined"] > 1
    assert hall.states("lobby").count("joining") == 1
    assert Register(tmp_path, []).added == ()
    assert await noted(tmp_path) == [("rooms.added", "annex"), ("rooms.removed", "annex")]


async def test_it_is_there_again_after_a_restart_and_an_id_is_given_once(tmp_path: Path) -> None:
    async def first(_hall: Hall, desk: Desk) -> None:
        await desk.ask("POST", "/api/rooms", {"id": "annex"})
        with pytest.raises(RoomConflict):
            await desk.ask("POST", "/api/rooms", {"id": "annex"})
        with pytest.raises(RoomConflict):
            await desk.ask("DELETE", "/api/rooms/lobby")
        with pytest.raises(RoomUnknown):
            await desk.ask("DELETE", "/api/rooms/attic")

    async def second(hall: Hall, desk: Desk) -> None:
        await until(lambda: "live" in hall.states("annex"))
        entries = (await desk.get("/api/room-settings"))["rooms"]
        assert [(entry["origin"], entry["room"]["id"]) for entry in entries] == [
            ("settings", "lobby"),
            ("added", "annex"),
        ]

    await serve(settings(tmp_path), first)
    await serve(settings(tmp_path), second)
    assert await noted(tmp_path) == [("rooms.added", "annex")], "what was refused changed nothing"


async def test_a_room_that_cannot_be_joined_disturbs_no_other_and_can_be_removed(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    nowhere = {"kind": "janus", "address": f"ws://127.0.0.1:{unused_tcp_port}", "room": 1}

    async def work(hall: Hall, desk: Desk) -> None:
        await desk.ask("POST", "/api/rooms", {"id": "nowhere", **nowhere})
        secret = {"token": "env:ROOM_MONITOR_SECRET_THAT_NOBODY_SET"}
        await desk.ask("POST", "/api/rooms", {"id": "no-secret", **nowhere, **secret})
        await until(lambda: "waiting" in hall.states("nowhere"))
        await until(lambda: "failed" in hall.states("no-secret"))
        assert hall.rooms("no-secret")[-1].room.detail.endswith("; tried again every 3 minutes")
        await desk.ask("POST", "/api/rooms/no-secret/retry")
        await until(lambda: hall.states("no-secret").count("failed") == 2)
        assert hall.states("lobby") == ["joining", "live"]
        assert hall.states("nowhere").count("waiting") == 1, "it was tried all the time, and that is no news"
        await desk.ask("DELETE", "/api/rooms/nowhere")
        assert hall.states("nowhere")[-1] == "left"

    await serve(settings(tmp_path), work)


async def noted(directory: Path) -> list[tuple[str, str]]:
    """What the audit log has of rooms, oldest first."""
    async with Store.open(directory / "monitor.db", lambda _: None) as store:
        entries = await store.audit(action="rooms.")
    assert {entry.who for entry in entries} <= {LOCAL.name}
    return [(entry.action, entry.room) for entry in reversed(entries)]


BAD: list[dict[str, Any]] = [
    {"id": "UPPER"},
    {"id": "a", "kind": "teapot"},
    {"id": "a", "kind": "janus", "room": 1},
    {"id": "a", "colour": "red"},
]


async def test_what_cannot_be_used_is_refused_and_what_was_sent_is_not_said_back(tmp_path: Path) -> None:
    async def work(_hall: Hall, desk: Desk) -> None:
        for body in BAD:
            with pytest.raises(OperatorError) as refused:
                await desk.ask("POST", "/api/rooms", body)
            assert "red" not in str(refused.value).split()
        curious = {"id": "a", "kind": "janus", "address": "ws://h", "room": 1, "pin": "file:/etc/hostname"}
        with pytest.raises(ConfigInvalid, match="read only"):
            await desk.ask("POST", "/api/rooms", curious)

    await serve(settings(tmp_path), work)
    assert Register(tmp_path, []).added == ()


async def test_without_a_service_it_is_written_down_for_the_next_start(tmp_path: Path) -> None:
    async with room_desk(settings(tmp_path)) as desk:
        await desk.ask("POST", "/api/rooms", {"id": "annex"})
        assert (await desk.get("/api/rooms"))["rooms"] == []
    assert [room.id for room in Register(tmp_path, []).added] == ["annex"]
    async with room_desk(settings(tmp_path)) as desk:
        await desk.ask("DELETE", "/api/rooms/annex")
        with pytest.raises(RoomUnknown):
            await desk.ask("DELETE", "/api/rooms/annex")
    assert Register(tmp_path, []).added == ()
    assert await noted(tmp_path) == [("rooms.added", "annex"), ("rooms.removed", "annex")]
