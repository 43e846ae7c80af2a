"""`bench rooms`: what a room costs, silent and talking, for each kind that can be had here, from 1 room to many.

The measured process hears its rooms as the service does (receiver, first voice detector, segmenter, ledger) and throws
the utterances away. Speakers, and Janus, are in processes of their own, whose CPU is not counted; the built-in rooms'
server is part of the service, and so is counted. One speaker a room. In a silent room a speaker is connected and
sends nothing, as one with DTX or a muted one does.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from monitor.bench import vitals
from monitor.bench.crowd import Plan, Seat
from monitor.bench.crowd_link import LINE, crowd
from monitor.bench.crowd_voice import FRAME_SECONDS
from monitor.bench.janus import Janus, running
from monitor.bench.machine import describe
from monitor.bench.rooms_child import Report
from monitor.errors import OperatorError

KINDS = ("janus", "stock", "builtin")
"""`stock`: the same Janus rooms with aiortc's own receiver and a resampler, without any hearing."""
SETTLE = 3.0
"""Seconds after everybody is there that are not measured."""
PATIENCE, A_ROOM = 15.0, 0.4
"""Seconds until everybody must be there, and so many more for each room; who is not there then isn't."""
FIRST = 1001


@dataclass(frozen=True, slots=True)
class Row:
    kind: str
    rooms: int
    talking: bool
    cpu: float  # share of one core
    memory: float  # MB above a process with no rooms
    heard: int  # streams of which audio came
    lost: float  # share of the audio that was sent meanwhile
    lag: float  # seconds, p99: by how much the event loop was late


@dataclass(frozen=True, slots=True)
class Hall:
    """Rooms of one kind, and who is in them."""

    rooms: list[dict[str, Any]]  # settings
    people: Callable[[str, bool], AbstractAsyncContextManager[object]]
    """One speaker a room, talking or silent, for as long as the context lasts. Gets the measured process's address."""


Builder = Callable[[int], Hall]
"""A hall of so many rooms."""


