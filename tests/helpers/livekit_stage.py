"""A LiveKit room to run the contract suite on: the stand-in server, and people whom it is told to have."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from monitor.errors import ConnectionLost
from monitor.rooms.builtin.script import Script
from monitor.rooms.builtin.speak import Voice
from monitor.rooms.connector import Connector
from monitor.rooms.livekit.connector import LiveKitConnector
from monitor.rooms.livekit.protocol import Place
from tests.helpers.people import tone
from tests.peers.livekit.people import Puppet
from tests.peers.livekit.server import KEY, SECRET, LiveKitServer, livekit_server, puppet


def place(server: LiveKitServer, **changes: Any) -> Place:
    """The monitor's way in."""
    return Place(**{"address": server.url, "room": "demo", "key": KEY, "secret": SECRET} | changes)


def connector(server: LiveKitServer, **changes: Any) -> LiveKitConnector:
    return LiveKitConnector(lambda: place(server, **changes))


def voice(name: str, hertz: float) -> Voice:
    """A tone without end and without a pause."""
    return Voice(name, Script((tone(hertz, 0.5),), pause=0.0))


class _Speaking:
    def __init__(self, server: LiveKitServer, who: Puppet) -> None:
        self._server = server
        self._who = who

    async def mute(self, muted: bool) -> None:
        self._server.room().mute(self._who, self._who.info.tracks[0].sid, muted)


class LiveKitStage:
    nowhere = ConnectionLost

    def __init__(self, server: LiveKitServer) -> None:
        self.server = server
        self.connector: Connector = connector(server)
        self.unwelcome: Connector = connector(server, secret="a wrong secret of thirty-two characters or more")
        self.elsewhere: Connector = connector(server, room="elsewhere")

    def absent(self, port: int) -> Connector:
        return connector(self.server, address=f"ws://127.0.0.1:{port}")

    @asynccontextmanager
    async def speaker(self, name: str, hertz: float) -> AsyncIterator[_Speaking]:
        async with puppet(self.server, name, voice(name, hertz)) as who:
            yield _Speaking(self.server, who)

    def guest(self, name: str) -> AbstractAsyncContextManager[Puppet]:
        return puppet(self.server, name)

    async def monitors(self) -> int:
        return sum(member.info.name == "Room Monitor" for member in self.server.room().seen())

    async def notice(self, guest: Any) -> str:
        raise AssertionError("LiveKit has no notices that every app shows")

    async def die(self) -> None:
        await self.server.die()

    async def restart(self) -> None:
        self.server.room()
        await self.server.start()


@asynccontextmanager
async def livekit(_folder: Path, _ports: Any) -> AsyncIterator[LiveKitStage]:
    async with livekit_server() as server:
        server.auto_create = False
        server.room()
        yield LiveKitStage(server)


_warmed = False


async def warm() -> None:
    """Hear somebody once: the native runtime of the SDK is up then, and its threads and files are the process's."""
    global _warmed
    if not _warmed:
        async with (
            livekit_server() as server,
            puppet(server, "Ann", voice("Ann", 400)),
            connector(server).join() as session,
        ):
            await anext(session.tracks())
            _warmed = True
