"""What a process holds: memory, tasks, threads, descriptors, CPU. From Linux's /proc."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

POOLS = ("asyncio_", "AnyIO worker")
"""Names of threads in the event loop's pools: its own, and the one that the web framework has with it."""
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
    fields = Path(f"/proc/{pid or 'self'}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Least squares: units a second; 0 for fewer than three points. `points`: (seconds, value)."""
    if len(points) < 3:
        return 0.0
    seconds, values = np.array(points).T
    return float(np.polyfit(seconds - seconds[0], values, 1)[0])
