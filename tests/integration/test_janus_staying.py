"""Staying in a Janus room for weeks: secrets that are renewed, hosts that throw out, rooms that empty and fill."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from monitor.config_rooms import JanusRoom
from monitor.connecting import connector_for
from monitor.model import RoomState
from monitor.rooms.backoff import Backoff
from monitor.rooms.connector import Track
from monitor.rooms.janus.protocol import Place
from monitor.rooms.supervisor import RoomSupervisor
from tests.helpers.janus_people import caller, talker
from tests.helpers.janus_server import JanusServer, janus_server
from tests.helpers.people import Ear, tone
from tests.helpers.room_server import until
from tests.helpers.stages import VIDEOROOM

GUARDED = VIDEOROOM.replace("publishers", 'secret = "host only"\n    publishers')
S = RoomState


@pytest.fixture
async def janus(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[JanusServer]:
    async with janus_server(tmp_path, unused_tcp_port, videoroom=GUARDED) as server:
        yield server


class Stay:
    """A room as the service keeps it."""

    def __init__(self, server: JanusServer, secrets: Path) -> None:
        room = JanusRoom(kind="janus", id="hall", address=server.url, room=1234, pin=f"file:{secrets}")
        connector = connector_for(room, builtin="", monitor_token="")
        self.ears: list[Ear] = []
        self.told: list[tuple[RoomState, str]] = []
        self.supervisor = RoomSupervisor(
            "hall", connector, self._listen, self._tell, backoff=Backoff(first=0.2, longest=1.0)
        )

    @property
    def states(self) -> list[RoomState]:
        return [state for state, _ in self.told]

    async def _listen(self, track: Track) -> None:
        ear = Ear(track)
        self.ears.append(ear)
        await ear.listen()

    async def _tell(self, state: RoomState, reason: str) -> None:
        self.told.append((state, reason))


@asynccontextmanager
async def staying(server: JanusServer, secrets: Path, again: float) -> AsyncIterator[Stay]:
    stay = Stay(server, secrets)
    async with asyncio.TaskGroup() as group:
        group.create_task(stay.supervisor.keep(again))
        try:
            yield stay
        finally:
            stay.supervisor.stop()


@pytest.fixture
def pin(tmp_path: Path) -> Path:
    path = tmp_path / "pin"
    path.write_text("sesame\n")
    return path


def write(path: Path, text: str) -> None:
    path.write_text(text)


def place(server: JanusServer, name: str) -> Place:
    return Place(server.url, 1234, name, pin="sesame")


async def test_a_secret_that_expired_is_read_anew_at_the_next_try(janus: JanusServer, pin: Path) -> None:
    write(pin, "expired")
    async with staying(janus, pin, again=3600) as stay:
        await until(lambda: stay.supervisor.state is S.FAILED)
        assert stay.told[-1][1].endswith("tried again every 60 minutes")
        assert "expired" not in stay.told[-1][1]
        write(pin, "sesame")
        stay.supervisor.retry()
        await until(lambda: stay.supervisor.state is S.LIVE)


async def test_thrown_out_it_stays_out_for_a_while_and_then_asks_again(janus: JanusServer, pin: Path) -> None:
    async with staying(janus, pin, again=1.0) as stay, caller(place(janus, "host")) as host:
        await until(lambda: stay.supervisor.state is S.LIVE)
        (monitor,) = (await host.ask("listparticipants"))["participants"]
        await host.ask("kick", id=monitor["id"], secret="host only")
        await until(lambda: S.FAILED in stay.states)
        assert "thrown out" in next(reason for state, reason in stay.told if state is S.FAILED)
        await until(lambda: stay.states.count(S.LIVE) == 2)


async def test_a_room_that_empties_and_fills_again_is_heard_on(janus: JanusServer, pin: Path) -> None:
    async with staying(janus, pin, again=3600) as stay:
        for number in range(3):
            async with talker(place(janus, f"guest {number}"), tone(400, 0.5)):
                await until(lambda n=number: len(stay.ears) == n + 1 and stay.ears[n].pitch > 0)  # type: ignore[misc]
            await until(lambda n=number: stay.ears[n].ended)  # type: ignore[misc]
            await asyncio.sleep(0.5)
    assert [ear.track.speaker.name for ear in stay.ears] == ["guest 0", "guest 1", "guest 2"]
    assert stay.states == [S.JOINING, S.LIVE, S.LEAVING, S.LEFT]
