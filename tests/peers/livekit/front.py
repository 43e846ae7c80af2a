"""LiveKit's server API before the stand-in: a port that answers RoomService calls and hands everything else on."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import jwt

from tests.peers.livekit.server import KEY, SECRET, LiveKitServer

HEAD = 16_384


@dataclass
class Front:
    port: int = 0
    broken: bool = False  # answers each call with an error
    sent: list[tuple[str, str, list[str]]] = field(default_factory=list)  # topic, text, identities
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # other calls: method, body

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"


@asynccontextmanager
async def front(server: LiveKitServer) -> AsyncIterator[Front]:
    it = Front()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"POST /twirp/"):
                await _call(it, head, reader, writer)
            else:
                await _hand_on(server.port, head, reader, writer)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    it.port = listening.sockets[0].getsockname()[1]
    try:
        yield it
    finally:
        listening.close()


async def _call(it: Front, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    body: dict[str, Any] = json.loads(await reader.readexactly(int(headers["content-length"])))
    claims = jwt.decode(headers["authorization"].removeprefix("Bearer "), SECRET, ["HS256"], issuer=KEY)
    allowed = claims["video"].get("roomAdmin") and claims["video"]["room"] == body["room"]
    status = b"500 Internal Server Error" if it.broken else b"200 OK" if allowed else b"403 Forbidden"
    if status.startswith(b"200"):
        method = lines[0].split()[1].removeprefix("/twirp/livekit.RoomService/")
        if method == "SendData":
            text = base64.b64decode(body["data"]).decode()
            it.sent.append((body["topic"], text, body["destinationIdentities"]))
        else:
            it.asked.append((method, body))
    writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
    await writer.drain()


async def _hand_on(port: int, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    there, back = await asyncio.open_connection("127.0.0.1", port)
    back.write(head)

    async def pipe(one: asyncio.StreamReader, other: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await one.read(HEAD):
                other.write(data)
                await other.drain()
        other.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(pipe(reader, back))
        tasks.create_task(pipe(there, writer))
