"""The tables of `bench capacity`, and the same as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

from monitor.bench import vitals
from monitor.bench.account import Delay, shares
from monitor.bench.hold import LOST, Held
from monitor.bench.machine import describe
from monitor.config import Settings

if TYPE_CHECKING:
    from monitor.bench.capacity import Asked, Idle, Result

CAUSES = 5
"""Of what was lost, told for each number of rooms."""
FEW = 0.004
"""Cores below which a stage is not worth a row."""


def show(
    results: Sequence[Result],
    idle: Sequence[Idle],
    asked: Asked,
    talks: int,
    words: Sequence[str],
    settings: Settings,
    out: Console,
) -> None:
    if results:
        _rooms(results, asked, settings, out)
        _where(results, out)
    for result in results:
        for cause, seconds in sorted(result.held_for.record.gaps.items(), key=lambda each: -each[1])[:CAUSES]:
            out.print(f"{result.rooms} rooms, {result.over.value}: {seconds:.1f} s {cause}", highlight=False)
    for one in idle:
        out.print(
            f"Silent rooms with somebody in each, over {one.over.value}: {one.before:.0f} MB with {one.rooms}, "
            f"{one.after:.0f} MB with {one.rooms + one.more}: {one.each:.2f} MB for each further one.",
            highlight=False,
        )
    out.print(
        f"{talks} recordings, half of the time; alerts on {', '.join(words)}. Held: nothing lost, and p95 from the end "
        "of speech to the stored alert at most 2 s. Below 0: the alert came before the end. Tentative: raised before "
        "the utterance was over. Participants over WebRTC are processes of the same machine, and give way to the "
        "service; their CPU is told apart. MB: the most.",
        highlight=False,
    )
    out.print(describe(), style="dim", highlight=False)


def _rooms(results: Sequence[Result], asked: Asked, settings: Settings, out: Console) -> None:
    table = Table(title=f"Rooms heard in time: {asked.seconds:g} s each, model {settings.speech.model}")
    table.add_column("")
    columns = [row(one) for one in results]
    for one in results:
        table.add_column(f"{one.rooms} rooms\n{one.over.value}\n{one.way}", justify="right")
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    out.print(table)


def row(result: Result) -> dict[str, str]:
    """What one column says."""
    held, found = result.held_for, result.delays
    record, seconds = held.record, max(held.seconds, 1.0)
    steps = shares(record.steps, held.began, held.began + seconds)
    heard = [text for text in record.texts if text.worded]
    speech = sum(text.seconds for text in heard)
    feed = [held.arrived[one.seq] - one.told for one in record.texts if one.seq in held.arrived]
    return {
        "utterances": str(len(found.texts)),
        "end of speech → text, p50 / p95 s": pair(found.texts),
        "alerts (tentative, withdrawn)": f"{len(found.alerts)} ({len(found.early)}, {record.withdrawn})",
        "end of speech → alert, p50 / p95 s": pair(found.alerts),
        "end of the word → alert, p50 / p95 s": pair(found.words),
        "end of the word → tentative alert, p50 / p95 s": pair(found.early),
        "stored → client of the feed, p50 / p95 ms": f"{1000 * _at(feed, 50):.0f} / {1000 * _at(feed, 95):.0f}",
        "lost s of spoken s": f"{_lost(held)} of {held.spoken:.0f}",
        "steps of effort, share of the time": ", ".join(
            f"{n}: {100 * part:.0f} %" for n, part in sorted(steps.items())
        ),
        "s in the recogniser a s of utterance": f"{sum(t.took for t in heard) / speech:.3f}" if speech else "-",
        "ms of the model's CPU an utterance": f"{1000 * held.cpu.get(vitals.NATIVE, 0.0) / len(heard):.0f}"
        if heard
        else "-",
        "cores": f"{sum(held.cpu.values()) / seconds:.2f}",
        "cores of the participants": f"{held.crowd_cpu / seconds:.2f}",
        "cores of all the machine": f"{held.machine / seconds:.2f}",
        "s of speech heard a second, rooms empty: before, after": ", ".join(f"{s:.0f}" for s in result.speed) or "-",
        "event loop late, p99 ms": f"{1000 * held.late:.0f}",
        "packets that participants sent late": f"{100 * held.tardy:.1f} %",
        "MB": f"{max((one.memory for one in held.moments), default=0):.0f}",
        "held": "yes" if result.held else "no",
    }


def _lost(held: Held) -> str:
    """0 or what for."""
    each = [f"{held.states[state]:.1f} {state.value}" for state in LOST if held.states.get(state, 0.0) >= 0.01]
    return " + ".join(each) or "0"


def _where(results: Sequence[Result], out: Console) -> None:
    """Cores, by what threads are for; where it was asked for, by stage."""
    table = Table(title="Where the CPU time goes: hundredths of a core")
    table.add_column("")
    for one in results:
        table.add_column(f"{one.rooms} {one.over.value}\n{one.way}", justify="right")
    for part in ("cpu", "stages"):
        spent: list[dict[str, float]] = [getattr(one.held_for, part) for one in results]
        cores = [
            {name: used / max(one.held_for.seconds, 1.0) for name, used in each.items()}
            for one, each in zip(results, spent, strict=True)
        ]
        names = {name for each in cores for name, used in each.items() if used >= FEW}
        for name in sorted(names, key=lambda name: -max(each.get(name, 0.0) for each in cores)):
            table.add_row(name, *(f"{100 * each.get(name, 0.0):.1f}" for each in cores))
        table.add_section()
    out.print(table)


def as_json(results: Sequence[Result], idle: Sequence[Idle]) -> dict[str, Any]:
    return {
        "rooms": [
            {
                "way": one.way,
                "over": one.over.value,
                "rooms": one.rooms,
                "held": one.held,
                "withdrawn": one.held_for.record.withdrawn,
                "speed": one.speed,
                "steps": shares(
                    one.held_for.record.steps, one.held_for.began, one.held_for.began + one.held_for.seconds
                ),
                **{name: _figures(getattr(one.delays, name)) for name in ("texts", "alerts", "words", "early")},
                "lost": one.held_for.lost,
                "spoken": one.held_for.spoken,
                "seconds": one.held_for.seconds,
                "cpu": dict(one.held_for.cpu),
                "crowd_cpu": one.held_for.crowd_cpu,
                "stages": dict(one.held_for.stages),
                "calls": dict(one.held_for.calls),
                "course": [
                    (
                        round(m.at - one.held_for.began, 1),
                        m.step,
                        round(m.waiting, 1),
                        round(m.late, 1),
                        round(m.memory),
                    )
                    for m in one.held_for.moments
                ],
                "memory": max((moment.memory for moment in one.held_for.moments), default=0.0),
            }
            for one in results
        ],
        "idle": [
            {"over": one.over.value, "rooms": one.rooms, "more": one.more, "before": one.before, "after": one.after}
            for one in idle
        ],
    }


def _figures(values: Sequence[Delay]) -> dict[str, float]:
    seconds = [one.seconds for one in values]
    return {"n": len(seconds), "p50": _at(seconds, 50), "p95": _at(seconds, 95)}


def _at(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent)) if values else 0.0


def pair(values: Sequence[Delay]) -> str:
    if not values:
        return "-"
    p50, p95 = np.percentile([one.seconds for one in values], [50, 95])
    return f"{p50:.2f} / {p95:.2f}"
