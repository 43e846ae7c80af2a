"""`room-monitor top`: a running service at a glance, from its own API and metrics. Pure but for who calls it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

STAGES = ("queued", "heard", "stored")
MOST_ALERTS = 8
_STYLES = {"live": "green", "failed": "red", "waiting": "yellow", "joining": "yellow"}
_SEVERITIES = {"critical": "bold red", "high": "red", "medium": "yellow"}

Samples = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]
"""Metrics of one moment: (name, sorted labels) → value."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What the service said at one time."""

    at: float  # wall time
    samples: Samples
    rooms: Sequence[Mapping[str, Any]]
    alerts: Sequence[Mapping[str, Any]]  # the newest first
    problems: Sequence[str]


def samples(text: str) -> Samples:
    """Prometheus' text form, read. Raises ValueError where it is none."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def screen(now: Moment, before: Moment | None) -> RenderableType:
    """`before`: an earlier moment, for what is a rate; None: there is none yet."""
    return Group(_head(now, before), Text(), _rooms(now), Text(), _alerts(now), *_problems(now))


def stages(now: Samples, before: Samples | None) -> dict[str, float]:
    """Mean seconds in each stage between two moments, or since the start where nothing came between."""
    found = {}
    for stage in STAGES:
        label = (("stage", stage),)
        total, count = (now.get((f"room_monitor_stage_seconds_{part}", label), 0.0) for part in ("sum", "count"))
        if before is not None:
            new = count - before.get(("room_monitor_stage_seconds_count", label), 0.0)
            if new > 0:
                total, count = total - before.get(("room_monitor_stage_seconds_sum", label), 0.0), new
        if count:
            found[stage] = total / count
    return found


def _head(now: Moment, before: Moment | None) -> RenderableType:
    past = before.samples if before else None
    spent = " · ".join(f"{stage} {seconds:.2f} s" for stage, seconds in stages(now.samples, past).items())
    table = Table.grid(padding=(0, 2))
    table.add_row("Recogniser", _recogniser(now, before))
    table.add_row("An utterance", spent or "none yet")
    table.add_row("Alerts", f"{_total(now.samples, 'room_monitor_alerts_total'):.0f} since the start")
    return table


def _recogniser(now: Moment, before: Moment | None) -> str:
    waiting = now.samples.get(("room_monitor_waiting_seconds", ()), 0.0)
    oldest = now.samples.get(("room_monitor_oldest_waiting_seconds", ()), 0.0)
    text = f"{waiting:.1f} s of speech waits"
    if waiting:
        text += f", the oldest for {oldest:.1f} s"
    if before is None or now.at <= before.at:
        return text
    heard = _rate("room_monitor_transcribed_seconds_total", now, before)
    busy = _rate("room_monitor_recogniser_seconds_sum", now, before)
    return f"{text} · hears {heard:.2f} s of speech a second with {busy:.2f} threads"


def _rooms(now: Moment) -> RenderableType:
    if not now.rooms:
        return Text("No rooms. Add one: room-monitor rooms add", style="dim")
    table = Table(box=None, padding=(0, 2), pad_edge=False)
    for name in ("ROOM", "STATE", "SPEAKERS", "TALKING", "HEARD", "LOST", "WAITING"):
        table.add_column(name, justify="left" if name in ("ROOM", "STATE", "TALKING") else "right")
    for room in now.rooms:
        cover = room["coverage"]
        lost = sum(cover[state] for state in ("lost_network", "lost_overload", "lost_error"))
        state = room["state"] + (f": {room['detail']}" if room["detail"] else "")
        table.add_row(
            escape(room["name"]),
            Text(state, style=_STYLES.get(room["state"], "")),
            str(len(room["speakers"])),
            escape(", ".join(speaker["name"] for speaker in room["speakers"] if speaker["talking"])),
            f"{cover['examined']:.0f} s",
            Text(f"{lost:.1f} s", style="red" if lost >= 1 else ""),
            f"{cover['pending']:.1f} s",
        )
    return table


def _alerts(now: Moment) -> RenderableType:
    if not now.alerts:
        return Text("No alerts.", style="dim")
    table = Table(box=None, padding=(0, 2), pad_edge=False)
    for name in ("AGO", "SEVERITY", "ROOM", "SPEAKER", "WHAT"):
        table.add_column(name)
    for alert in now.alerts[:MOST_ALERTS]:
        hits = alert["hits"]
        what = f"{hits[0]['phrase']} ({hits[0]['grade']})" if hits else "synthetic-voice signature, for review"
        table.add_row(
            _ago(now.at - alert["raised_at"]),
            Text(alert["severity"], style=_SEVERITIES.get(alert["severity"], "")),
            escape(alert["room"]),
            escape(alert["speaker"]["name"]),
            escape(what),
        )
    return table


def _problems(now: Moment) -> list[RenderableType]:
    return [Text(f"! {problem}", style="red") for problem in now.problems]


def _rate(name: str, now: Moment, before: Moment) -> float:
    return (_total(now.samples, name) - _total(before.samples, name)) / (now.at - before.at)


def _total(found: Samples, name: str) -> float:
    return sum(value for (each, _), value in found.items() if each == name)


def _ago(seconds: float) -> str:
    if seconds < 100:
        return f"{max(0.0, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.0f} h"
