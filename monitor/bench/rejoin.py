"""`bench rejoin`: how soon a room is heard again after its server came back, and whether names stay with their voices.

Two runs on a real Janus. In the first it is killed and started again; the time runs from its first answer to the first
audio that the monitor hears. In the second people come and go at random and in haste, so that m-lines change hands all
the time; each speaks at a pitch of their own, and every half second of every track must have the pitch of its name.

`restarts` measures the first with any server: tests/bench/rejoin_of_all_kinds.py has those that only tests can start.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from rich.console import Console
from rich.progress import Progress

from monitor.bench.crowd import Plan, Seat, Speakers
from monitor.bench.crowd_voice import CountedVoice, Sound, Truth, Turn, rounds, sound
from monitor.bench.janus import Janus, running
from monitor.bench.machine import describe, quantiles
from monitor.config_rooms import AnyRoom, JanusRoom
from monitor.connecting import connector_for
from monitor.errors import ConnectionLost, Refused
from monitor.model import RATE, AudioFrame, Origin, RoomState, Samples
from monitor.monitored import LONGEST_WAIT
from monitor.rooms.backoff import Backoff
from monitor.rooms.connector import Track
from monitor.rooms.ice import allow_loopback
from monitor.rooms.supervisor import RoomSupervisor

ROOM = 1001
LIMIT = 2.0
"""Seconds, p95."""
AT_ONCE = 5
PITCHES = (300, 430, 560, 690, 820, 950, 1080, 1210)
"""Hz; neighbours differ by more than an FFT over BLOCK can mistake."""
BLOCK = RATE // 2
"""Samples over which a pitch is looked for."""
LOUD = 300.0
"""RMS of a block that has somebody's tone all through."""


@dataclass(slots=True)
class Ears:
    """Hears a room as the service does, and remembers what came."""

    first: asyncio.Event = field(default_factory=asyncio.Event)  # something was heard since it was cleared
    first_at: float = 0.0
    blocks: int = 0
    wrong: deque[str] = field(default_factory=lambda: deque(maxlen=100))
    names: set[str] = field(default_factory=set)

    async def on_track(self, track: Track) -> None:
        block: list[Samples] = []
        async for frame in track.frames():
            self._note(frame)
            block = [*block, frame.samples] if frame.origin is Origin.HEARD else []
            if len(block) * len(frame.samples) >= BLOCK:
                self._check(track.speaker.name, np.concatenate(block))
                block = []

    async def on_state(self, _state: RoomState, _reason: str) -> None:
        return None

    def _note(self, frame: AudioFrame) -> None:
        if frame.origin is Origin.HEARD and frame.samples.any() and not self.first.is_set():
            self.first_at = time.time()
            self.first.set()

    def _check(self, name: str, samples: Samples) -> None:
        heard = samples.astype(np.float64)
        if np.sqrt(np.mean(heard**2)) < LOUD:
            return
        pitch = float(np.argmax(np.abs(np.fft.rfft(heard))) * RATE / len(heard))
        self.blocks += 1
        self.names.add(name)
        if abs(pitch - float(name.split()[0])) > 30:
            self.wrong.append(f"{name} sounds at {pitch:.0f} Hz")


class Stage(Protocol):
    """A server with one room, in which somebody talks all the time."""

    def talking(self) -> AbstractAsyncContextManager[object]:
        """Somebody talks until the block ends, and comes again by themselves after `back`."""
        ...

    async def die(self) -> None:
        """At once, without a word to anybody."""
        ...

    async def back(self) -> float:
        """Start again; the wall time at which it answered."""
        ...


