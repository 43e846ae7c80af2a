"""Figures of the load: what waits, where an utterance's time goes, and for what the processor works."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from monitor.telemetry.parts import Meter, Parts, resident
from monitor.telemetry.recent import Recent

STAGES = ("cut", "queued", "heard", "handed", "matched", "stored", "sent")
"""Of an utterance, in their order; `looked` is beside them, for one that is still open."""

DELAYS = (0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 15, 30, 60, 120)
_STAGES = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60)


class LoadMetrics:
    """The part of Metrics that says how much there is to do, and who does it."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.recent = Recent()
        """The stages, and "text" and "alert": from the end of the last word, or of the hit's, to what is stored."""
        self.gate = Meter()
        self.voices = Meter()
        self._stages = Histogram(
            "room_monitor_stage_seconds",
            "Seconds of an utterance in each stage, one after the other: cut (from the end of its last word), queued, "
            "heard, handed (back), matched, stored (with its alerts); sent: a message, from the database to a client; "
            "looked: in a look at one that was still open",
            ["stage"],
            buckets=_STAGES,
            registry=registry,
        )
        self._text = Histogram(
            "room_monitor_text_delay_seconds",
            "Seconds from the end of an utterance's last word to its stored text and alerts",
            buckets=DELAYS,
            registry=registry,
        )
        self._late = Gauge("room_monitor_late_seconds", "Seconds of speech put aside on disk", registry=registry)
        self._effort = Gauge(
            "room_monitor_effort_step",
            "How much less than everything is done for each utterance: 0 everything, to 4",
            registry=registry,
        )
        self._oldest = Gauge(
            "room_monitor_oldest_waiting_seconds",
            "Age of the oldest utterance that waits for the recogniser or is in it",
            registry=registry,
        )
        self._waiting = Gauge(
            "room_monitor_waiting_seconds", "Seconds of speech that wait for the recogniser", registry=registry
        )
        registry.register(_Process(Parts(self.gate, self.voices)))

    def stage(self, name: str, seconds: float) -> None:
        """`name`: one of STAGES, or looked."""
        seconds = max(0.0, seconds)
        self._stages.labels(name).observe(seconds)
        self.recent.note(name, seconds)

    def text_stored(self, delay: float) -> None:
        """`delay`: seconds since the end of the last word."""
        self._text.observe(max(0.0, delay))
        self.recent.note("text", max(0.0, delay))

    def waiting(self, seconds: float, oldest: float = 0.0, late: float = 0.0, step: int = 0) -> None:
        """Seconds of speech that wait, how long the oldest of it does, those on disk, and the step of effort."""
        self._waiting.set(seconds)
        self._oldest.set(oldest)
        self._late.set(late)
        self._effort.set(step)


class _Process(Collector):
    """Looked at whenever somebody asks."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        self._parts.look()
        processor = CounterMetricFamily(
            "room_monitor_cpu_seconds",
            "Seconds of CPU by part of the service: recogniser, gate (the detector before it), second (hearings), "
            "voices, database, loop (receiving, Opus, first detection, lists, web), helpers, other",
            labels=["part"],
        )
        for part, seconds in self._parts.sums.items():
            processor.add_metric([part], seconds)
        yield processor
        yield GaugeMetricFamily("room_monitor_memory_bytes", "Resident memory of the process", value=resident())

    def describe(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """The names; without it the registry would `collect` for them."""
        yield CounterMetricFamily("room_monitor_cpu_seconds", "", labels=["part"])
        yield GaugeMetricFamily("room_monitor_memory_bytes", "")
