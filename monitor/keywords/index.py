"""Many phrases searched at once in one normalised text.

Search: Aho–Corasick (Aho & Corasick, CACM 18(6), 1975) over the phrases with their word edges as spaces, so that what
it finds is a match; of a phrase with wildcards the longest part without one is searched, and the whole checked where
that part is.

The automaton is built in shards: building holds Python's global lock from beginning to end (0.7 s for 100,000 phrases
in one piece), and the event loop must not wait so long. A shard of SHARD bytes takes a few milliseconds; searching one
more shard costs about 2 µs an utterance.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator

from ahocorasick_rs import AhoCorasick, Implementation

from monitor.keywords.normalise import STAR, UNSPACED, is_spaced
from monitor.keywords.phrases import expression

SHARD = 40_000
"""Bytes of UTF-8 in one shard."""
_UNSPACED = re.compile(f"[{UNSPACED}]")
_BORDER = re.compile(f"(?<=[{UNSPACED}])(?=[^ {STAR}{UNSPACED}])|(?<=[^ {STAR}{UNSPACED}])(?=[{UNSPACED}])")


class Index:
    """Normal forms (normalise.py), each with the number of what it belongs to. Immutable once built."""

    def __init__(self, entries: Iterable[tuple[str, int]]) -> None:
        """`entries`: (normal form of a phrase, target); a form may have several targets, and a target several forms."""
        self._first = array("l")  # by pattern number: its literal target, -1 for none
        self._more: dict[int, tuple[int, ...]] = {}  # its further ones
        self._wild: dict[int, tuple[tuple[str, int], ...]] = {}  # the forms with wildcards that it is part of
        self._expressions: dict[str, re.Pattern[str]] = {}  # made at first need: most wildcards never come near
        self._shards: list[tuple[int, AhoCorasick]] = []  # with the number of its first pattern
        self._build(entries)

    def _build(self, entries: Iterable[tuple[str, int]]) -> None:
        numbers: dict[str, int] = {}
        shard: list[str] = []
        size = 0
        for form, target in entries:
            pattern = _pattern(form)
            number = numbers.setdefault(pattern, len(numbers))
            if number == len(self._first):
                self._first.append(-1)
                shard.append(pattern)
                size += len(pattern.encode())
            self._add(number, form, target)
            if size >= SHARD:
                self._close(shard)
                shard, size = [], 0
        self._close(shard)

    def _add(self, number: int, form: str, target: int) -> None:
        if STAR in form:
            self._wild[number] = (*self._wild.get(number, ()), (form, target))
        elif self._first[number] < 0:
            self._first[number] = target
        else:
            self._more[number] = (*self._more.get(number, ()), target)

    def _close(self, shard: list[str]) -> None:
        if shard:
            base = len(self._first) - len(shard)
            self._shards.append((base, AhoCorasick(shard, implementation=Implementation.ContiguousNFA)))

    def __len__(self) -> int:
        """Patterns searched for."""
        return len(self._first)

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """(target, start, end) of all matches in a normalised text, overlapping ones too; in no particular order."""
        if not text or not self._shards:
            return
        search, places = _spread(text)
        wild: dict[str, set[int]] = {}
        for base, shard in self._shards:
            for number, start, end in shard.find_matches_as_indexes(search, overlapping=True):
                number += base
                target = self._first[number]
                if target >= 0:
                    start += search[start] == " "
                    end -= search[end - 1] == " "
                    one, two = (start - 1, end - 1) if places is None else (places[start], places[end - 1] + 1)
                    yield target, one, two
                    for more in self._more.get(number, ()):
                        yield more, one, two
                for form, target in self._wild.get(number, ()) if self._wild else ():
                    wild.setdefault(form, set()).add(target)
        for form, targets in wild.items():
            for found in self._expression(form).finditer(text):
                for target in targets:
                    yield target, found.start(), found.end()

    def _expression(self, form: str) -> re.Pattern[str]:
        known = self._expressions.get(form)
        if known is None:  # two threads may both make it: the same one
            known = self._expressions[form] = expression(form)
        return known


def _pattern(form: str) -> str:
    """What is searched for: the normal form with a space at each edge of a word; of one with `*` its longest part."""
    text = form if form.isascii() else _BORDER.sub(" ", form)
    if is_spaced(form[0]) and form[0] != STAR:
        text = " " + text
    if is_spaced(form[-1]) and form[-1] != STAR:
        text += " "
    if STAR not in form:
        return text
    return max(text.split(STAR), key=lambda part: len(part.strip()))


def _spread(text: str) -> tuple[str, list[int] | None]:
    """The text with a space at each edge of a word, also where scripts meet and at both ends.

    With it the place in `text` of each of its characters; None where that is one less throughout.
    """
    if text.isascii() or not _UNSPACED.search(text):
        return f" {text} ", None
    cuts = [found.start() for found in _BORDER.finditer(text)]
    if not cuts:
        return f" {text} ", None
    places = [-1]
    before = 0
    for cut in (*cuts, len(text)):
        places.extend(range(before, cut))
        places.append(cut)  # the space: never a match's first or last letter
        before = cut
    return f" {_BORDER.sub(' ', text)} ", places