async def measure(deaths: int, joins: int, seed: int, out: Console) -> bool:
    """Print, and say whether both are within their limits. Raises OperatorError where there is no Janus."""
    allow_loopback()
    with tempfile.TemporaryDirectory(prefix="room-monitor-rejoin-") as name:
        async with running(Path(name) / "janus", [ROOM]) as janus:
            room = JanusRoom(kind="janus", id="bench", address=janus.url, room=ROOM)
            with Progress(console=out, transient=True) as progress:
                bar = progress.add_task("Restarts", total=deaths)
                waits, _ = await restarts(room, _JanusStage(janus), deaths, lambda: progress.advance(bar))
                bar = progress.add_task("Joins and leaves", total=joins)
                ears = await _joins(janus, room, joins, seed, lambda: progress.advance(bar))
    p95 = float(np.percentile(waits, 95)) if waits else 0.0
    out.print(f"Janus back → heard again: {quantiles(waits)}", highlight=False)
    out.print(
        f"{joins} joins and as many leaves, at most {AT_ONCE} at once: {len(ears.names)} names heard, "
        f"{ears.blocks} half seconds looked at, {len(ears.wrong)} under a wrong name",
        highlight=False,
    )
    for each in list(ears.wrong)[:5]:
        out.print(f"  {each}", highlight=False)
    out.print(describe(), style="dim", highlight=False)
    return p95 <= LIMIT and not ears.wrong


@asynccontextmanager
async def _monitored(room: AnyRoom) -> AsyncIterator[Ears]:
    ears = Ears()
    connector = connector_for(room, builtin="", monitor_token="")
    backoff = Backoff(longest=LONGEST_WAIT)
    supervisor = RoomSupervisor("bench", connector, ears.on_track, ears.on_state, backoff=backoff)
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run())
        try:
            yield ears
        finally:
            supervisor.stop()


async def restarts(room: AnyRoom, stage: Stage, count: int, done: Callable[[], None]) -> tuple[list[float], Ears]:
    """Seconds from the server's return until the room is heard again, each time, and what was heard.

    Raises TimeoutError where it isn't within a minute.
    """
    waits: list[float] = []
    async with _monitored(room) as ears, stage.talking():
        await ears.first.wait()
        for _ in range(count):
            await stage.die()
            await asyncio.sleep(0.5 + random.random())  # noqa: S311
            ears.first.clear()
            back = await stage.back()
            async with asyncio.timeout(60):
                await ears.first.wait()
            waits.append(ears.first_at - back)
            done()
            await asyncio.sleep(1.0)
    return waits, ears


class _JanusStage:
    def __init__(self, janus: Janus) -> None:
        self._janus = janus
        self.die, self.back = janus.kill, janus.start

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            talker = group.create_task(_always(self._janus))
            yield
            talker.cancel()


async def _always(janus: Janus) -> None:
    """Somebody who talks all the time and is back as soon as anybody can be."""
    speakers, said = Speakers(Plan((), warm=False)), _tone(PITCHES[0])
    while True:
        voice = _voice(f"{PITCHES[0]} always", said, 3600.0, random.Random(0))  # noqa: S311
        try:
            await speakers.at_janus(Seat("bench", janus.url, ROOM), voice)
        except (ConnectionLost, Refused):
            await asyncio.sleep(0.05)


async def _joins(janus: Janus, room: AnyRoom, count: int, seed: int, done: Callable[[], None]) -> Ears:
    chance = random.Random(seed)  # noqa: S311
    speakers, tones = Speakers(Plan((), warm=False)), [_tone(pitch) for pitch in PITCHES]
    free = asyncio.Semaphore(AT_ONCE)

    async def come(number: int) -> None:
        which = number % len(PITCHES)
        voice = _voice(f"{PITCHES[which]} number {number}", tones[which], chance.uniform(0.3, 2.5), chance)
        async with free:
            await asyncio.sleep(chance.uniform(0, 0.3))
            try:
                await speakers.at_janus(Seat("bench", janus.url, ROOM), voice)
            except (ConnectionLost, Refused):
                return
            finally:
                done()

    async with _monitored(room) as ears:
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(come(number))
        await asyncio.sleep(1.0)
    return ears


def _voice(name: str, said: Sound, seconds: float, chance: random.Random) -> CountedVoice:
    frames = rounds(said, [Turn(round(50 * seconds), 5)], chance.randrange(len(said.talk)))
    return CountedVoice(Truth("bench", name), frames, 0.0, chance)


def _tone(hertz: float) -> Sound:
    times = np.arange(4 * RATE) / RATE
    return sound((8000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16))