async def measure(
    kinds: Sequence[str], counts: Sequence[int], seconds: float, out: Console, more: Mapping[str, Builder] | None = None
) -> list[Row]:
    """Measure and print. `more`: kinds whose servers the caller has. Raises OperatorError where there is no Janus."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="room-monitor-rooms-") as name:
        scratch = Path(name)
        numbers = [FIRST + number for number in range(max(counts))]
        async with running(scratch / "janus", numbers) as janus:
            halls = {**_halls(janus, scratch), **(more or {})}
            _head(out)
            with Progress(console=out, transient=True) as progress:
                bar = progress.add_task("Rooms", total=len(kinds) * len(counts))
                for kind in kinds:
                    for count in counts:
                        progress.update(bar, description=f"{kind}, {count} rooms")
                        silent, talking = await _cell(kind, halls[kind](count), seconds, scratch)
                        found += [silent, talking]
                        _show(silent, talking, out)
                        progress.advance(bar)
    out.print(describe(), style="dim", highlight=False)
    return found


class _Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.url = ""

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ask(self, text: str) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018  pipes
        self._process.stdin.write(text.encode() + b"\n")
        await self._process.stdin.drain()
        line = await self._process.stdout.readline()
        if not line:
            raise OperatorError("the measured process has died: its log tells why")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def report(self) -> Report:
        return Report(**await self.ask(""))


@asynccontextmanager
async def _child(rooms: list[dict[str, Any]], stock: bool, log: Path) -> AsyncIterator[_Child]:
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitor.bench.rooms_child",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors, limit=LINE,
        )  # fmt: skip
    child = _Child(process)
    try:
        child.url = (await child.ask(json.dumps({"rooms": rooms, "stock": stock})))["url"]
        yield child
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _halls(janus: Janus, scratch: Path) -> dict[str, Builder]:
    """The kinds whose servers can be had on any machine."""

    def videorooms(count: int) -> Hall:
        numbers = range(FIRST, FIRST + count)
        rooms = [{"id": f"r{n}", "kind": "janus", "address": janus.url, "room": n} for n in numbers]
        return Hall(rooms, lambda _, talking: crowded([Seat(f"r{n}", janus.url, n) for n in numbers], talking))

    def builtin(count: int) -> Hall:
        rooms = [{"id": f"r{n}"} for n in range(count)]
        seats = [f"/rooms/r{n}/ws" for n in range(count)]
        return Hall(rooms, lambda url, talking: crowded([Seat(path, url + path) for path in seats], talking))

    @asynccontextmanager
    async def crowded(seats: Sequence[Seat], talking: bool) -> AsyncIterator[None]:
        plan = Plan(tuple(seats), loss=0.0, warm=False, steady=True, silent=not talking)
        async with crowd(plan, scratch / "crowd.log") as people:
            await people.go()
            yield

    return {"janus": videorooms, "stock": videorooms, "builtin": builtin}


async def _cell(kind: str, hall: Hall, seconds: float, scratch: Path) -> list[Row]:
    """Silent, then talking."""
    async with _child([], False, scratch / "child.log") as nothing:
        await asyncio.sleep(1.0)
        bare = vitals.resident(nothing.pid)
    rows = []
    for talking in (False, True):
        async with _child(hall.rooms, kind == "stock", scratch / "child.log") as child, hall.people(child.url, talking):
            rows.append(await _measured(child, kind, len(hall.rooms), talking, seconds, bare))
    return rows


async def _measured(child: _Child, kind: str, count: int, talking: bool, seconds: float, bare: float) -> Row:
    # aiortc's own receiver tells of a silent stream in no way that could be counted: it is given the time.
    wanted = 0 if kind == "stock" and not talking else count
    try:
        async with asyncio.timeout(PATIENCE + A_ROOM * count):
            while True:
                found = await child.report()
                if found.live >= count and (found.heard if talking else found.tracks) >= wanted:
                    break
                await asyncio.sleep(0.5)
    except TimeoutError:
        pass  # the row tells how many are there
    if not wanted:
        await asyncio.sleep(0.1 * count)
    await asyncio.sleep(SETTLE)
    await child.report()
    before = vitals.cpu(child.pid)
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    took = asyncio.get_running_loop().time() - began
    cpu = (vitals.cpu(child.pid) - before) / took
    found = await child.report()
    heard = (found.frames - found.lost) * FRAME_SECONDS / (took * count)
    memory = vitals.resident(child.pid) - bare
    return Row(kind, count, talking, cpu, memory, found.heard, max(0.0, 1 - heard), found.lag)


def _head(out: Console) -> None:
    out.print(
        "CPU of one core, and memory above a process without rooms (silent, talking). janus: VideoRooms, heard as the "
        "service does, up to the utterance. stock: the same rooms with aiortc's own receiver and a resampler, no "
        "hearing. builtin: with the rooms' server. heard: streams of which audio came. late: by how much the event "
        "loop is, which has one core and no more (p99).",
        highlight=False,
    )
    heads = ("kind", "rooms", "silent", "a room", "talking", "a room", "memory a room", "heard", "lost", "late")
    out.print(_line(heads), style="bold", highlight=False, soft_wrap=True)


def _show(silent: Row, talking: Row, out: Console) -> None:
    count = talking.rooms
    cells = (
        talking.kind,
        str(count),
        f"{100 * silent.cpu:.1f} %",
        f"{100 * silent.cpu / count:.2f} %",
        f"{100 * talking.cpu:.1f} %",
        f"{100 * talking.cpu / count:.2f} %",
        f"{silent.memory / count:.1f}, {talking.memory / count:.1f} MB",
        str(talking.heard),
        f"{100 * talking.lost:.1f} %",
        f"{1000 * talking.lag:.0f} ms",
    )
    out.print(_line(cells), highlight=False, soft_wrap=True)


def _line(cells: Sequence[str]) -> str:
    widths = (8, 5, 8, 7, 8, 7, 14, 5, 7, 7)
    return " ".join(
        cell.ljust(width) if n == 0 else cell.rjust(width)
        for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
