"""What lint says of a list that can be used."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from monitor.keywords.places import Path, Places

MAX_OF_A_KIND = 50
"""Remarks of one kind about one list; the rest is a number. Nobody reads more before mending those."""


class Weight(StrEnum):
    """How much a remark matters."""

    WRONG = "wrong"  # something in the list can't do what it is there for
    WARNING = "warning"  # it will surprise: floods, doubled alerts, a lesser severity than meant
    HINT = "hint"  # it could be better


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing worth knowing of a list."""

    grade: str  # a Weight
    line: int  # in the list's file, from 1; 0 where the file's text is not known
    rule: str  # label of the rule, or the exception; empty: the list as a whole
    what: str
    mend: str = ""  # what to do about it


class Lines:
    """The lines of a list's rules and exceptions in its file."""

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str, str], int] = {}
        if not text:
            return
        data, places = tomllib.loads(text), Places(text)
        paths: list[tuple[tuple[str, str], Path]] = []
        for index, entry in enumerate(data.get("phrases", ())):
            paths.append((("rule", entry if isinstance(entry, str) else entry["text"]), ("phrases", index)))
        for index, entry in enumerate(data.get("rules", ())):
            paths.append((("rule", entry["label"]), ("rules", index)))
        for index, entry in enumerate(data.get("exceptions", ())):
            paths.append((("exception", entry), ("exceptions", index)))
        self._lines = {key: places.value(path)[0] for key, path in paths}
        self._lines |= {("key", key): places.key((key,))[0] for key in data}

    def rule(self, label: str) -> int:
        return self._lines.get(("rule", label), 0)

    def exception(self, text: str) -> int:
        return self._lines.get(("exception", text), 0)

    def key(self, key: str) -> int:
        return self._lines.get(("key", key), 0)


def some(remarks: Iterator[Remark], more: str) -> Iterator[Remark]:
    """The first MAX_OF_A_KIND, and how many more there are. `more`: what they are, "more such rules"."""
    yield from islice(remarks, MAX_OF_A_KIND)
    rest = sum(1 for _ in remarks)
    if rest:
        yield Remark(Weight.HINT, 0, "", f"and {rest} {more}")


def named(texts: Iterable[str], most: int = 4) -> str:
    """'a', 'b' and 3 more"""
    listed = list(texts)
    shown = ", ".join(repr(text) for text in listed[:most])
    return shown + (f" and {len(listed) - most} more" if len(listed) > most else "")
