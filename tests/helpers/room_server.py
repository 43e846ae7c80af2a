"""Built-in rooms behind a real websocket server on a port of its own, to be killed and started again at will."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.server import Server, ServerConnection, serve

from monitor.rooms.builtin.server import BuiltinRooms, RoomSpec
from monitor.rooms.builtin.socket_wire import SocketWire


class RoomServer:
    """One server; `rooms` is what it serves."""

    def __init__(self, rooms: BuiltinRooms, server: Server, port: int, host: str = "127.0.0.1") -> None:
        self._host = host
        self.rooms = rooms
        self.port = port
        self._server = server

    def url(self, room_id: str = "demo") -> str:
        return f"ws://{self._host}:{self.port}/rooms/{room_id}/ws"

    def cut(self) -> None:
        """Break every websocket without a goodbye, as a killed process does. New ones are still taken."""
        for socket in self._server.connections:
            socket.transport.abort()


@asynccontextmanager
async def room_server(
    *specs: RoomSpec, port: int = 0, token: str | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[RoomServer]:
    """Serve the rooms (by default one, "demo") until the block ends. `token`: monitor token of a server before."""
    async with BuiltinRooms(specs or (RoomSpec("demo", "Demo room"),)) as rooms:
        if token is not None:
            rooms.monitor_token = token

        async def handle(socket: ServerConnection) -> None:
            assert socket.request is not None
            await rooms.serve(socket.request.path.split("/")[2], SocketWire(socket))

        async with serve(handle, host, port, close_timeout=0.5) as server:
            yield RoomServer(rooms, server, server.sockets[0].getsockname()[1], host)
            await rooms.end()  # while the sockets are still there


async def until(check: object, seconds: float = 10.0) -> None:
    """Wait until `check()` is true; fails after `seconds`."""
    assert callable(check)
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110  what is waited for has no event
            await asyncio.sleep(0.02)
