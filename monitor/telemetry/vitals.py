"""The last hour of the service's load, for people who look at it now. No Prometheus is needed for that."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from monitor.telemetry.metrics import Metrics
from monitor.telemetry.parts import PARTS, resident

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
_CPU = {part: f"room_monitor_cpu_seconds_total{{{part}}}" for part in PARTS}
LATELY = 60.0
"""Seconds over which what goes on now is told, and the seconds of which the lag of an entry is."""


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
    parts: Mapping[str, float]  # cores, by part of the service (parts.PARTS)
    late: float  # seconds of speech that wait on disk
    step: int  # of effort
    lag: float  # seconds from a last word to its stored text, for 95 of 100 in the last minute; 0: there was none


class Vitals:
    """Told now and then; takes an entry each EVERY seconds."""

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = time.time) -> None:
        self._metrics = metrics
        self._clock = clock
        self.began = clock()
        """Wall time at which the service began."""
        self._kept: deque[Vital] = deque(maxlen=KEPT)
        self._last = (self.began, metrics.totals((*SUMS, *_CPU.values())), time.process_time())

    @property
    def kept(self) -> tuple[Vital, ...]:
        """Oldest first."""
        return tuple(self._kept)

    def lately(self, seconds: float = LATELY) -> Sequence[Vital]:
        """The entries of the last `seconds`."""
        since = self._clock() - seconds
        return [one for one in self._kept if one.at >= since]

    def note(self, waiting: float, oldest: float, late: float = 0.0, step: int = 0) -> None:
        """How it is now: as Metrics.waiting has it."""
        now = self._clock()
        then, before, spent = self._last
        passed = now - then
        if passed < EVERY:
            return
        sums, cpu = self._metrics.totals((*SUMS, *_CPU.values())), time.process_time()
        heard, busy, lost, alerts = ((sums[name] - before[name]) / passed for name in SUMS)
        used = (cpu - spent) / passed
        parts = {part: (sums[name] - before[name]) / passed for part, name in _CPU.items()}
        text = self._metrics.recent.spread("text", LATELY)
        lag = text.most if text else 0.0
        rates = (heard, busy, lost, alerts * 60, used)
        self._kept.append(Vital(now, waiting, oldest, *rates, resident(), parts, late, step, lag))
        self._last = (now, sums, cpu)
