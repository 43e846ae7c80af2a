"""The contract suite's stage for WHEP rooms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from monitor.errors import ConnectionLost, Refused
from monitor.rooms.connector import Connector
from monitor.rooms.whep.connector import WhepConnector
from monitor.rooms.whep.protocol import Place, Stream
from tests.helpers.people import tone
from tests.helpers.whep_server import WhepServer, whep_server
from tests.helpers.whip_people import Publisher, publisher


class WhepStage:
    """Who comes in publishes a stream, a guest one without any packet. The connector knows all who may come."""

    nowhere: type[ConnectionLost] | type[Refused] = ConnectionLost
    NAMES = ("Ann", "Bob", "Silent", *(str(400 + 100 * n) for n in range(12)))

    def __init__(self, server: WhepServer) -> None:
        self._server = server
        self.connector = self._connect(server.port)
        self.unwelcome = self._connect(server.port, token="wrong")
        self.elsewhere = self._connect(server.port, room="nowhere")

    def _connect(self, port: int, *, room: str = "demo", token: str = "sesame") -> Connector:
        streams = (Stream(f"http://127.0.0.1:{port}/{room}/{name}/whep", name, token) for name in self.NAMES)
        place = Place(tuple(streams))
        return WhepConnector(lambda: place, poll=0.2)

    def absent(self, port: int) -> Connector:
        return self._connect(port)

    def speaker(self, name: str, hertz: float) -> AbstractAsyncContextManager[Publisher]:
        return publisher(self._server.whip(name), tone(hertz, 0.5))

    def guest(self, name: str) -> AbstractAsyncContextManager[Any]:
        return publisher(self._server.whip(name))

    async def monitors(self) -> int:
        """WHEP shows them to the server only."""
        return max((await self._server.state())["viewers"].values(), default=0)

    async def notice(self, guest: Any) -> str:
        raise AssertionError("WHEP has no notices")

    async def die(self) -> None:
        self._server.kill()

    async def restart(self) -> None:
        await self._server.start()


@asynccontextmanager
async def whep(folder: Path, ports: Callable[[], int]) -> AsyncIterator[WhepStage]:
    async with whep_server(folder, ports(), "-token", "sesame") as server:
        yield WhepStage(server)
