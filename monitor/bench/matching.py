"""`bench matching`: what 100,000 rules over all kinds cost: an utterance, memory, and a reload beside the event loop.

Each half (without and with sound-alikes) is measured in a process of its own, so that memory is its own. Times are wall
clock, and the processor time of the thread beside it: on a machine that has other work the first is more.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from monitor.bench.machine import describe
from monitor.bench.many_phrases import Maker
from monitor.keywords.garbage import let_go, resting, unwatch
from monitor.keywords.library import Library
from monitor.keywords.match import Matcher
from monitor.model import Word

WORDS = 30
_TICK = 0.001
_QUIET = 2.0  # seconds in which the loop's own unrest is measured
_WARM = 20  # utterances before the clock starts


@dataclass(frozen=True, slots=True)
class Spent:
    """Milliseconds an utterance."""

    wall: tuple[float, float, float]  # p50, p95, longest
    busy: tuple[float, float, float]  # processor time of the thread
    hits: int


@dataclass(frozen=True, slots=True)
class Swap:
    """A reload beside a ticking event loop. Seconds; stalls are how much later than asked for the loop's turn came."""

    took: float
    busy: float  # processor time of the thread that did it
    stall: float
    quiet: float  # the longest stall while nothing was done
    peak: float  # MB while both versions were there


@dataclass(frozen=True, slots=True)
class Figures:
    """What one half printed."""

    counts: dict[str, int]
    english: Spent
    mandarin: Spent
    compiled: Swap  # lists that are read already
    reloaded: Swap  # from files, all of them changed
    lists: float  # MB for lists and matcher, beyond the program's own


async def measure(rules: int, utterances: int, seed: int, out: Console) -> None:
    """Print the figures."""
    context = multiprocessing.get_context("spawn")
    halves: list[Figures] = []
    for sounds in (False, True):
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            halves.append(await asyncio.wrap_future(pool.submit(_half, rules, utterances, seed, sounds)))
    counts = halves[0].counts
    out.print(", ".join(f"{count:,} {kind}" for kind, count in counts.items()), highlight=False)
    table = Table("", "without sound", f"{counts['heard']:,} by sound", "wanted", box=None, header_style="bold")
    for name, figure, wanted in _rows():
        table.add_row(name, *(figure(half) for half in halves), wanted)
    out.print(table, highlight=False)
    out.print(
        f"{utterances:,} utterances of {WORDS} words in each language, drawn by how common words are, a tenth of the "
        f"English ones with a phrase in them; seed {seed}. In [ ]: processor time of the thread."
    )
    out.print(describe(), style="dim", highlight=False)


def _rows() -> list[tuple[str, Callable[[Figures], str], str]]:
    return [
        ("English utterance, p95 ms", lambda one: _p95(one.english), "≤ 1; by sound ≤ 5"),
        ("    p50 (longest)", lambda one: _p50(one.english), ""),
        ("Mandarin utterance, p95 ms", lambda one: _p95(one.mandarin), ""),
        ("    p50 (longest)", lambda one: _p50(one.mandarin), ""),
        ("hits in them", lambda one: f"{one.english.hits:,} + {one.mandarin.hits:,}", ""),
        ("memory, MB", lambda one: f"{one.lists:.0f}", "≤ 300"),
        ("    while both versions are there", lambda one: f"{one.reloaded.peak:.0f}", "≤ 300"),
        ("recompiled and swapped, s", lambda one: _seconds(one.compiled), "≤ 2"),
        ("    longest stall of the loop, ms", lambda one: _stall(one.compiled), "≤ 20"),
        ("all files read and checked, too, s", lambda one: _seconds(one.reloaded), ""),
        ("    longest stall of the loop, ms", lambda one: _stall(one.reloaded), "≤ 20"),
    ]


def _p95(spent: Spent) -> str:
    return f"{spent.wall[1]:.2f} [{spent.busy[1]:.2f}]"


def _p50(spent: Spent) -> str:
    return f"{spent.wall[0]:.2f} [{spent.busy[0]:.2f}] ({spent.wall[2]:.1f})"


def _seconds(swap: Swap) -> str:
    return f"{swap.took:.2f} [{swap.busy:.2f}]"


