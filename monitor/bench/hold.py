"""One hold of a bench: the real service with so many rooms for a while, in a process of its own, and what came of it.

A room's speaker is a track of paced.py without a network, or a real WebRTC participant of a built-in room, whose
process is a third one. Everything behind is the product's: supervisors, VAD, segmenter, recogniser, keyword lists,
alerts with their clips, voices, database, web server, and the feed with a client of its own, in a process of its own.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import os
import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from monitor import house as houses
from monitor import memory
from monitor.app import Service
from monitor.bench import crowd_talk, vitals
from monitor.bench.account import Record
from monitor.bench.crowd import Plan as CrowdPlan
from monitor.bench.crowd import Seat
from monitor.bench.crowd_link import Crowd, crowd
from monitor.bench.onlooker import onlooker
from monitor.bench.paced import PacedRoom, PacedTrack, SilentTrack, Talk
from monitor.bench.quick_ear import QuickEar
from monitor.bench.stages import Stages
from monitor.config import Settings
from monitor.config_rooms import AnyRoom, JanusRoom
from monitor.connecting import connector_for
from monitor.house import House
from monitor.messages import Numbered, RoomChanged
from monitor.model import FRAME, RATE, Heard, RoomState
from monitor.rooms.connector import Connector
from monitor.rooms.ice import allow_loopback
from monitor.telemetry.logs import configure

LOST = (Heard.LOST_OVERLOAD, Heard.LOST_ERROR, Heard.LOST_NETWORK, Heard.PENDING)
TICK = 0.05
"""Seconds between looks at how late the event loop is."""
PATIENCE, A_ROOM = 60.0, 1.0
"""Seconds until all rooms must be live, and so many more for each."""
NICE = 15
"""Participants over WebRTC give way to the service, its model's threads included: on a small machine they share its
cores."""
REST = 5.0
"""Seconds of rest before the memory of silent rooms is looked at."""


class Over(StrEnum):
    """How sound comes to the service."""

    PCM = "pcm"  # as frames, without a network
    WEBRTC = "webrtc"  # real participants of built-in rooms, Opus; their server is part of the service
    JANUS = "janus"  # real participants of a Janus's VideoRooms, Opus; it is a process of its own


_SETTLED = 4.0
"""Seconds after the last participant came until what is said counts."""


@dataclass(frozen=True, slots=True)
class Shift:
    """So many rooms in which somebody talks, from `start` to `end`, in seconds after all rooms are live."""

    rooms: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Plan:
    shifts: tuple[Shift, ...]  # over a network: one, from the beginning
    over: Over = Over.PCM
    silent: bool = False  # everybody is there and says nothing
    stages: bool = False  # count where the CPU time goes: a few percent more of it
    quick: tuple[str, ...] = ()  # in place of the model a recogniser that takes no time, and hears these texts

    @property
    def rooms(self) -> int:
        return sum(shift.rooms for shift in self.shifts)

    @property
    def seconds(self) -> float:
        return max(shift.end for shift in self.shifts)


@dataclass(frozen=True, slots=True)
class Second:
    """How it was at one moment."""

    at: float  # wall time
    step: int
    waiting: float  # seconds of speech, with those on disk
    late: float  # seconds of speech on disk
    memory: float  # MB


@dataclass(frozen=True, slots=True)
class Booked:
    """What the ledger has of one room, beside what came there. Seconds."""

    ledger: float
    given: float
    idle: float  # for which a track was open and nothing came

    @property
    def off(self) -> float:
        """What came and is not in the ledger, or is in it and never was."""
        return max(self.given - self.ledger, self.ledger - self.given - self.idle, 0.0)


@dataclass(slots=True)
class Held:
    """What came of it. Times are wall times, CPU is seconds of it over `seconds`."""

    record: Record = field(default_factory=Record)
    ends: dict[str, list[float]] = field(default_factory=dict)  # when speech ended, by room
    began: float = 0.0
    seconds: float = 0.0
    moments: list[Second] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)  # by what threads are for
    crowd_cpu: float = 0.0
    machine: float = 0.0  # all processes
    stages: dict[str, float] = field(default_factory=dict)
    calls: dict[str, float] = field(default_factory=dict)
    late: float = 0.0  # seconds, p99: by how much the event loop was
    tardy: float = 0.0  # share of the participants' packets that they sent more than 0.1 s late
    states: dict[Heard, float] = field(default_factory=dict)  # seconds, of all rooms
    booked: tuple[Booked, ...] = ()  # by room; empty: what came is not known
    spoken: float = 0.0  # seconds of speech
    drained: float = 0.0  # seconds that what was left took after the rooms were left
    arrived: dict[int, float] = field(default_factory=dict)  # when the feed's client had a message, by its number
    rested: float = 0.0  # MB, of silent rooms after a rest

    @property
    def lost(self) -> float:
        """Seconds of speech that nobody heard, whatever for."""
        return sum(self.states.get(state, 0.0) for state in LOST)


async def hold(settings: Settings, plan: Plan, talks: Sequence[Talk], scratch: Path) -> Held:
    """`settings`: with the rooms, and `scratch` for data. In a process of its own: memory and CPU are its alone."""
    await asyncio.to_thread(crowd_talk.save, talks, scratch / "talks.npz")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, _child, settings, plan, scratch)


def _child(settings: Settings, plan: Plan, scratch: Path) -> Held:
    configure("text", level=logging.ERROR)
    allow_loopback()
    run = _Run(settings, plan, scratch)
    asyncio.run(run.go())
    return run.held


class _Run(Service):
    """The service, and the people in its rooms."""

    def __init__(self, settings: Settings, plan: Plan, scratch: Path) -> None:
        super().__init__(settings, connects=self._connects if plan.over is Over.PCM else connector_for)
        self.held = Held()
        self._plan = plan
        self._scratch = scratch
        self._talks = crowd_talk.load(scratch / "talks.npz")
        self._paced: dict[str, PacedRoom] = {room.id: PacedRoom() for room in settings.rooms}
        self._tracks: dict[str, PacedTrack] = {}
        self._states: dict[str, str] = {}
        self._lags: deque[float] = deque(maxlen=100_000)
        self._counting = Stages()
        self._house: House | None = None

    async def go(self) -> None:
        settings, plan = self._settings, self._plan
        ear = QuickEar(plan.quick) if plan.quick else None
        with ExitStack() as counting:
            if plan.stages:
                counting.enter_context(self._counting.counting())
            async with houses.build(
                settings,
                settings.storage.data,
                self.told,
                metrics=self._metrics,
                passing=self._feed.passing,
                hears=ear,
            ) as house:
                self._house = house
                await self.serve(house, self._beside)
                self._add_up(house)

    def _add_up(self, house: House) -> None:
        """All is over."""
        held, tracks = self.held, self._tracks
        held.drained = time.time() - held.drained
        totals: Counter[Heard] = Counter()
        rooms = {room.id: house.book.room(room.id).seconds for room in self._settings.rooms}
        for seconds in rooms.values():
            totals.update(seconds)
        held.states = dict(totals)
        if tracks:
            held.booked = tuple(
                Booked(sum(rooms[room].values()), track.given * FRAME / RATE, track.idle)
                for room, track in tracks.items()
            )
            held.spoken = sum(track.spoken for track in tracks.values())
            held.ends = {room: sorted(track.ends) for room, track in tracks.items()}

    def told(self, message: Numbered) -> None:
        self.held.record.told(message, time.time())
        if isinstance(message, RoomChanged):
            self._states[message.room.id] = message.room.state
        super().told(message)

    def _connects(self, room: AnyRoom, **_: Any) -> Connector:
        return self._paced[room.id]

    async def _beside(self, url: str) -> None:
        held, plan = self.held, self._plan
        async with AsyncExitStack() as stack:
            await self._all_live()
            look = await stack.enter_async_context(onlooker(url, self._scratch / "onlooker.log"))
            people = None
            if plan.over is not Over.PCM:
                people = await stack.enter_async_context(crowd(self._crowd(url), self._scratch / "crowd.log"))
            if plan.silent:
                await self._rest(people)
            else:
                await self._busy(people)
            held.arrived = await look.over()
        held.drained = time.time()
        self.stop()

    async def _all_live(self) -> None:
        rooms = [room.id for room in self._settings.rooms]
        async with asyncio.timeout(PATIENCE + A_ROOM * len(rooms)):
            while any(self._states.get(room) != RoomState.LIVE.value for room in rooms):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    def _crowd(self, url: str) -> CrowdPlan:
        socket = url.replace("http", "ws", 1)
        seats = tuple(
            Seat(room.id, room.address, int(room.room))
            if isinstance(room, JanusRoom)
            else Seat(room.id, f"{socket}/rooms/{room.id}/ws")
            for room in self._settings.rooms
        )
        talks = "" if self._plan.silent else str(self._scratch / "talks.npz")
        return CrowdPlan(seats, loss=0.0, warm=False, steady=True, silent=not talks, talks=talks, nice=NICE)

    async def _rest(self, people: Crowd | None) -> None:
        """Everybody comes, and nobody says anything."""
        async with asyncio.TaskGroup() as tasks:
            if people is not None:
                tasks.create_task(people.until("done"))
                await people.go()
            else:
                for number, room in enumerate(self._settings.rooms):
                    await self._paced[room.id].coming.put(SilentTrack(number))
            async with asyncio.timeout(PATIENCE + A_ROOM * self._plan.rooms):
                while self._present() < self._plan.rooms:  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
            await asyncio.sleep(REST)
            gc.collect()
            await asyncio.to_thread(memory.give_back)
            self.held.rested = vitals.resident()
            if people is not None:
                await people.stop()

    def _present(self) -> int:
        watches = self._rooms.watches.values() if self._rooms else ()
        return sum(len(watch.speakers) for watch in watches)

    async def _busy(self, people: Crowd | None) -> None:
        held = self.held
        async with asyncio.TaskGroup() as tasks:
            chores = [tasks.create_task(self._look()), tasks.create_task(self._tick())]
            if people is None:
                held.began = time.time()
                measured = tasks.create_task(self._measured(self._plan.seconds, people))
                await self._talk()
                await measured
            else:
                ended = tasks.create_task(people.until("done"))
                await people.go()
                await asyncio.sleep(0.1 * self._plan.rooms + _SETTLED)  # they come one after another
                held.began = time.time()
                await self._measured(self._plan.seconds, people)
                await people.stop()
                await ended
                held.ends = crowd_talk.speech_ends(tuple(people.visits))
                held.spoken = sum(truth.seconds for truth in people.visits)
                held.tardy = sum(truth.tardy for truth in people.visits) / max(1, sum(t.frames for t in people.visits))
            for chore in chores:
                chore.cancel()

    async def _measured(self, seconds: float, people: Crowd | None) -> None:
        """CPU while it goes on."""
        held = self.held
        pid = people.pid if people else os.getpid()
        before = vitals.threads(), vitals.cpu(pid), vitals.busy(), dict(self._counting.spent)
        calls, began = dict(self._counting.calls), time.monotonic()
        await asyncio.sleep(seconds)
        held.seconds = time.monotonic() - began
        held.cpu = vitals.since(before[0], vitals.threads())
        held.crowd_cpu = vitals.cpu(pid) - before[1] if people else 0.0
        held.machine = vitals.busy() - before[2]
        held.stages = vitals.since(before[3], self._counting.spent)
        held.calls = vitals.since(calls, self._counting.calls)

    async def _talk(self) -> None:
        """Without a network."""
        now = asyncio.get_running_loop().time()
        rooms = iter(self._settings.rooms)
        begun: list[tuple[str, float]] = []
        async with asyncio.TaskGroup() as tasks:
            for shift in self._plan.shifts:
                for _ in range(shift.rooms):
                    room = next(rooms).id
                    track = PacedTrack(self._talks, len(begun), now + shift.end)
                    self._tracks[room] = track
                    begun.append((room, shift.start))
                    tasks.create_task(self._come(room, track, shift.start))
            await asyncio.sleep(self._plan.seconds)

    async def _come(self, room: str, track: PacedTrack, after: float) -> None:
        await asyncio.sleep(after)
        await self._paced[room].coming.put(track)

    async def _look(self) -> None:
        while self._house is not None:
            batcher = self._house.batcher
            step, _ = batcher.follow()
            self.held.moments.append(
                Second(time.time(), step, batcher.waiting_seconds, batcher.late_seconds, vitals.resident())
            )
            await asyncio.sleep(1.0)

    async def _tick(self) -> None:
        try:
            while True:
                began = time.monotonic()
                await asyncio.sleep(TICK)
                self._lags.append(time.monotonic() - began - TICK)
        finally:
            self.held.late = float(np.percentile(self._lags, 99)) if self._lags else 0.0
