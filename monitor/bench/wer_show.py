"""What `bench wer` found: error rates, how sure the differences are, what it cost; as tables and as JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from monitor.bench.bootstrap import SURE, interval
from monitor.bench.clips import Clip, Half
from monitor.bench.machine import describe
from monitor.bench.runaway import runaways
from monitor.bench.ways import SPACELESS, Case, Said, Way
from monitor.model import RATE
from monitor.speech.wer import Errors, errors, tokens

WITHIN = 0.5
"""Points of error rate by which short contexts may be worse than 30 s windows."""


@dataclass(frozen=True)
class Row:
    """One way on all recordings that all ways have heard."""

    way: Way
    cases: Sequence[Case]
    language: str

    @property
    def said(self) -> list[tuple[Clip, Said]]:
        return [(case.clip, said) for case, said in zip(self.cases, self.way.said, strict=False)]

    @cached_property
    def found(self) -> list[tuple[Clip, Errors]]:
        return [(clip, errors(clip.transcript, said.text, self.language)) for clip, said in self.said]

    @cached_property
    def errors(self) -> Errors:
        return sum((each for _, each in self.found), Errors())

    @property
    def took(self) -> list[float]:
        """CPU seconds of each call."""
        return [seconds for _, said in self.said for seconds in said.took]

    @property
    def pieces(self) -> bool:
        """Whether it heard utterance by utterance."""
        return len(self.took) == sum(len(case.asks) for case in self.cases)

    @cached_property
    def again(self) -> int:
        return sum(said.again for _, said in self.said)

    @cached_property
    def loops(self) -> list[tuple[Clip, str]]:
        """What is said over and over, and wasn't."""
        return [
            (clip, loop)
            for clip, said in self.said
            for loop in runaways(tokens(clip.transcript, self.language), tokens(said.text, self.language))
        ]

    def by(self, source: str) -> Errors:
        return sum((each for clip, each in self.found if clip.source == source), Errors())

    def by_speaker(self) -> dict[str, Errors]:
        sums: defaultdict[str, Errors] = defaultdict(Errors)
        for clip, each in self.found:
            sums[clip.speaker] += each
        return dict(sums)


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that was heard."""

    language: str
    half: Half
    bitrate: int
    cases: tuple[Case, ...]
    found: Mapping[str, Sequence[Way]]  # by model; the 30 s way first

    @property
    def heard(self) -> tuple[Case, ...]:
        """Those that all ways have heard."""
        return self.cases[: min(len(way.said) for ways in self.found.values() for way in ways)]

    @property
    def utterances(self) -> list[float]:
        """Seconds of each."""
        return [utterance.seconds for case in self.heard for utterance, _ in case.asks]

    def rows(self, model: str) -> list[Row]:
        return [Row(way, self.heard, self.language) for way in self.found[model]]

    @property
    def sources(self) -> list[str]:
        return sorted({case.clip.source for case in self.heard})


def show(outcome: Outcome, out: Console) -> bool:
    """Print; whether all short contexts at full effort are within WITHIN points, and none talks on and on."""
    if not outcome.heard:
        out.print("Nothing was heard by all ways.")
        return False
    good = True
    for model in outcome.found:
        rows = outcome.rows(model)
        out.print(_table(outcome, model, rows))
        if len(outcome.sources) > 1:
            out.print(_apart(outcome, rows))
        good = _verdict(model, rows, out) and good
    clips, cut = [case.clip for case in outcome.heard], outcome.utterances
    minutes = sum(len(case.samples) for case in outcome.heard) / RATE / 60
    out.print(
        f"{len(clips)} recordings of {len({clip.speaker for clip in clips})} speakers ({minutes:.1f} minutes), "
        f"half: {outcome.half}, from {', '.join(outcome.sources)}; Opus at {outcome.bitrate // 1000} kbit/s; "
        f"{len(cut)} utterances (mean {np.mean(cut):.1f} s) cut as in a live room. "
        f"Points above 30 s: in brackets {SURE:g} % of the bootstrap by speaker. CPU of one thread, an utterance: mean "
        "(p50, p95).",
        highlight=False,
    )
    for way in next(iter(outcome.found.values())):
        out.print(f"  {way.name}: {way.what}", highlight=False, markup=False)
    out.print(describe(), style="dim", highlight=False)
    return good


def _table(outcome: Outcome, model: str, rows: Sequence[Row]) -> Table:
    unit = "CER" if outcome.language in SPACELESS else "WER"
    heads = ("wrong, left out, put in", "above 30 s", "CPU ms", "30 s after all", "on and on")
    table = Table(model, unit, *heads, box=None, header_style="bold")
    for row in rows:
        found = row.errors
        each = f" ({', '.join(f'{1000 * p:.0f}' for p in np.percentile(row.took, [50, 95]))})" if row.pieces else ""
        table.add_row(
            row.way.name,
            f"{found.rate:.2%}",
            f"{found.substitutions}, {found.deletions}, {found.insertions}",
            "" if row.way is rows[0].way else _difference(row, rows[0]),
            f"{1000 * sum(row.took) / max(1, len(outcome.utterances)):.0f}{each}",
            f"{row.again} of {len(row.took)}" if row.way.short else "",
            str(len(row.loops)),
        )
    return table


def _apart(outcome: Outcome, rows: Sequence[Row]) -> Table:
    """The error rates by where the recordings are from."""
    table = Table("the same", *outcome.sources, box=None, header_style="bold")
    for row in rows:
        apart = [row.by(source) for source in outcome.sources]
        table.add_row(row.way.name, *(f"{found.rate:.2%} of {found.tokens}" for found in apart))
    return table


def _points(row: Row, base: Row) -> float:
    return 100 * (row.errors.rate - base.errors.rate)


def _difference(row: Row, base: Row) -> str:
    between = interval(row.by_speaker(), base.by_speaker())
    text = f"{_points(row, base):+.2f}"
    return text + (f" ({between[0]:+.2f} to {between[1]:+.2f})" if between else "")


def _verdict(model: str, rows: Sequence[Row], out: Console) -> bool:
    first = next(row for row in rows if row.way.short)
    points, loops = _points(first, rows[0]), [loop for row in rows if row.way.short for loop in row.loops]
    for row in rows:
        for clip, loop in row.loops:
            out.print(
                f"  over and over, {model}, {row.way.name}: {clip.path.name}: {loop}", highlight=False, markup=False
            )
    good = points <= WITHIN and not loops
    out.print(
        f"{model}: short contexts at full effort are {points:+.2f} points from 30 s windows (at most {WITHIN:+g}); "
        f"{len(loops)} texts over short contexts go on and on, {len(rows[0].loops)} over 30 s. "
        f"{rows[0].errors.tokens} words",
        style="" if good else "yellow",
        highlight=False,
    )
    return good


def as_json(outcome: Outcome) -> dict[str, Any]:
    """All figures, and what each way made of each recording."""
    models: dict[str, Any] = {}
    for model in outcome.found:
        rows = outcome.rows(model)
        models[model] = [_row(row, rows[0], outcome) for row in rows]
    return {
        "language": outcome.language,
        "half": outcome.half,
        "bitrate": outcome.bitrate,
        "machine": describe(),
        "recordings": len(outcome.heard),
        "planned": len(outcome.cases),
        "utterances": len(outcome.utterances),
        "speakers": sorted({case.clip.speaker for case in outcome.heard}),
        "models": models,
    }


def _row(row: Row, base: Row, outcome: Outcome) -> dict[str, Any]:
    between = interval(row.by_speaker(), base.by_speaker())
    return {
        "way": row.way.name,
        "short": row.way.short,
        **_counts(row.errors),
        "points_above": round(_points(row, base), 3),
        "interval": [round(end, 3) for end in between] if between else None,
        "cpu_ms": round(1000 * sum(row.took) / max(1, len(outcome.utterances)), 1),
        "again": row.again if row.way.short else None,
        "over_and_over": [{"clip": clip.path.name, "text": loop} for clip, loop in row.loops],
        "sources": {source: _counts(row.by(source)) for source in outcome.sources},
        "clips": [
            {"clip": case.clip.path.name, "speaker": case.clip.speaker, "reference": case.clip.transcript}
            | {"text": said.text, "cpu_ms": [round(1000 * took, 1) for took in said.took], **_counts(found)}
            for case, (_, said), (_, found) in zip(row.cases, row.said, row.found, strict=True)
        ],
    }


def _counts(found: Errors) -> dict[str, float | int]:
    return {
        "rate": round(found.rate, 5),
        "words": found.tokens,
        "wrong": found.substitutions,
        "left_out": found.deletions,
        "put_in": found.insertions,
    }
