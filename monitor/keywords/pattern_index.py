"""Many RE2 patterns searched in one normalised text.

RE2's own filter knows which words must be in a text for each pattern to match (FilteredRE2); only the few patterns
whose words are there are run. Its set of patterns would be simpler, but learns the states of all patterns together
from the texts that come, and with a thousand patterns took 5 ms for each new text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import re2

from monitor.keywords.patterns import compiled, fold

SHARD = 250
"""Patterns in one filter: making it holds Python's global lock, for 1 ms per 100 patterns or so."""


class PatternIndex:
    """Patterns with their targets. Immutable once built."""

    def __init__(self, entries: Iterable[tuple[str, int, bool]]) -> None:
        """`entries`: (RE2 pattern, target, whether disguises are unfolded for it). Patterns must be valid."""
        self._targets = list(entries)
        self._filters: list[Any] = []
        self.unfolds = any(disguise for *_, disguise in self._targets)
        for number, (pattern, *_) in enumerate(self._targets):
            if number % SHARD == 0:
                self._filters.append(re2.Filter())
            self._filters[-1].Add(fold(pattern), _options())
        for one in self._filters:
            one.Compile()
            _warm(one)

    def __len__(self) -> int:
        return len(self._targets)

    def find(self, text: str, *, unfolded: bool = False) -> Iterator[tuple[int, int, int]]:
        """(target, start, end) of matches in a normalised text; of one pattern they don't overlap.

        `unfolded`: the text is a reading of a disguise, so only patterns that ask for it are searched.
        """
        if not text or (unfolded and not self.unfolds):
            return
        low = text.lower()  # what is folded by case is not quite lower case: the filter's words are
        for shelf, one in enumerate(self._filters):
            for number in one.Match(low, True) or ():
                pattern, target, disguise = self._targets[shelf * SHARD + number]
                if disguise or not unfolded:
                    yield from _places(compiled(pattern), text, target)


def _places(pattern: Any, text: str, target: int) -> Iterator[tuple[int, int, int]]:
    """Without spaces at the edges, which belong to nothing that was said."""
    for found in pattern.finditer(text):
        start, end = found.span()
        start += text[start:end][:1] == " "
        end -= text[start:end][-1:] == " "
        if start < end:
            yield target, start, end


def _warm(one: Any) -> None:
    """The first search makes what all others need; better here than while somebody speaks."""
    one.Match(" ", True)


def _options() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    return options
