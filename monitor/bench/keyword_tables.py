"""The tables of `bench keywords`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from monitor.bench.scores import Score, Tally

if TYPE_CHECKING:
    from monitor.bench.keyword_material import Material
    from monitor.bench.keywords import Heard

_COLUMNS = ("Precision", "Recall", "F1", "Right", "Other", "False", "Missed", "False an hour")
"""Other: another form of the words was said. False an hour: on speech without any of the phrases (how many)."""


def print_sound(out: Console, part: Material, heard: Sequence[Heard], spoken_by: str = "") -> None:
    """One table a condition, and one over all of them."""
    speakers = len({clip.speaker for clip in part.clips})
    by = f"spoken again by {spoken_by}" if spoken_by else f"of {speakers} speakers"
    minutes = heard[0].plain.seconds / 60
    out.print(
        f"\n[bold]{part.language}[/]: {len(part.clips)} clips {by}, {minutes:.1f} min; "
        f" {len(part.phrases)} phrases and {len(part.decoys)} decoys",
        highlight=False,
    )
    for one in heard:
        _table(out, one.condition.name, one.ours, one.plain, one.folded)
    if len(heard) > 1:
        ours, plain, folded = Tally(), Score(), Score()
        for one in heard:
            ours, plain, folded = ours + one.ours, plain + one.plain, folded + one.folded
        _table(out, "all of these", ours, plain, folded)


def _table(out: Console, title: str, ours: Tally, plain: Score, folded: Score) -> None:
    out.print(f"  [bold]{title}[/]", highlight=False)
    table = Table("Grades", *_COLUMNS, box=None, header_style="bold")
    for name, score in ours.up_to.items():
        _add(table, name, score)
    for name, score in ours.alone.items():
        _add(table, name, score, alone=True)
    _add(table, "plain", plain)
    _add(table, "folded", folded)
    out.print(table)
    widest = ours.up_to["A to C"].recall
    if widest is not None and plain.recall is not None:
        margin = f"recall of A to C: {(widest - plain.recall) * 100:+.1f} points over plain"
        out.print(f"  {margin}; {plain.idle_seconds / 3600:.3f} h without any phrase\n", highlight=False)


def _add(table: Table, name: str, score: Score, *, alone: bool = False) -> None:
    """Hits of one grade alone have a precision; what it misses is for the others to find."""
    rates = [_share(score.precision), "" if alone else _share(score.recall), "" if alone else _share(score.f1)]
    counts = [str(n) for n in (score.right, score.other, score.wrong)] + ["" if alone else str(score.missed)]
    idle = f"{score.false_an_hour:.1f} ({score.idle_wrong})" if score.false_an_hour is not None else "-"
    table.add_row(name, *rates, *counts, idle)


def print_evasion(out: Console, language: str, rows: Sequence[dict[str, Any]]) -> None:
    """How many of the hidden phrases were found."""
    table = Table(f"{language}: hidden in text", "Texts", "A", "B", "C", "Found", "Plain", "False", box=None)
    for row in rows:
        found = row["A"] + row["B"] + row["C"]
        shares = (_share(found / row["texts"]), _share(row["plain"] / row["texts"]))
        table.add_row(row["kind"], *(str(row[name]) for name in ("texts", "A", "B", "C")), *shares, str(row["false"]))
    out.print(table)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
