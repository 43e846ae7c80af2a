"""Built-in rooms over a websocket server of the `websockets` library, without the web application around them."""

from __future__ import annotations

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from monitor.wire import WireClosed


class SocketWire:
    """`Wire` over a websocket of the `websockets` library."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        try:
            await self._socket.send(text)
        except ConnectionClosed as error:
            raise WireClosed from error

    async def receive(self) -> str:
        try:
            message = await self._socket.recv()
        except ConnectionClosed as error:
            raise WireClosed from error
        return message if isinstance(message, str) else ""

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self._socket.close(code, reason)
