"""A stage for each kind of room: its server, a connector for it, people who come in. What the contract suite runs on.

A new kind is one more class here and one more line in `STAGES`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from monitor.errors import ConnectionLost, Refused
from monitor.rooms.builtin.connector import BuiltinConnector
from monitor.rooms.builtin.server import RoomSpec
from monitor.rooms.connector import Connector
from monitor.rooms.janus.connector import AudioBridgeConnector, VideoRoomConnector
from monitor.rooms.janus.protocol import Place, Plugin
from tests.helpers.janus_people import caller, talker
from tests.helpers.janus_server import JanusServer, janus_server
from tests.helpers.livekit_stage import livekit
from tests.helpers.livekit_stage import warm as warm_livekit
from tests.helpers.people import Person, person, tone
from tests.helpers.room_server import RoomServer, room_server
from tests.helpers.whep_stage import whep

Ports = Callable[[], int]


class Speaking(Protocol):
    """Somebody in the room who talks."""

    async def mute(self, muted: bool) -> None: ...


class Stage(Protocol):
    """A room with a connector for it, and people to come in."""

    connector: Connector
    unwelcome: Connector  # without the right secret
    elsewhere: Connector  # to a room that isn't there
    nowhere: type[ConnectionLost] | type[Refused]  # what `elsewhere` must raise

    def absent(self, port: int) -> Connector:
        """A connector to a server at a port where something else listens, or nothing."""
        ...

    def speaker(self, name: str, hertz: float) -> AbstractAsyncContextManager[Speaking]:
        """Somebody who comes in and talks: a tone without end."""
        ...

    def guest(self, name: str) -> AbstractAsyncContextManager[Any]:
        """Somebody who comes in and never talks."""
        ...

    async def monitors(self) -> int:
        """How many monitors the participants see."""
        ...

    async def notice(self, guest: Any) -> str:
        """The notice that a guest sees, where the kind can show one."""
        ...

    async def die(self) -> None:
        """The server is killed."""
        ...

    async def restart(self) -> None:
        """The server is there again, and so is the room, empty."""
        ...


class _BuiltinPerson:
    def __init__(self, who: Person) -> None:
        self.who = who

    async def mute(self, muted: bool) -> None:
        await self.who.visit.send("mute", muted=muted)


class BuiltinStage:
    nowhere = Refused

    def __init__(self, server: RoomServer) -> None:
        self._server = server
        self.connector: Connector = BuiltinConnector(server.url(), server.rooms.monitor_token)
        self.unwelcome: Connector = BuiltinConnector(server.url(), "a wrong token")
        self.elsewhere: Connector = BuiltinConnector(server.url("nowhere"), server.rooms.monitor_token)

    def absent(self, port: int) -> Connector:
        return BuiltinConnector(f"ws://127.0.0.1:{port}/rooms/demo/ws", "")

    @asynccontextmanager
    async def speaker(self, name: str, hertz: float) -> AsyncIterator[Speaking]:
        async with person(self._server.url(), name, tone(hertz, 0.5)) as who:
            yield _BuiltinPerson(who)

    def guest(self, name: str) -> AbstractAsyncContextManager[Person]:
        return person(self._server.url(), name)

    async def monitors(self) -> int:
        return sum(card["role"] == "monitor" for card in self._server.rooms.participants("demo"))

    async def notice(self, guest: Person) -> str:
        return guest.visit.notice

    async def die(self) -> None:
        self._server.cut()

    async def restart(self) -> None:
        """It takes new connections at once: its sockets were cut, and that is all."""


@asynccontextmanager
async def builtin(_folder: Path, _ports: Ports) -> AsyncIterator[Stage]:
    async with room_server(RoomSpec("demo", "Demo")) as server:
        yield BuiltinStage(server)


VIDEOROOM = """room-1234: {
    description = "Demo"
    pin = "sesame"
    publishers = 50
    audiolevel_event = true
    audio_active_packets = 10
    audio_level_average = 60
}
"""


class JanusStage:
    nowhere = ConnectionLost

    def __init__(self, server: JanusServer, plugin: Plugin, kind: Callable[[Callable[[], Place]], Connector]) -> None:
        self._server = server
        self._plugin = plugin
        self._kind = kind
        self.connector = self._connect(server.port)
        self.unwelcome = self._connect(server.port, pin="wrong")
        self.elsewhere = self._connect(server.port, room=4321)

    def _connect(self, port: int, *, room: int = 1234, pin: str = "sesame") -> Connector:
        place = Place(f"ws://127.0.0.1:{port}", room, "Room Monitor", pin=pin)
        return self._kind(lambda: place)

    def place(self, name: str) -> Place:
        return Place(self._server.url, 1234, name, pin="sesame")

    def absent(self, port: int) -> Connector:
        return self._connect(port)

    def speaker(self, name: str, hertz: float) -> AbstractAsyncContextManager[Speaking]:
        mixed = self._plugin == "audiobridge"
        return talker(self.place(name), tone(hertz, 0.5), plugin=self._plugin, levels=mixed)

    def guest(self, name: str) -> AbstractAsyncContextManager[Any]:
        return talker(self.place(name), plugin=self._plugin)

    async def monitors(self) -> int:
        async with caller(self.place(""), self._plugin) as asking:
            return (await asking.members()).count("Room Monitor")

    async def notice(self, guest: Any) -> str:
        raise AssertionError("Janus has no notices")

    async def die(self) -> None:
        self._server.kill()

    async def restart(self) -> None:
        await self._server.start()


@asynccontextmanager
async def videoroom(folder: Path, ports: Ports) -> AsyncIterator[Stage]:
    async with janus_server(folder, ports(), videoroom=VIDEOROOM) as server:
        yield JanusStage(server, "videoroom", VideoRoomConnector)


AUDIOBRIDGE = """room-1234: {
    description = "Demo"
    pin = "sesame"
    sampling_rate = 16000
    audiolevel_event = true
    audio_active_packets = 10
    audio_level_average = 60
}
"""


@asynccontextmanager
async def audiobridge(folder: Path, ports: Ports) -> AsyncIterator[Stage]:
    async with janus_server(folder, ports(), audiobridge=AUDIOBRIDGE) as server:
        yield JanusStage(server, "audiobridge", AudioBridgeConnector)


STAGES: dict[str, Callable[[Path, Ports], AbstractAsyncContextManager[Stage]]] = {
    "builtin": builtin,
    "videoroom": videoroom,
    "audiobridge": audiobridge,
    "whep": whep,
    "livekit": livekit,
}
WARM: dict[str, Callable[[], Awaitable[None]]] = {"livekit": warm_livekit}
"""What is started once for the whole process, before anything is counted."""
APART = ("builtin", "videoroom", "whep", "livekit")
"""Kinds that give each speaker a track of their own; the others give one mix."""
MIXED = tuple(kind for kind in STAGES if kind not in APART)
