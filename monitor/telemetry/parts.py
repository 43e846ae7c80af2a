"""Which part of the service the processor works for: CPU seconds by kind of thread.

Linux counts each thread's. A thread that Python didn't start is one of CTranslate2's, which do the recogniser's
arithmetic (those of least priority: for second hearings), unless it has a name of its own, as a
room's SDK gives. Threads that ended between two looks, and systems without /proc, are in "other".
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import NamedTuple, ParamSpec, TypeVar

from monitor.priority import FIRST

PARTS = ("recogniser", "gate", "second", "voices", "database", "loop", "helpers", "other")
"""recogniser: text from sound; gate: the detector before it; second: second hearings; voices: the voice detector;
database: its threads; loop: the event loop, with receiving, Opus, first voice detection, keyword lists and the web;
helpers: threads for files, encryption and passwords; other: the rest."""

_NAMED = (
    ("MainThread", "loop"),
    ("recogniser", "recogniser"),
    ("second", "second"),
    ("store-writer", "database"),
    ("asyncio_", "helpers"),
    ("AnyIO worker", "helpers"),
)
_READER = "_connection_worker_thread"  # how aiosqlite's end
_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100

P = ParamSpec("P")
T = TypeVar("T")


class Meter:
    """CPU seconds of one kind of work, in whatever threads it is done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds = 0.0

    @property
    def seconds(self) -> float:
        return self._seconds

    def add(self, seconds: float) -> None:
        with self._lock:
            self._seconds += seconds

    def measured(self, work: Callable[P, T]) -> Callable[P, T]:
        """The same work, and its CPU time is counted."""

        @wraps(work)
        def measured(*args: P.args, **named: P.kwargs) -> T:
            began = time.thread_time()
            try:
                return work(*args, **named)
            finally:
                self.add(time.thread_time() - began)

        return measured


class _Thread(NamedTuple):
    number: int
    cpu: float  # seconds
    nice: int
    name: str  # as the system knows it


class Parts:
    """Sums since the process began, as of the last `look`. None of them ever falls."""

    def __init__(self, gate: Meter, voices: Meter) -> None:
        """Work that shares its threads with other parts, or whose threads come and go."""
        self._gate = gate
        self._voices = voices
        self._seen: dict[int, float] = {}  # by thread that lives
        self._threads = dict.fromkeys(PARTS, 0.0)
        self.sums = dict.fromkeys(PARTS, 0.0)

    def look(self) -> None:
        """About 20 µs a thread."""
        known = {thread.native_id: thread.name for thread in threading.enumerate()}
        nameless = (_main(), *(start for start, _ in _NAMED))  # what a thread inherits from the one that starts it
        seen: dict[int, float] = {}
        threads = list(_threads())
        usual = next((thread.nice for thread in threads if thread.number == os.getpid()), 0)
        for thread in threads:
            part = _named(known[thread.number]) if thread.number in known else _nameless(thread, nameless, usual)
            before = self._seen.get(thread.number, 0.0)
            self._threads[part] += (
                thread.cpu - before if thread.cpu >= before else thread.cpu
            )  # else a number used again
            seen[thread.number] = thread.cpu
        self._seen = seen
        now = self._threads | {"gate": self._gate.seconds, "voices": self._voices.seconds}
        now["recogniser"] -= now["gate"]
        now["other"] = time.process_time() - sum(now.values()) + now["other"]
        for part in PARTS:
            self.sums[part] = max(self.sums[part], now[part])


def _named(name: str) -> str:
    """Of a thread that Python knows."""
    if name.endswith(f"({_READER})"):
        return "database"
    return next((part for start, part in _NAMED if name.startswith(start)), "other")


def _nameless(thread: _Thread, inherited: tuple[str, ...], usual: int) -> str:
    """`usual`: niceness of the process."""
    if not thread.name.startswith(inherited):
        return "other"
    return "second" if thread.nice > usual + FIRST else "recogniser"


def _threads() -> Iterator[_Thread]:
    try:
        numbers = os.listdir("/proc/self/task")
    except OSError:
        return
    for number in numbers:
        try:
            text = Path(f"/proc/self/task/{number}/stat").read_text("utf-8", "replace")
        except OSError:
            continue  # it has ended meanwhile
        head, _, rest = text.rpartition(")")
        fields = rest.split()
        cpu = (int(fields[11]) + int(fields[12])) / _TICK
        yield _Thread(int(number), cpu, int(fields[16]), head.partition("(")[2])


def _main() -> str:
    """The system's name of the main thread."""
    try:
        return Path("/proc/self/comm").read_text("utf-8", "replace").rstrip("\n")
    except OSError:
        return "python"


def resident() -> int:
    """Bytes of memory that the process has now; 0 where the system doesn't say."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0
