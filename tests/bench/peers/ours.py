"""Room Monitor itself, and itself with plain 30 s windows, by the same measure: the real service, without a network as
in `bench capacity`."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

from monitor.app import Service
from monitor.bench.capacity import PLAIN, SHORT, prepared
from monitor.bench.paced import PacedRoom, Talk
from monitor.config import Settings
from monitor.config_rooms import AnyRoom
from monitor.messages import HeardMessage, Numbered, RoomChanged
from monitor.model import RoomState
from monitor.rooms.connector import Connector
from monitor.telemetry.logs import configure
from tests.bench.peers.account import Said, Shown
from tests.bench.peers.measure import Run, Screen, account, meter
from tests.bench.peers.talker import Talker

WAYS = {"Room Monitor": SHORT, "30 s windows": PLAIN}
"""Ways of `bench capacity` by the name that they have here."""
_SET_AS = {
    "Room Monitor": "the whole service with its defaults",
    "30 s windows": "the same service with a window of 30 s for each utterance, one at a time",
}
_PACKAGES = ("room-monitor", "faster-whisper", "ctranslate2")

Words = Sequence[tuple[Talk, tuple[str, ...]]]
Streams = list[tuple[list[Said], list[Shown]]]


async def measure(name: str, streams: int, seconds: float, settings: Settings, words: Words, often: list[str]) -> Run:
    """In a process of its own: its memory and CPU are those of this number of rooms alone."""
    run = Run(name, streams, seconds, _SET_AS[name], ", ".join(f"{one} {version(one)}" for one in _PACKAGES))
    loop = asyncio.get_running_loop()
    with (
        tempfile.TemporaryDirectory(prefix="room-monitor-peers-") as scratch,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
    ):
        ready = prepared(settings, streams, Path(scratch), often, WAYS[name])
        run, heard = await loop.run_in_executor(pool, _child, run, ready, words)
    account(run, heard)
    return run


def _child(run: Run, settings: Settings, words: Words) -> tuple[Run, Streams]:
    configure("text", level=logging.ERROR)
    return asyncio.run(_Rooms(run, settings).hold(words))


class _Rooms(Service):
    """The service, and a talker in each of its rooms."""

    def __init__(self, run: Run, settings: Settings) -> None:
        super().__init__(settings, connects=self._connect)
        self._run = run
        self._paced = {room.id: PacedRoom() for room in settings.rooms}
        self._feeds = {room.id: _Told() for room in settings.rooms}
        self._live: set[str] = set()
        self._all_live = asyncio.Event()

    async def hold(self, words: Words) -> tuple[Run, Streams]:
        streams: Streams = []

        async def beside(_: str) -> None:
            await self._all_live.wait()
            now = asyncio.get_running_loop().time()
            silent = time.time() + self._run.seconds
            talkers = [
                Talker([talk for talk, _ in words], number, now + self._run.seconds)
                for number in range(self._run.streams)
            ]
            for room, talker in zip(self._paced.values(), talkers, strict=True):
                await room.coming.put(talker)
            await meter(lambda: [os.getpid()], self._run.seconds, self._run)
            for talker in talkers:
                await talker.over.wait()
            streams.extend(
                (talker.said_until(dict(words), silent), told.screen.shown)
                for talker, told in zip(talkers, self._feeds.values(), strict=True)
            )
            self.stop()

        await self.run(beside)
        return self._run, streams

    def told(self, message: Numbered) -> None:
        if isinstance(message, HeardMessage):
            self._feeds[message.room].heard(message)
        if isinstance(message, RoomChanged) and message.room.state == RoomState.LIVE.value:
            self._live.add(message.room.id)
            if self._live == set(self._paced):
                self._all_live.set()
        super().told(message)

    def _connect(self, room: AnyRoom, **_: Any) -> Connector:
        return self._paced[room.id]


class _Told:
    """What one room's feed has told, in the order in which it was said."""

    def __init__(self) -> None:
        self.screen = Screen()
        self._texts: dict[float, str] = {}

    def heard(self, message: HeardMessage) -> None:
        self._texts[message.began] = message.text
        self.screen.show(" ".join(text for _, text in sorted(self._texts.items())), "")
