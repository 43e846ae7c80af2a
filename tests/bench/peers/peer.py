"""What every peer is to the measurement: an environment, a way to start it, and a line to it for each speaker."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from monitor.model import Samples
from tests.bench.peers.environment import Environment

PATIENCE = 180.0
"""Seconds that a server may take to load its model: other work may run beside."""

Show = Callable[[str, str], None]
"""Takes all of the final text so far, and what comes after it and may still change."""


class Line(Protocol):
    """One speaker's way into a peer."""

    async def send(self, audio: Samples) -> None:
        """16 kHz mono int16, `Peer.chunk` samples. Raises PeerFailed when the peer has hung up."""


class Running(Protocol):
    """A peer that has loaded its model."""

    @property
    def pids(self) -> list[int]:
        """Its processes; their descendants count as well."""

    def line(self, number: int, show: Show) -> AbstractAsyncContextManager[Line]:
        """For the speaker of that number; ready to be sent audio."""


class Peer(Protocol):
    name: str
    environment: Environment
    chunk: int  # samples that its own client sends at once
    set_as: str  # how it was set up, in plain words
    packages: tuple[str, ...]  # whose versions matter

    def running(self, streams: int, model: Path, scratch: Path) -> AbstractAsyncContextManager[Running]:
        """Started for that many speakers with the CTranslate2 model in that directory. Raises PeerFailed."""


@dataclass(frozen=True, slots=True)
class SocketLine:
    socket: ClientConnection
    encode: Callable[[Samples], bytes]

    async def send(self, audio: Samples) -> None:
        # Who was hung up on loses words, which is what is counted; it does not end the measurement.
        with suppress(ConnectionClosed):
            await self.socket.send(self.encode(audio))


@asynccontextmanager
async def socket_line(
    address: str,
    greet: Callable[[ClientConnection], Awaitable[None]],
    encode: Callable[[Samples], bytes],
    told: Callable[[dict[str, Any]], None],
) -> AsyncIterator[SocketLine]:
    """A websocket on loopback. `greet`: until the server takes audio; `told`: takes each JSON object after that."""
    async with connect(address, open_timeout=PATIENCE, ping_interval=None, max_size=None, compression=None) as socket:
        async with asyncio.timeout(PATIENCE):
            await greet(socket)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(_read(socket, told))
            yield SocketLine(socket, encode)
            reading.cancel()


async def _read(socket: ClientConnection, told: Callable[[dict[str, Any]], None]) -> None:
    with suppress(ConnectionClosed):
        async for text in socket:
            told(json.loads(text))


def quiet_offline() -> dict[str, str]:
    """Environment variables for every peer: all cores, and no try to reach a model hub."""
    return {
        "OMP_NUM_THREADS": str(os.cpu_count() or 1),
        "HF_HUB_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