def _stall(swap: Swap) -> str:
    return f"{swap.stall * 1000:.0f} (idle: {swap.quiet * 1000:.0f})"


def _half(rules: int, utterances: int, seed: int, sounds: bool) -> Figures:
    """In a process of its own."""
    with tempfile.TemporaryDirectory(prefix="room-monitor-bench-") as scratch:
        directory = Path(scratch)
        maker = Maker(seed)
        made = maker.write(directory, rules, sounds)
        texts = {
            "en": list(maker.utterances(utterances + _WARM, WORDS, "en", made.planted)),
            "zh": list(maker.utterances(utterances + _WARM, WORDS, "zh")),
        }
        del maker
        gc.collect()
        before = _resident()
        library = Library(directory)
        library.load()
        gc.collect()
        held = _resident() - before
        spent = {language: _spent(library.matcher, texts[language], language) for language in texts}
        compiled, reloaded = asyncio.run(_swaps(library, directory, before))
        return Figures(made.counts, spent["en"], spent["zh"], compiled, reloaded, held)


def _spent(matcher: Matcher, utterances: list[list[Word]], language: str) -> Spent:
    walls: list[float] = []
    busy: list[float] = []
    hits = 0
    for number, words in enumerate(utterances):
        began, worked = time.perf_counter(), time.thread_time()
        found = matcher.examine(words, 0, language)
        if number >= _WARM:
            busy.append((time.thread_time() - worked) * 1000)
            walls.append((time.perf_counter() - began) * 1000)
            hits += len(found.hits)
    return Spent(_three(walls), _three(busy), hits)


def _three(values: list[float]) -> tuple[float, float, float]:
    p50, p95 = np.percentile(values, [50, 95])
    return float(p50), float(p95), max(values)


async def _swaps(library: Library, directory: Path, before: float) -> tuple[Swap, Swap]:
    ticks = _Ticks()
    async with asyncio.TaskGroup() as group:
        ticking = group.create_task(ticks.run())
        await asyncio.sleep(_QUIET)
        quiet, _ = ticks.take()
        compiled = await _swap(ticks, lambda: _compile(library), quiet, before)
        await asyncio.to_thread(_change, directory)
        reloaded = await _swap(ticks, library.poll, quiet, before)
        ticking.cancel()
    return compiled, reloaded


def _compile(library: Library) -> None:
    """As the library does it, from lists that are read already."""
    with resting():
        made: list[object] = [Matcher(library.matcher.lists)]
        unwatch(made)
        let_go(made, library.matcher.lists)


def _change(directory: Path) -> None:
    """All lists, so that all are read anew."""
    for path in directory.glob("*.toml"):
        text = path.read_text("utf-8")
        path.write_text(text.replace("phrases = [", 'phrases = [\n"one more",', 1), "utf-8")


async def _swap(ticks: _Ticks, work: Callable[[], object], quiet: float, before: float) -> Swap:
    busy = 0.0

    def timed() -> None:
        nonlocal busy
        worked = time.thread_time()
        work()  # what it gives back, or takes the place of, is let go in here too
        busy = time.thread_time() - worked

    ticks.take()
    began = time.perf_counter()
    await asyncio.to_thread(timed)
    took = time.perf_counter() - began
    await asyncio.sleep(10 * _TICK)  # a stall at the very end is seen by the next tick
    stall, peak = ticks.take()
    return Swap(took, busy, stall, quiet, peak - before)


class _Ticks:
    """Asks for the loop's turn every millisecond, and notes how late it comes and how much memory there is."""

    def __init__(self) -> None:
        self._late = 0.0
        self._peak = 0.0

    async def run(self) -> None:
        while True:
            asked = time.perf_counter()
            await asyncio.sleep(_TICK)
            self._late = max(self._late, time.perf_counter() - asked - _TICK)
            self._peak = max(self._peak, _resident())

    def take(self) -> tuple[float, float]:
        """The longest delay in seconds and the most memory in MB, since the last time."""
        late, peak = self._late, self._peak
        self._late = self._peak = 0.0
        return late, peak


def _resident() -> float:
    """MB of memory that the process has; 0 where the system doesn't say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * resource.getpagesize() / 1e6
