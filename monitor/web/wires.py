"""A websocket of the web server as the Wire that a built-in room serves."""

from __future__ import annotations

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from monitor.wire import WireClosed


class SocketWire:
    """See monitor.wire.Wire. Binary messages are ended with 1003: the rooms speak JSON text."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        if self._over():
            raise WireClosed
        try:
            await self._socket.send_text(text)
        except WebSocketDisconnect:
            raise WireClosed from None

    async def receive(self) -> str:
        if self._over():
            raise WireClosed
        message = await self._socket.receive()
        text = message.get("text")
        if message["type"] == "websocket.receive" and isinstance(text, str):
            return text
        if message["type"] == "websocket.receive":
            await self.close(1003, "text messages only")
        raise WireClosed

    async def close(self, code: int = 1000, reason: str = "") -> None:
        if self._over():
            return
        try:
            await self._socket.close(code, reason)
        except WebSocketDisconnect:
            return

    def _over(self) -> bool:
        gone = WebSocketState.DISCONNECTED
        return self._socket.application_state is gone or self._socket.client_state is gone
