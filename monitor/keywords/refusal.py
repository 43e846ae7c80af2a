"""Why a keyword list is refused: each problem with its place, its reason and, where there is one, a way to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from monitor.errors import KeywordListInvalid
from monitor.keywords.places import Path

MAX_PROBLEMS = 20
"""Told of one file; nobody reads more before mending those."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. Line and column count from 1, the column in characters."""

    line: int
    column: int
    reason: str
    mend: str = ""  # what to write instead

    def at(self, file: str) -> str:
        """file:line:column: reason; mend"""
        return f"{file}:{self.line}:{self.column}: {self.reason}" + (f"; {self.mend}" if self.mend else "")


class ListRefused(KeywordListInvalid):
    """A list with at least one problem. `str()` has the first; `problems` all, in order of the file."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = tuple(sorted(problems, key=lambda one: (one.line, one.column)))[:MAX_PROBLEMS]
        more = len(self.problems) - 1
        super().__init__(self.problems[0].at(file) + (f" (and {more} more)" if more else ""))


class Wrong(Exception):
    """Something is wrong at a path of the data; who knows the text makes a Problem of it. Never leaves the reader."""

    def __init__(self, path: Path, reason: str, mend: str = "", *, of_key: bool = False) -> None:
        super().__init__(reason)
        self.path, self.reason, self.mend, self.of_key = path, reason, mend, of_key


def did_you_mean(written: str, known: Iterable[str], aliases: dict[str, str] | None = None) -> str:
    """A suggestion, or an empty text where nothing comes near."""
    names = list(known)
    other = (aliases or {}).get(written.lower())
    if other in names:
        return f"did you mean `{other}`?"
    near = get_close_matches(written.lower(), names, n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""
