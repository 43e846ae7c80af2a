"""Which of many texts hold something that sounds like a phrase: those in which sound.py finds it, at a small cost.

sound.py compares a stretch of words with a phrase when their bones, or all but one of either, are the same. A net
(sound_net.py) catches the few texts in which they could be; in those, each distinct word read only once, a stretch
is looked at only where its first (or for long phrases its last) bones could be those of a phrase.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from rapidfuzz.distance import Levenshtein

from monitor.keywords.codes import Coded, Scheme, scheme_of
from monitor.keywords.sound import EPSILON, UNREAD, WHOLE, Shelf, SoundIndex, tokens
from monitor.keywords.sound_net import Net

REMEMBERED = 300_000
"""Words, stretches and beginnings that are remembered before all are forgotten: memory stays bounded."""
_SIZE = 5
"""Bones at an edge that are looked up: one of them may be missing."""
_NOTHING = Coded(UNREAD, "", 0)


class SoundSieve:
    """For the phrases of an index."""

    def __init__(self, index: SoundIndex) -> None:
        self._index = index
        self._sieves = {scheme: _ShelfSieve(shelf) for scheme, shelf in index.shelves.items()}
        self._nets = {scheme: Net(shelf) for scheme, shelf in index.shelves.items() if scheme is not Scheme.PINYIN}

    def keep(self, lines: Sequence[tuple[str, str]]) -> Iterator[int]:
        """Numbers of the (normal form, language) in which the index finds anything. The same may come twice."""
        for scheme, sieve in self._sieves.items():
            mine = [n for n, (_, language) in enumerate(lines) if not language or scheme_of(language) is scheme]
            if scheme is Scheme.PINYIN:  # how a character is read depends on those beside it: nothing to be remembered
                yield from (n for n in mine if self._finds(*lines[n]))
                continue
            caught = self._nets[scheme].catch([lines[n][0] for n in mine])
            yield from (mine[n] for n in caught if sieve.has(lines[mine[n]][0]))

    def _finds(self, normal: str, language: str) -> bool:
        return bool(self._index.find([token.text for token in tokens(normal)], language))


class _ShelfSieve:
    """For the entries of one scheme, whatever their language."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._read: dict[str, Coded] = {}  # by word
        self._starts = _Edges([*shelf.whole, *shelf.head])
        self._ends = _Edges([key[::-1] for key in shelf.tail])
        self._near: dict[str, tuple[int, ...]] = {}  # bones of a stretch → short entries that are worth comparing

    def has(self, normal: str) -> bool:
        words = normal.split(" ") if normal.isascii() else [token.text for token in tokens(normal)]
        known = self._read
        read = [known[word] if word in known else self._read_word(word) for word in words]
        bones = "".join([word.bones for word in read])
        at = [0, *accumulate([len(word.bones) for word in read])]
        starts = list(self._starts.among(bones, at[:-1]))
        ends = list(self._ends.among(bones[::-1], [len(bones) - place for place in at[1:]]))
        return bool(starts or ends) and any(
            self._alike(index, "".join([word.code for word in read[first:end]]))
            for index, first, end in self._candidates(_Row(read, bones, at), starts, ends)
        )

    def _alike(self, index: int, code: str) -> bool:
        entry = self._shelf.entries[index]
        likeness = Levenshtein.normalized_similarity(entry.said.code, code, score_cutoff=entry.wanted - EPSILON)
        return likeness > 0

    def _read_word(self, word: str) -> Coded:
        if len(self._read) >= REMEMBERED:
            self._read.clear()
        options = self._shelf.scheme.read([word])[0]
        found = self._read[word] = options[0] if options else _NOTHING
        return found

    def _candidates(self, row: _Row, starts: Iterable[int], ends: Iterable[int]) -> Iterator[tuple[int, int, int]]:
        """(entry, first word, word after the last) as in sound.py."""
        shelf = self._shelf
        for first in starts:
            yield from self._short(row, first)
            for key in shelf.keys(row.after(first)) if shelf.head else ():
                for index in shelf.head.get(key, ()):
                    yield from ((index, first, end) for end in row.ends(first, len(shelf.entries[index].said.code)))
        for last in ends:
            for key in shelf.keys(row.before(last + 1)):
                for index in shelf.tail.get(key, ()):
                    length = len(shelf.entries[index].said.code)
                    yield from ((index, first, last + 1) for first in row.firsts(last + 1, length))

    def _short(self, row: _Row, first: int) -> Iterator[tuple[int, int, int]]:
        start = row.at[first]
        for end in range(first + 1, len(row.at)):
            if row.at[end] - start > WHOLE + 1:
                return
            stretch = row.bones[start : row.at[end]]
            near = self._near.get(stretch)
            if near is None:
                near = self._look(stretch)
            for index in near:
                yield index, first, end

    def _look(self, stretch: str) -> tuple[int, ...]:
        if len(self._near) >= REMEMBERED:
            self._near.clear()
        whole = self._shelf.whole
        found = {index for key in self._shelf.keys(stretch) for index in whole.get(key, ())}
        self._near[stretch] = tuple(sorted(found))
        return self._near[stretch]


class _Row:
    """Words as one row of sounds; edges are numbered by words."""

    def __init__(self, read: Sequence[Coded], bones: str, at: Sequence[int]) -> None:
        self.bones = bones
        self.at = at  # edges in `bones`
        self._coded = [0, *accumulate([len(word.code) for word in read])]  # and in the code

    def after(self, edge: int) -> str:
        return self.bones[self.at[edge] : self.at[edge] + WHOLE]

    def before(self, edge: int) -> str:
        return self.bones[max(0, self.at[edge] - WHOLE) : self.at[edge]]

    def ends(self, first: int, length: int) -> Iterator[int]:
        near = bisect_left(self._coded, self._coded[first] + length)
        return (end for end in (near - 1, near) if first < end < len(self._coded))

    def firsts(self, end: int, length: int) -> Iterator[int]:
        near = bisect_left(self._coded, self._coded[end] - length)
        return (first for first in (near - 1, near) if 0 <= first < end)


class _Edges:
    """Where bones could begin like one of the keys, when one of the first may be missing."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._heads = {key[: _SIZE - 1] for key in keys}
        self._lengths = sorted({len(head) for head in self._heads})
        self._known: dict[str, bool] = {}

    def among(self, bones: str, places: Iterable[int]) -> Iterator[int]:
        """The numbers of the places where they could."""
        if not self._heads:
            return
        known = self._known
        for number, place in enumerate(places):
            some = bones[place : place + _SIZE]
            possible = known.get(some)
            if possible is None:
                possible = self._look(some)
            if possible:
                yield number

    def _look(self, some: str) -> bool:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        shorter = {some, *(some[:i] + some[i + 1 :] for i in range(len(some)))}
        found = any(text[:length] in self._heads for text in shorter for length in self._lengths)
        self._known[some] = found
        return found
