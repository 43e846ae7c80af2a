"""The measured process of `bench rooms`: in so many rooms, hearing all of them, without a recogniser.

A line of JSON with what to do comes on standard input; then each line asks for a report, and the end of it ends all.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from websockets.asyncio.server import ServerConnection, serve

from monitor.bench.stock import StockEar
from monitor.config_rooms import AnyRoom
from monitor.connecting import connector_for
from monitor.hearing.coverage import Ledger
from monitor.hearing.listen import listen
from monitor.hearing.segmenter import Rules, Segmenter
from monitor.hearing.vad import Vad
from monitor.keeper import STAGGER
from monitor.model import AudioFrame, Origin, RoomState
from monitor.registered import parsed
from monitor.rooms.backoff import Backoff
from monitor.rooms.builtin.server import BuiltinRooms, RoomSpec
from monitor.rooms.builtin.socket_wire import SocketWire
from monitor.rooms.connector import Track
from monitor.rooms.ice import allow_loopback
from monitor.rooms.supervisor import RoomSupervisor
from monitor.telemetry.logs import configure

TICK = 0.02
RECENT = 2.0
"""Seconds within which a stream must have been heard to count."""


@dataclass(frozen=True, slots=True)
class Report:
    live: int  # rooms
    tracks: int  # that are open
    heard: int  # tracks of which something was heard in the last RECENT seconds
    frames: int  # 20 ms each, since the report before, of all tracks
    lost: int  # of these
    lag: float  # seconds, p99: by how much the event loop is late


class Tally:
    """What all rooms hear."""

    def __init__(self) -> None:
        self.states: dict[str, RoomState] = {}
        self.heard_at: dict[object, float] = {}
        self.frames = self.lost = 0
        self._lags: deque[float] = deque(maxlen=5000)

    def note(self, key: object, frame_lost: bool, sounded: bool) -> None:
        self.frames += 1
        self.lost += frame_lost
        if sounded:
            self.heard_at[key] = time.monotonic()

    async def tick(self) -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(TICK)
            self._lags.append(time.monotonic() - began - TICK)

    def report(self) -> Report:
        now = time.monotonic()
        live = sum(state is RoomState.LIVE for state in self.states.values())
        heard = sum(now - at < RECENT for at in self.heard_at.values())
        lag = float(np.percentile(self._lags, 99)) if self._lags else 0.0
        found = Report(live, len(self.heard_at), heard, self.frames, self.lost, lag)
        self.frames = self.lost = 0
        self._lags.clear()
        return found


class _Tallied:
    """A track whose frames are counted."""

    def __init__(self, track: Track, tally: Tally) -> None:
        self._track = track
        self._tally = tally
        self.id = track.id
        self.speaker = track.speaker

    async def frames(self) -> Any:
        self._tally.heard_at[self.id] = float("-inf")
        try:
            async for frame in self._track.frames():
                self._tally.note(self.id, frame.origin in (Origin.LOST, Origin.OVERLOAD), _sounds(frame))
                yield frame
        finally:
            del self._tally.heard_at[self.id]


def _sounds(frame: AudioFrame) -> bool:
    return frame.origin is Origin.HEARD and bool(frame.samples.any())


def supervised(room: AnyRoom, tally: Tally, builtin: str, token: str) -> RoomSupervisor:
    """The room as the service hears it, up to the hand-over of utterances."""

    async def on_track(track: Track) -> None:
        await listen(
            _Tallied(track, tally),
            room=room.id,
            ledger=Ledger(time.time()),
            vad=Vad(1),
            segmenter=Segmenter(Rules()),
            hand_over=lambda _: None,
            talking=lambda _: None,
            ids=lambda: uuid.uuid4().hex,
        )

    async def on_state(state: RoomState, _reason: str) -> None:
        tally.states[room.id] = state

    connector = connector_for(room, builtin=builtin, monitor_token=token)
    return RoomSupervisor(room.id, connector, on_track, on_state, notice=room.notice, backoff=Backoff(longest=1.0))


class _Ear(Protocol):
    """What hears one room."""

    async def run(self) -> None: ...

    def stop(self) -> None: ...


async def _builtin(stack: AsyncExitStack, rooms: Sequence[AnyRoom]) -> tuple[str, str]:
    """Serve the built-in ones among the rooms; address and the monitor's token."""
    specs = [RoomSpec(room.id, room.id) for room in rooms if room.kind == "builtin"]
    hall = await stack.enter_async_context(BuiltinRooms(specs))

    async def handle(socket: ServerConnection) -> None:
        path = socket.request.path if socket.request else ""
        await hall.serve(path.split("/")[2], SocketWire(socket))

    server = await stack.enter_async_context(serve(handle, "127.0.0.1", 0))
    stack.push_async_callback(hall.end)
    return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", hall.monitor_token


async def main() -> None:
    configure("text", level=logging.ERROR)
    allow_loopback()
    lines = asyncio.StreamReader(limit=1 << 22)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    plan = json.loads(await lines.readline())
    rooms = [parsed(fields) for fields in plan["rooms"]]
    tally = Tally()
    async with AsyncExitStack() as stack:
        url, token = await _builtin(stack, rooms)
        async with asyncio.TaskGroup() as group:
            ticking = group.create_task(tally.tick())
            ears: Sequence[_Ear]
            if plan["stock"]:
                ears = [StockEar(room, tally.states, tally.note) for room in rooms]
            else:
                ears = [supervised(room, tally, f"{url}/rooms/{room.id}/ws", token) for room in rooms]
            for number, ear in enumerate(ears):
                group.create_task(_later(ear.run, number * STAGGER))
            print(json.dumps({"url": url}), flush=True)
            while await lines.readline():
                print(json.dumps(asdict(tally.report())), flush=True)
            for ear in ears:
                ear.stop()
            ticking.cancel()


async def _later(work: Callable[[], Awaitable[None]], seconds: float) -> None:
    await asyncio.sleep(seconds)
    await work()


if __name__ == "__main__":
    asyncio.run(main())
