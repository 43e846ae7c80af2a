"""What a process holds: memory, tasks, threads, descriptors, CPU. From Linux's /proc."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

POOLS = ("asyncio_", "AnyIO worker")
"""Names of threads in the event loop's pools: its own, and the one that the web framework has with it."""
NATIVE = "model (CTranslate2)"
PURPOSES = (
    ("MainThread", "event loop"),
    ("recogniser", "recogniser's Python"),
    ("store-writer", "database"),
    ("asyncio_", "evidence and other files"),
)
"""What threads are for, by the beginning of their name."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Held:
    """What can leak, of this process, now."""

    tasks: int  # of the running event loop, the asking one among them
    threads: int  # without the event loop's own pools, which are bounded and stay as long as it does
    descriptors: int


def held() -> Held:
    return Held(
        len(asyncio.all_tasks()),
        sum(not thread.name.startswith(POOLS) for thread in threading.enumerate()),
        len(os.listdir("/proc/self/fd")) - 1,
    )


def resident(pid: int | None = None) -> float:
    """MB of real memory of a process; None: this one."""
    pages = Path(f"/proc/{pid or 'self'}/statm").read_text("ascii").split()[1]
    return int(pages) * _PAGE / 1e6


def cpu(pid: int | None = None) -> float:
    """Seconds of CPU that a process has used, all its threads; None: this one."""
    return _spent(Path(f"/proc/{pid or 'self'}/stat"))


def _spent(stat: Path) -> float:
    fields = stat.read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def busy() -> float:
    """Seconds of CPU that all processes of the machine have used since it was started."""
    fields = Path("/proc/stat").read_text("ascii").splitlines()[0].split()[1:]
    idle = int(fields[3]) + int(fields[4])
    return (sum(map(int, fields[:8])) - idle) / _TICK


def threads() -> dict[str, float]:
    """Seconds of CPU that the threads of this process have used, by what they are for.

    Threads that Python didn't start are CTranslate2's: nothing else here that works hard has threads of its own.
    """
    named = {thread.native_id: _purpose(thread.name) for thread in threading.enumerate()}
    found: defaultdict[str, float] = defaultdict(float)
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # it has just ended
            found[named.get(int(task.name), NATIVE)] += _spent(task / "stat")
    return found


def since(before: Mapping[str, float], now: Mapping[str, float]) -> dict[str, float]:
    """What was added by name, where there was any."""
    return {name: more for name, value in now.items() if (more := value - before.get(name, 0.0)) > 0}


def _purpose(name: str) -> str:
    return next((purpose for prefix, purpose in PURPOSES if name.startswith(prefix)), name.rstrip("0123456789_-"))


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Least squares: units a second; 0 for fewer than three points. `points`: (seconds, value)."""
    if len(points) < 3:
        return 0.0
    seconds, values = np.array(points).T
    return float(np.polyfit(seconds - seconds[0], values, 1)[0])
