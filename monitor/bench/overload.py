"""`bench overload`: more rooms than the machine can hear, for a while; what becomes of each second, and how soon all is
as before.

The same rooms as in `bench capacity`. Some are there all the time; the others come after a minute, talk for a while and
leave. Every sample of every speaker must be in the ledger in the end, in one state.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from monitor import house as houses
from monitor.bench import vitals
from monitor.bench.capacity import Account, Result, pair, prepared, talks_of, watch
from monitor.bench.clips import Clip
from monitor.bench.machine import describe
from monitor.bench.paced import PacedTrack, Talk
from monitor.config import Settings
from monitor.house import House
from monitor.model import FRAME, RATE, Heard

BEFORE, AFTER = 60.0, 90.0
"""Seconds with the usual rooms alone, before and after."""
NORMAL = 1.5
"""What counts as normal again: the p95 of before, times this."""


@dataclass(frozen=True, slots=True)
class Second:
    """How it was at one moment."""

    at: float  # seconds since the beginning
    step: int
    waiting: float  # seconds of speech, with those on disk
    late: float  # seconds of speech on disk
    memory: float  # MB


@dataclass(slots=True)
class Run:
    began: float = 0.0  # wall time
    result: Result = field(default_factory=lambda: Result("overload", 0))
    delays: list[tuple[float, float]] = field(default_factory=list)  # when its speech ended; seconds to the stored text
    seconds: list[Second] = field(default_factory=list)
    states: dict[Heard, float] = field(default_factory=dict)
    fed: float = 0.0  # seconds of audio that the tracks have given
    drained: float = 0.0  # seconds that the rest took after the last room was left

    def between(self, start: float, end: float) -> list[float]:
        return [delay for ended, delay in self.delays if start <= ended < end]


class _Account(Account):
    """Notes when each delay was."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.result)
        self._run = run

    def note(self, ended: float, delay: float) -> None:
        self._run.delays.append((ended - self._run.began, delay))


async def measure(
    settings: Settings, clips: Sequence[Clip], rooms: int, times: float, seconds: float, out: Console
) -> bool:
    """Measure and print; whether every sample is in the ledger. Raises OperatorError."""
    talks, words = await asyncio.to_thread(talks_of, clips)
    with tempfile.TemporaryDirectory(prefix="room-monitor-overload-") as scratch:
        ready = prepared(settings, round(rooms * times), Path(scratch), words, "short contexts")
        most = len(ready.rooms)
        out.print(f"{rooms} rooms for {BEFORE:g} s, {most} for {seconds:g} s, {rooms} for {AFTER:g} s …")
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            loop = asyncio.get_running_loop()
            run = await loop.run_in_executor(pool, _child, ready, talks, rooms, seconds)
    return _show(run, rooms, most, seconds, out)


def _child(settings: Settings, talks: Sequence[Talk], rooms: int, seconds: float) -> Run:
    run = Run()
    asyncio.run(_hold(settings, talks, rooms, seconds, run))
    return run


async def _hold(settings: Settings, talks: Sequence[Talk], rooms: int, seconds: float, run: Run) -> None:
    account = _Account(run)
    async with houses.build(settings, settings.storage.data, account.told) as house, asyncio.TaskGroup() as tasks:
        hearing = tasks.create_task(house.run())
        run.began = time.time()
        looking = tasks.create_task(_look(house, run))
        await _talk(house, settings, talks, rooms, seconds, account, run)
        left = time.monotonic()
        house.batcher.close()
        await hearing
        run.drained = time.monotonic() - left
        looking.cancel()
        totals: Counter[Heard] = Counter()
        for track in account.tracks.values():
            totals.update(house.book.ledger(track.id).totals().seconds)
        run.states = dict(totals)


async def _talk(
    house: House, settings: Settings, talks: Sequence[Talk], rooms: int, seconds: float, account: Account, run: Run
) -> None:
    now = asyncio.get_running_loop().time()
    end = now + BEFORE + seconds + AFTER

    async def room(number: int) -> None:
        guest = number >= rooms
        if guest:
            await asyncio.sleep(BEFORE)
        name = settings.rooms[number].id
        track = account.tracks[name] = PacedTrack(talks, number, now + BEFORE + seconds if guest else end)
        await watch(house, settings, name).on_track(track)
        run.fed += track.given * FRAME / RATE

    async with asyncio.TaskGroup() as tasks:
        for number in range(len(settings.rooms)):
            tasks.create_task(room(number))


async def _look(house: House, run: Run) -> None:
    while True:
        step, _ = house.batcher.follow()
        waiting, late = house.batcher.waiting_seconds, house.batcher.late_seconds
        run.seconds.append(Second(time.time() - run.began, step, waiting, late, vitals.resident()))
        await asyncio.sleep(1.0)


def _show(run: Run, rooms: int, most: int, seconds: float, out: Console) -> bool:
    end = BEFORE + seconds
    table = Table(title=f"{rooms} rooms, then {most} for {seconds:g} s, then {rooms} again")
    for name in ("when", "texts", "p50 / p95 s to the text", "steps", "waits s", "on disk s", "MB"):
        table.add_column(name, justify="left" if name == "when" else "right")
    usual = run.between(10, BEFORE)
    for name, first, last in (
        ("before", 0.0, BEFORE),
        ("too many", BEFORE, end),
        ("the first 30 s after", end, end + 30),
        ("from 30 s after on", end + 30, end + AFTER),
    ):
        moments = [one for one in run.seconds if first <= one.at < last]
        delays = run.between(first, last)
        table.add_row(
            name,
            str(len(delays)),
            pair(delays),
            " ".join(map(str, _changes(moments))),
            f"{max((one.waiting for one in moments), default=0):.0f}",
            f"{max((one.late for one in moments), default=0):.0f}",
            f"{max((one.memory for one in moments), default=0):.0f}",
        )
    out.print(table)
    booked = sum(run.states.values())
    states = ", ".join(f"{state.value} {value:.1f} s" for state, value in sorted(run.states.items()) if value >= 0.05)
    out.print(f"In the ledger: {states}; together {booked:.1f} s of {run.fed:.1f} s that came.", highlight=False)
    out.print("Most of each in that time; from the end of speech to the stored text.", highlight=False)
    out.print(_normal_again(run, usual, end), highlight=False)
    out.print(f"What was left when the last room was left took {run.drained:.1f} s.", highlight=False)
    out.print(describe(), style="dim", highlight=False)
    return abs(booked - run.fed) < 1.0


def _changes(moments: Sequence[Second]) -> list[int]:
    """The steps, each as long as it lasted once."""
    steps = [one.step for one in moments]
    return [step for n, step in enumerate(steps) if n == 0 or step != steps[n - 1]]


def _normal_again(run: Run, usual: Sequence[float], end: float) -> str:
    """When texts came again as quickly as before."""
    if not usual:
        return "Too little was said before to know what is normal."
    limit = NORMAL * sorted(usual)[round(0.95 * (len(usual) - 1))]
    slow = [ended - end for ended, delay in run.delays if ended >= end and delay > limit]
    if not slow:
        return f"Normal ({limit:.2f} s, {NORMAL:g} times the p95 of before) at once."
    return (
        f"The last text that took more than {limit:.2f} s ({NORMAL:g} times the p95 of before) was said "
        f"{max(slow):.1f} s after the end of it."
    )
