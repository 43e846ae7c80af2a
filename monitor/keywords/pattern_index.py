"""Many RE2 patterns searched in one normalised text: a set says which of them match, then each of those says where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import re2

from monitor.keywords.patterns import compiled, fold, size

SHARD = 4_000
"""Instructions in one set. RE2 gives up, and says nothing is found, where a set's states don't fit in its memory; a
state takes up to 4 bytes an instruction, and at least 20 must fit. So sets are small against MEMORY, and the pattern
with most instructions that a list may have (patterns.MAX_PROGRAM) still fits."""
MEMORY = 4 * 1024 * 1024
"""Bytes that RE2 may use for one set: it remembers the states that texts have led to, up to that."""


class PatternIndex:
    """Patterns with their targets. Immutable once built."""

    def __init__(self, entries: Iterable[tuple[str, int, bool]]) -> None:
        """`entries`: (RE2 pattern, target, whether disguises are unfolded for it). Patterns must be valid."""
        self._targets: list[tuple[str, int, bool]] = []
        self._sets: list[tuple[int, Any]] = []  # with the number of its first pattern
        self.unfolds = False
        current, used = None, 0
        for pattern, target, disguise in entries:
            cost = size(pattern)
            if current is None or used + cost > SHARD:
                _close(current)
                current, used = re2.Set.SearchSet(_options()), 0
                self._sets.append((len(self._targets), current))
            current.Add(fold(pattern))
            used += cost
            self._targets.append((pattern, target, disguise))
            self.unfolds |= disguise
        _close(current)

    def find(self, text: str, *, unfolded: bool = False) -> Iterator[tuple[int, int, int]]:
        """(target, start, end) of matches in a normalised text; of one pattern they don't overlap.

        `unfolded`: the text is a reading of a disguise, so only patterns that ask for it are searched.
        """
        if not text or (unfolded and not self.unfolds):
            return
        for base, shard in self._sets:
            for number in shard.Match(text) or ():
                pattern, target, disguise = self._targets[base + number]
                if unfolded and not disguise:
                    continue
                for found in compiled(pattern).finditer(text):
                    start, end = found.span()
                    start, end = start + (text[start:end][:1] == " "), end - (text[start:end][-1:] == " ")
                    if start < end:
                        yield target, start, end


def _close(current: Any) -> None:
    if current is not None:
        current.Compile()


def _options() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = MEMORY
    return options
