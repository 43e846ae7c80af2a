"""Many phrases searched at once in one normalised text.

Phrases have their word edges as spaces, so what is found is a match; of a phrase with wildcards the longest part
without one is searched, and the whole checked where that part is.

Whole words are looked up by their first two: 60 looks into a dictionary an utterance. What may begin or end inside a
word, and phrases of scripts without spaces, are searched by Aho–Corasick (Aho & Corasick, CACM 18(6), 1975). That alone
would do for all of them. But an automaton holds Python's global lock while it is built, 0.7 s for 100,000 phrases, for
which the event loop must not wait; in shards of a few milliseconds each search costs 7 µs and more a shard, and 100,000
phrases of whole words made it 0.2 to 0.4 ms an utterance, against 0.02 ms.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from itertools import pairwise

from ahocorasick_rs import AhoCorasick, Implementation

from monitor.keywords.normalise import STAR, UNSPACED, is_spaced
from monitor.keywords.phrases import expression

SHARD = 50_000
"""Bytes of UTF-8 in one shard."""
_UNSPACED = re.compile(f"[{UNSPACED}]")
_SPACED = re.compile(f"[^ {UNSPACED}]")
_BORDER = re.compile(f"(?<=[{UNSPACED}])(?=[^ {STAR}{UNSPACED}])|(?<=[^ {STAR}{UNSPACED}])(?=[{UNSPACED}])")


class _Parts:
    """Patterns of any kind: automata, each of a shard of them."""

    def __init__(self) -> None:
        self._shards: list[tuple[AhoCorasick, array[int]]] = []  # with the numbers of its patterns
        self._open: list[str] = []
        self._numbers = array("l")
        self._size = 0

    def add(self, pattern: str, number: int) -> None:
        self._open.append(pattern)
        self._numbers.append(number)
        self._size += len(pattern) if pattern.isascii() else len(pattern.encode())
        if self._size >= SHARD:
            self.close()

    def close(self) -> None:
        """What was added last becomes searchable."""
        if self._open:
            automaton = AhoCorasick(self._open, implementation=Implementation.ContiguousNFA)
            self._shards.append((automaton, self._numbers))
            self._open, self._numbers, self._size = [], array("l"), 0

    def find(self, search: str) -> Iterator[tuple[int, int, int]]:
        """(number, start, end) in a spread text."""
        for automaton, numbers in self._shards:
            for which, start, end in automaton.find_matches_as_indexes(search, overlapping=True):
                yield numbers[which], start, end


class _Words:
    """Patterns of whole words, with a space before and after."""

    def __init__(self) -> None:
        self._heads: dict[str, int | tuple[int, ...]] = {}  # the first word, or two → numbers of patterns
        self._long: dict[int, str] = {}  # the patterns of more than two words

    def add(self, pattern: str, number: int) -> None:
        one = pattern.index(" ", 1)
        two = pattern.find(" ", one + 1)
        head = pattern[1 : one if two < 0 else two]
        if two >= 0 and two + 1 < len(pattern):
            self._long[number] = pattern
        known = self._heads.get(head)
        if known is None:
            self._heads[head] = number
        else:
            self._heads[head] = (*known, number) if isinstance(known, tuple) else (known, number)

    def find(self, search: str) -> Iterator[tuple[int, int, int]]:
        """(number, start, end) in a spread text, with the spaces around."""
        heads, words = self._heads, search.split(" ")
        place = 0  # of the space before the word
        for word, following in pairwise(words[1:]):
            after = place + len(word) + 1
            if (found := heads.get(word)) is not None:
                for number in found if isinstance(found, tuple) else (found,):
                    yield number, place, after + 1
            if (found := heads.get(f"{word} {following}")) is not None:
                for number in found if isinstance(found, tuple) else (found,):
                    whole = self._long.get(number)
                    if whole is None:
                        yield number, place, after + len(following) + 2
                    elif search.startswith(whole, place):
                        yield number, place, place + len(whole)
            place = after


class Index:
    """Normal forms (normalise.py), each with the number of what it belongs to. Immutable once built."""

    def __init__(self, entries: Iterable[tuple[str, int]]) -> None:
        """`entries`: (normal form of a phrase, target); a form may have several targets, and a target several forms."""
        self._first = array("l")  # by pattern number: its literal target, -1 for none
        self._more: dict[int, tuple[int, ...]] = {}  # its further ones
        self._wild: dict[int, tuple[tuple[str, int], ...]] = {}  # the forms with wildcards that it is part of
        self._expressions: dict[str, re.Pattern[str]] = {}  # made at first need: most wildcards never come near
        self._words = _Words()
        self._spaced = _Parts()  # other patterns, without a letter of a script without spaces
        self._unspaced = _Parts()  # and with one
        self._build(entries)

    def _build(self, entries: Iterable[tuple[str, int]]) -> None:
        numbers: dict[str, int] = {}
        for form, target in entries:
            pattern = _pattern(form)
            number = numbers.setdefault(pattern, len(numbers))
            if number == len(self._first):
                self._first.append(-1)
                self._shelf(pattern).add(pattern, number)
            self._add(number, form, target)
        self._spaced.close()
        self._unspaced.close()

    def _shelf(self, pattern: str) -> _Words | _Parts:
        if not pattern.isascii() and _UNSPACED.search(pattern):
            return self._unspaced
        return self._words if pattern[0] == " " == pattern[-1] else self._spaced

    def _add(self, number: int, form: str, target: int) -> None:
        if STAR in form:
            self._wild[number] = (*self._wild.get(number, ()), (form, target))
        elif self._first[number] < 0:
            self._first[number] = target
        else:
            self._more[number] = (*self._more.get(number, ()), target)

    def __len__(self) -> int:
        """Patterns searched for."""
        return len(self._first)

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """(target, start, end) of all matches in a normalised text, overlapping ones too; in no particular order."""
        if not text or not self._first:
            return
        search, places = _spread(text)
        wild: dict[str, set[int]] = {}
        for number, start, end in self._candidates(text, search):
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
            if not all(piece in search for piece in _pieces(form)):
                continue  # making an expression costs more than all the rest, so not for each word that one begins with
            for found in self._expression(form).finditer(text):
                for target in targets:
                    yield target, found.start(), found.end()

    def _candidates(self, text: str, search: str) -> Iterator[tuple[int, int, int]]:
        """(pattern number, start, end) in the spread text; shelves of scripts that the text has not are passed by."""
        unspaced = not text.isascii() and _UNSPACED.search(text)
        if unspaced:
            yield from self._unspaced.find(search)
        if not unspaced or _SPACED.search(text):
            yield from self._words.find(search)
            yield from self._spaced.find(search)

    def _expression(self, form: str) -> re.Pattern[str]:
        known = self._expressions.get(form)
        if known is None:  # two threads may both make it: the same one
            known = self._expressions[form] = expression(form)
        return known


def _pattern(form: str) -> str:
    """What is searched for: the normal form with a space at each edge of a word; of one with `*` its longest part."""
    return max(_pieces(form), key=lambda piece: len(piece.strip()))


def _pieces(form: str) -> list[str]:
    """The parts between wildcards, as they stand in a spread text."""
    text = form if form.isascii() else _BORDER.sub(" ", form)
    if is_spaced(form[0]) and form[0] != STAR:
        text = " " + text
    if is_spaced(form[-1]) and form[-1] != STAR:
        text += " "
    return text.split(STAR)


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
