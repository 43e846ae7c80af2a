"""Keeps the process's memory flat over days of people coming and going.

What grows there is no object of ours. Each connection leaves objects in cycles behind (about 100 kB with what they hold
in C libraries), which wait for a full collection, and that comes when a quarter as many objects as there are have piled
up: with the lexicons and libraries of this service that is after hundreds of visits. And glibc gives each thread an
arena of its own, in which what is freed stays: there are a hundred threads, each connection brings two.

The thresholds of malloc are left alone: recognising takes and returns tensors of megabytes all the time, and a fixed
threshold for `mmap`, which would give memory back at once, makes the encoder two and a half times slower.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

ARENAS = 2
"""Arenas of malloc: beyond those, threads share."""
OFTEN = (700, 10, 3)
"""Thresholds of the garbage collector while what was loaded at the start is not looked at: Python's own, but a full
collection after a third of the time, since it is cheap then."""
_M_ARENA_MAX = -8  # malloc.h


def few_arenas() -> bool:
    """Limit malloc's arenas, for threads that come later; False where the C library knows no such thing."""
    libc = _libc()
    return libc is not None and bool(libc.mallopt(_M_ARENA_MAX, ARENAS))


def give_back() -> bool:
    """Return what is free inside the heap to the system: tens of milliseconds, to be called in a thread. False where
    there was nothing, or the C library can't."""
    libc = _libc()
    return libc is not None and bool(libc.malloc_trim(0))


@contextmanager
def at_rest() -> Iterator[None]:
    """What is there now stays: the garbage collector doesn't look at it until the end of the block.

    So full collections come after dozens of visits and not hundreds, and take a tenth of the time. Enter it when all is
    loaded; it takes a few tenths of a second. What is frozen and becomes garbage in a cycle is freed at the end only.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # the collector counts from what it has seen last: nothing, now
    before = gc.get_threshold()
    gc.set_threshold(*OFTEN)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def available(root: Path = Path("/")) -> int | None:
    """Bytes that this process may still take before something is killed: of the machine's, or of its control group's
    where that has less. None where the system doesn't tell. `root`: where /proc and /sys are."""
    found = [_machine(root / "proc/meminfo")]
    for folder, most, now in (
        ("sys/fs/cgroup", "memory.max", "memory.current"),
        ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        limit, used = _number(root / folder / most), _number(root / folder / now)
        if limit is not None and used is not None:
            found.append(max(0, limit - used))
    return min((each for each in found if each is not None), default=None)


def _machine(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text("ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):  # another system, or "max": no limit
        return None


@cache
def _libc() -> ctypes.CDLL | None:
    """glibc; None: another one."""
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "gnu_get_libc_version") else None
