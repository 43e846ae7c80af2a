"""Tables of figures, and the model card that they make up. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.voices.metrics import Interval


@dataclass(frozen=True, slots=True)
class Table:
    """One section of a card."""

    title: str
    text: str  # above the table: what was done, what it means
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def markdown(title: str, intro: Sequence[str], tables: Iterable[Table]) -> str:
    """The whole card. Cells must hold no `|`."""
    parts = [f"# {title}", *intro]
    for table in tables:
        parts += [f"## {table.title}", *([table.text] if table.text else [])]
        if table.rows:
            lines = [_line(table.head), _line(["---", *["--:"] * (len(table.head) - 1)])]
            parts.append("\n".join([*lines, *(_line(row) for row in table.rows)]))
    return "\n\n".join(parts) + "\n"


def percent(value: float, digits: int = 0) -> str:
    """A share as a percentage without its sign; "–" for NaN."""
    return "–" if math.isnan(value) else f"{100 * value:.{digits}f}"


def between(interval: Interval, digits: int = 0) -> str:
    """A share with its bounds, in per cent."""
    low, high = percent(interval.low, digits), percent(interval.high, digits)
    return f"{percent(interval.value, digits)} ({low}–{high})"


def number(interval: Interval) -> str:
    """A figure with its bounds."""
    return f"{interval.value:.2f} ({interval.low:.2f}–{interval.high:.2f})"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
