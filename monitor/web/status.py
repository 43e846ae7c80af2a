"""How the service does, in figures for the people who run it: load, lag, machine, storage, models."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import Field

from monitor.access.roles import Permission, Person
from monitor.messages import CanaryRan, CoverageView, VoiceDetectorView
from monitor.telemetry.load import STAGES
from monitor.telemetry.parts import PARTS, resident
from monitor.telemetry.recent import Spread as Measured
from monitor.telemetry.vitals import Vital
from monitor.views import coverage_view
from monitor.web.answers import Answer, Trouble
from monitor.web.deps import WebDeps
from monitor.web.permits import needs
from monitor.web.standing import Standing

SIZES_AGE = 15.0
"""Seconds for which sizes on disk are believed: a walk over many clips takes a while."""
OFF = "Nothing measures this service: it runs without one."


class Moment(Answer):
    """One entry of the last hour, a few seconds apart. Rates are since the entry before."""

    at: float
    waiting: float = Field(description="Seconds of speech that wait for the recogniser")
    oldest: float = Field(description="Seconds that the oldest of it waits")
    heard: float = Field(description="Seconds of speech transcribed, a second")
    busy: float = Field(description="Threads of the recogniser that worked")
    lost: float = Field(description="Seconds not examined, a second")
    alerts: float = Field(description="A minute")
    cpu: float = Field(description="Cores that the service used")
    memory: int = Field(description="Bytes")
    late: float = Field(description="Seconds of speech that wait on disk")
    effort: int = Field(description="Step of effort: 0, everything is done for each utterance, and up")
    lag: float = Field(
        description="Seconds from an utterance's last word to its stored text, for 95 of 100 in the minute before; 0:"
        " there was none"
    )


class Spread(Answer):
    """Of what was measured in the last five minutes."""

    half: float = Field(description="The median")
    most: float = Field(description="95 of 100 are at most this")
    count: int


class Load(Answer):
    waiting: float = Field(description="Seconds of speech that wait for the recogniser")
    oldest: float = Field(description="Seconds that the oldest of it waits")
    backlog: float = Field(description="Seconds of speech that may wait; beyond it the oldest is given up")
    threads: int = Field(description="Of the recogniser")
    late: float = Field(description="Seconds of it on disk: heard once there is time")
    effort: int = Field(description="Step of effort: 0, everything is done for each utterance, and up")
    effort_words: str = Field(description="What is done less, in plain words")
    real_time: float | None = Field(
        description="Seconds of CPU in the recogniser, and the detector before it, for a second of speech; of the last"
        " minute. null: nothing was said"
    )
    parts: dict[str, float] = Field(description="Cores that each part of the service used in the last minute")
    stages: dict[str, Spread] = Field(
        description="Seconds of an utterance in each stage: cut (from the end of its last word), queued, heard, handed"
        " (back), matched, stored, sent (a message, to one client)"
    )
    text_delay: Spread | None = Field(
        description="Seconds from the end of an utterance's last word to its stored text; null: there was none"
    )
    alert_delay: list[float] = Field(
        description="Seconds from the last word to the alert, of the newest 200: the median, and what 95 of 100 are"
        " quicker than; empty: no alert yet"
    )
    feed_clients: int
    feed_overruns: int = Field(description="Clients that were closed because they read too slowly")
    history: list[Moment] = Field(description="The last hour, oldest first")


class Machine(Answer):
    cores: int
    load: float = Field(description="Of the whole machine, last minute; 0 where the system doesn't say")
    memory: int = Field(description="Bytes that the service has")


class Store(Answer):
    """A part of the data directory."""

    name: str
    bytes: int
    files: int


class Storage(Answer):
    parts: list[Store] = Field(description="Largest first")
    free: int = Field(description="Bytes of the disk")
    total: int
    keep_days: float
    utterances: int
    alerts: int
    oldest: float | None = Field(description="Unix time of the oldest event that is kept; null: none")


class RoomStanding(Answer):
    """A monitored room, as an operator looks at it."""

    room: str
    name: str
    kind: str
    state: str
    detail: str
    away: float | None = Field(description="Unix time since which the monitor wants to be there and isn't; null: it is")
    speakers: int
    canary: bool
    coverage: CoverageView


class ServiceStatus(Answer):
    at: float
    began: float = Field(description="Unix time at which the service began")
    version: str
    reasons: list[str] = Field(description="What is wrong now, in plain words; empty: nothing")
    model: str
    second_model: str = Field(description="Hears hits again; empty: none")
    voices: VoiceDetectorView | None
    lists: list[str] = Field(description="Keyword lists in force, name@version")
    problems: list[str] = Field(description="Of lists that are refused")
    canary: CanaryRan | None = Field(description="Its last try; null: none, or it is off")
    canary_on: bool
    coverage: CoverageView = Field(description="Of all rooms since the start, the canary's not counted")
    load: Load
    machine: Machine
    storage: Storage
    rooms: list[RoomStanding] = Field(description="Those in trouble first")


def status_routes(deps: WebDeps) -> APIRouter:
    router = APIRouter(tags=["service"])
    sizes = _Sizes()

    @router.get("/api/status", responses={404: {"model": Trouble, "description": OFF}})
    async def status(
        _: Annotated[Person, needs(Permission.HEALTH)],
        history: Annotated[bool, Query(description="With the load of the last hour")] = True,
    ) -> ServiceStatus:
        """Coverage, lag, load, rooms in trouble, models, canary and storage: what an operator looks at."""
        if deps.standing is None:
            raise HTTPException(404, OFF)
        return await _answer(deps, deps.standing(), sizes, history)

    return router


async def _answer(deps: WebDeps, standing: Standing, sizes: _Sizes, history: bool) -> ServiceStatus:
    hello = deps.hello()
    return ServiceStatus(
        at=time.time(),
        began=standing.vitals.began,
        version=hello.version,
        reasons=deps.health(),
        model=hello.model,
        second_model=standing.second_model,
        voices=hello.voices,
        lists=hello.lists,
        problems=hello.problems,
        canary=deps.canary.last if deps.canary else None,
        canary_on=deps.canary is not None,
        coverage=coverage_view(standing.coverage),
        load=await _load(deps, standing, history),
        machine=Machine(cores=os.cpu_count() or 1, load=_machine_load(), memory=resident()),
        storage=await _storage(deps, standing, sizes),
        rooms=_rooms(deps, standing),
    )


def _rooms(deps: WebDeps, standing: Standing) -> list[RoomStanding]:
    rooms = [
        RoomStanding(
            room=room.id,
            name=room.name or room.id,
            kind=standing.kinds.get(room.id, ""),
            state=room.state,
            detail=room.detail,
            away=standing.away.get(room.id) or None,
            speakers=len(room.speakers),
            canary=room.canary,
            coverage=room.coverage,
        )
        for room in deps.hello().rooms
    ]
    return sorted(rooms, key=lambda room: (room.away is None, room.canary))


async def _load(deps: WebDeps, standing: Standing, history: bool) -> Load:
    delays = sorted(await deps.store.delays())
    sums = deps.metrics.totals(["room_monitor_feed_clients", "room_monitor_feed_overruns_total"])
    recent, lately = deps.metrics.recent, standing.vitals.lately()
    return Load(
        waiting=round(standing.waiting, 3),
        oldest=round(standing.oldest, 3),
        backlog=standing.backlog,
        threads=standing.threads,
        late=round(standing.late, 3),
        effort=standing.effort,
        effort_words=standing.effort_words,
        real_time=_real_time(lately),
        parts=_parts(lately),
        stages={stage: found for stage in STAGES if (found := _spread(recent.spread(stage))) is not None},
        text_delay=_spread(recent.spread("text")),
        alert_delay=[round(delays[int(share * (len(delays) - 1))], 3) for share in (0.5, 0.95)] if delays else [],
        feed_clients=int(sums["room_monitor_feed_clients"]),
        feed_overruns=int(sums["room_monitor_feed_overruns_total"]),
        history=[_moment(one) for one in standing.vitals.kept] if history else [],
    )


def _moment(one: Vital) -> Moment:
    return Moment(
        at=one.at,
        waiting=round(one.waiting, 2),
        oldest=round(one.oldest, 2),
        heard=round(one.heard, 3),
        busy=round(one.busy, 3),
        lost=round(one.lost, 3),
        alerts=round(one.alerts, 2),
        cpu=round(one.cpu, 3),
        memory=one.memory,
        late=round(one.late, 1),
        effort=one.step,
        lag=round(one.lag, 3),
    )


def _spread(found: Measured | None) -> Spread | None:
    return Spread(half=round(found.half, 4), most=round(found.most, 4), count=found.count) if found else None


def _real_time(lately: Sequence[Vital]) -> float | None:
    heard = sum(one.heard for one in lately)
    return round(sum(one.parts["recogniser"] + one.parts["gate"] for one in lately) / heard, 4) if heard else None


def _parts(lately: Sequence[Vital]) -> dict[str, float]:
    return {part: round(sum(one.parts[part] for one in lately) / len(lately), 3) for part in PARTS} if lately else {}


def _machine_load() -> float:
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return 0.0


async def _storage(deps: WebDeps, standing: Standing, sizes: _Sizes) -> Storage:
    utterances, alerts, oldest = await deps.store.kept()
    parts = await sizes.of(standing.data)
    disk = shutil.disk_usage(standing.data)
    return Storage(
        parts=parts,
        free=disk.free,
        total=disk.total,
        keep_days=standing.keep_days,
        utterances=utterances,
        alerts=alerts,
        oldest=oldest,
    )


class _Sizes:
    """Sizes in the data directory, measured at most now and then, in a thread, once for all who ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = float("-inf")
        self._known: list[Store] = []
        self._lock = asyncio.Lock()

    async def of(self, data: Path) -> list[Store]:
        async with self._lock:
            if self._clock() - self._at > SIZES_AGE:
                self._known = await asyncio.to_thread(_measure, data)
                self._at = self._clock()
        return self._known


def _measure(data: Path) -> list[Store]:
    """The database with its journals is one part, and so is each directory; loose files are one together. Blocking."""
    found: dict[str, tuple[int, int]] = {}
    for path in _files(data):
        name = path.relative_to(data).parts[0]
        if path.parent == data:
            name = "database" if name.startswith("monitor.db") else "other"
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            continue  # deleted meanwhile
        before = found.get(name, (0, 0))
        found[name] = (before[0] + size, before[1] + 1)
    parts = [Store(name=name, bytes=size, files=count) for name, (size, count) in found.items()]
    return sorted(parts, key=lambda part: -part.bytes)


def _files(data: Path) -> list[Path]:
    return [Path(directory) / name for directory, _, names in os.walk(data) for name in names]
