"""The client's end of the built-in room's websocket: joined once entered, left once exited."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from monitor.errors import ConnectionLost, Refused, Step
from monitor.model import Speaker
from monitor.rooms.builtin.protocol import Message, Role, dump
from monitor.rooms.dial import dial

TRANSIENT = frozenset({"ended", "join-timeout", "no-answer", "too-many-messages"})
"""Refusals that say nothing about the next try."""


@dataclass(frozen=True, slots=True)
class Participant:
    """One line of the roster."""

    id: str
    name: str
    role: Role
    muted: bool
    talking: bool

    @property
    def speaker(self) -> Speaker:
        return Speaker(self.id, self.name)


class Visit:
    """One joined connection. `receive` is for one task."""

    def __init__(self, socket: ClientConnection, joined: Message, role: Role = "participant") -> None:
        self._socket = socket
        self.id: str = joined["id"]
        self.role = role
        self.notice: str = joined["notice"]
        self.roster: dict[str, Participant] = _roster(joined)

    async def send(self, kind: str, **fields: Any) -> None:
        """Raises ConnectionLost."""
        try:
            await self._socket.send(dump(kind, **fields))
        except ConnectionClosed as error:
            raise ConnectionLost(f"the room's connection is closed: {error}") from error

    async def receive(self) -> Message:
        """The next message, the roster and the notice kept up with. Raises ConnectionLost, Refused."""
        message = await _receive(self._socket)
        match message["type"]:
            case "roster":
                self.roster = _roster(message)
            case "notice":
                self.notice = message["text"]
            case "ended":
                raise ConnectionLost("the room has ended or its server stops")
            case "problem" if message["code"] == "media-failed":
                raise ConnectionLost(message["message"])
        return message


@asynccontextmanager
async def visit(url: str, name: str, role: Role = "participant", token: str = "") -> AsyncIterator[Visit]:
    """Join the room at `url` (ws://host:port/rooms/{id}/ws). Raises Refused, ConnectionLost."""
    socket = await dial(url)
    async with socket:
        try:
            hello = {"name": name, "role": role, **({"token": token} if token else {})}
            await socket.send(dump("join", **hello))
        except ConnectionClosed as error:
            raise ConnectionLost(f"{url} closed before joining: {error}") from error
        joined = await _receive(socket)
        if joined["type"] != "joined":
            raise ConnectionLost(f"the room's server answered {joined['type']} to join")
        yield Visit(socket, joined, role)
        try:
            await socket.send(dump("leave"))
        except ConnectionClosed:
            return  # gone already: that is what we want


async def _receive(socket: ClientConnection) -> Message:
    try:
        message = json.loads(await socket.recv())
    except ConnectionClosed as error:
        raise ConnectionLost(f"the room's connection is closed: {error}") from error
    except ValueError as error:
        raise ConnectionLost("the room's server sends something other than JSON") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ConnectionLost("the room's server sends messages without a type")
    if message["type"] == "refused":
        code = message.get("code")
        text = f"{message.get('message')} ({code})"
        if code in TRANSIENT:
            raise ConnectionLost(text)
        raise Refused(text, step=Step.ROOM if code == "unknown-room" else Step.PERMISSION)
    return message


def _roster(message: Message) -> dict[str, Participant]:
    return {
        card["id"]: Participant(card["id"], card["name"], card["role"], card["muted"], card["talking"])
        for card in message["participants"]
    }
