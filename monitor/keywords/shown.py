"""From a place in the joined text of words to what people are shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.keywords.normalise import UNSPACED, is_unspaced
from monitor.model import Word

PAUSE = 2.0
"""Seconds between two words across which no phrase is looked for."""
CONTEXT_WORDS = 8
CONTEXT_SIGNS = 24
"""Shown before and after a hit: so many words, or characters of a script without spaces."""
_COUNTED = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")


class Spoken:
    """Words with their joined text and the way from each of its characters to its word."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        self.text = "".join([word.text for word in words])
        self._owner = [number for number, word in enumerate(words) for _ in word.text]

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Stretches without a long pause: (start, end) in the text, and the index after the last word."""
        first = 0
        place = 0
        start = 0
        words = self.words
        for index, word in enumerate(words):
            if index > first and word.start - words[index - 1].end > PAUSE:
                yield start, place, index
                first, start = index, place
            place += len(word.text)
        if words:
            yield start, place, len(words)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The first and the last word that [start, end) touches."""
        return self._owner[start], self._owner[end - 1]

    def place(self, start: int, end: int) -> Place:
        """What is shown for [start, end)."""
        first, last = self.span(start, end)
        words = self.words[first : last + 1]
        return Place(
            matched=self.text[start:end],
            before=self.text[_reach(self.text, start, -1) : start].lstrip(),
            after=self.text[end : _reach(self.text, end, 1)].rstrip(),
            start=words[0].start,
            end=words[-1].end,
            probability=min(word.probability for word in words),
        )


@dataclass(frozen=True, slots=True)
class Place:
    """`before + matched + after` is the text as recognised, without a break. Media time in seconds."""

    matched: str
    before: str
    after: str
    start: float
    end: float
    probability: float  # the lowest of its words


def _reach(text: str, place: int, step: int) -> int:
    """Where the context ends, going from `place` to the left (-1) or right (1). Never cuts a word in two."""
    budget = float(CONTEXT_WORDS)
    inside = False  # in a word of a script with spaces
    while (place > 0) if step < 0 else (place < len(text)):
        char = text[place - 1] if step < 0 else text[place]
        letter = not char.isspace() and not is_unspaced(char)
        cost = CONTEXT_WORDS / CONTEXT_SIGNS if is_unspaced(char) else float(letter and not inside)
        if cost > budget + 1e-9:
            break
        budget -= cost
        inside = letter
        place += step
    return place


def count_words(text: str, start: int, end: int) -> int:
    """Words in [start, end); each character of a script without spaces is one."""
    return len(_COUNTED.findall(text, start, end))
