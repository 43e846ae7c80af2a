"""The last hour of the service's load, for people who look at it now. No Prometheus is needed for that."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from monitor.telemetry.metrics import Metrics

EVERY = 5.0
"""Seconds between two entries."""
KEPT = 720
"""Entries: an hour of them."""
SUMS = (
    "room_monitor_transcribed_seconds_total",
    "room_monitor_recogniser_seconds_sum",
    "room_monitor_gap_seconds_total",
    "room_monitor_alerts_total",
)


@dataclass(frozen=True, slots=True)
class Vital:
    """One moment; rates are since the moment before."""

    at: float  # wall time
    waiting: float  # seconds of speech that wait for the recogniser
    oldest: float  # seconds that the oldest of it waits
    heard: float  # seconds of speech transcribed, a second
    busy: float  # threads of the recogniser that worked
    lost: float  # seconds not examined, a second
    alerts: float  # a minute
    cpu: float  # cores that the process used
    memory: int  # bytes, resident


class Vitals:
    """Told now and then; takes an entry each EVERY seconds."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = time.time) -> None:
        self._metrics = metrics
        self._clock = clock
        self.began = clock()
        """Wall time at which the service began."""
        self._kept: deque[Vital] = deque(maxlen=KEPT)
        self._last = (self.began, dict.fromkeys(SUMS, 0.0), time.process_time())

    @property
    def kept(self) -> tuple[Vital, ...]:
        """Oldest first."""
        return tuple(self._kept)

    def note(self, waiting: float, oldest: float) -> None:
        """How it is now."""
        now = self._clock()
        then, before, spent = self._last
        passed = now - then
        if passed < EVERY:
            return
        sums, cpu = self._metrics.totals(SUMS), time.process_time()
        heard, busy, lost, alerts = ((sums[name] - before[name]) / passed for name in SUMS)
        used = (cpu - spent) / passed
        self._kept.append(Vital(now, waiting, oldest, heard, busy, lost, alerts * 60, used, resident()))
        self._last = (now, sums, cpu)


def resident() -> int:
    """Bytes of memory that the process has now; 0 where the system doesn't say."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0
