"""Which of many texts hold something that sounds like a phrase: those in which sound.py finds it, at a small cost.

sound.py compares a stretch of words with a phrase when their bones, or all but one of either, are the same. A net
(sound_net.py) finds the few places in many texts where that is so, and only those are compared here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz.distance import Levenshtein

from monitor.keywords.codes import Scheme, scheme_of
from monitor.keywords.sound import EPSILON, Shelf, SoundIndex, tokens
from monitor.keywords.sound_net import BREAK, Catch, Net, Rows


class SoundSieve:
    """For the phrases of an index."""

    def __init__(self, index: SoundIndex) -> None:
        self._index = index
        self._shelves: dict[Scheme, _ShelfSieve] = {
            scheme: _ShelfSieve(shelf) for scheme, shelf in index.shelves.items() if scheme is not Scheme.PINYIN
        }

    def keep(self, lines: Sequence[tuple[str, str]]) -> Iterator[int]:
        """Numbers of the (normal form, language) in which the index finds anything. The same may come twice."""
        for scheme in self._index.shelves:
            mine = [n for n, (_, language) in enumerate(lines) if not language or scheme_of(language) is scheme]
            sieve = self._shelves.get(scheme)
            if sieve is not None and sieve.works:
                yield from (mine[n] for n in sieve.keep([lines[n][0] for n in mine]))
            else:  # in Mandarin a character's reading depends on those beside it: there is nothing to be remembered
                yield from (n for n in mine if self._finds(*lines[n]))

    def _finds(self, normal: str, language: str) -> bool:
        return bool(self._index.find([token.text for token in tokens(normal)], language))


class _ShelfSieve:
    """For the entries of one scheme, whatever their language."""

    def __init__(self, shelf: Shelf) -> None:
        self._entries = shelf.entries
        self._net = Net(shelf)
        self.works = self._net.works

    def keep(self, texts: Sequence[str]) -> Iterator[int]:
        """Numbers of the normal forms with an entry in them. The same may come twice."""
        rows = self._net.rows(texts)
        for catch in self._net.catch(rows):
            if any(self._alike(rows, *candidate) for candidate in self._candidates(rows, catch)):
                yield rows.text_of(catch.start)

    def _alike(self, rows: Rows, index: int, first: int, end: int) -> bool:
        entry, code = self._entries[index], "".join(map(self._net.code, rows.words[first:end]))
        return Levenshtein.normalized_similarity(entry.said.code, code, score_cutoff=entry.wanted - EPSILON) > 0

    def _candidates(self, rows: Rows, catch: Catch) -> Iterator[tuple[int, int, int]]:
        """(entry, first word, word after the last) as in sound.py. Words without bones make several of one place."""
        for first in rows.beginning_at(catch.start) if catch.whole or catch.head else ():
            for end in rows.ending_at(catch.end) if catch.whole else ():
                if first < end:
                    yield from ((index, first, end) for index in catch.whole)
            for index in catch.head:
                yield from ((index, first, end) for end in self._ends(rows.words, first, self._length(index)))
        for end in rows.ending_at(catch.end) if catch.tail else ():
            for index in catch.tail:
                yield from ((index, first, end) for first in self._firsts(rows.words, end, self._length(index)))

    def _length(self, index: int) -> int:
        return len(self._entries[index].said.code)

    def _ends(self, words: Sequence[str], first: int, length: int) -> Iterable[int]:
        """The last edge that is nearer than so many signs of code, and the one after it."""
        end, said = first, 0
        while end < len(words) and words[end] != BREAK and said < length:
            said += len(self._net.code(words[end]))
            end += 1
        return (end - 1, end) if end - 1 > first else (end,)

    def _firsts(self, words: Sequence[str], end: int, length: int) -> Iterable[int]:
        """The first edge that is no farther than so many signs of code, and the one before it."""
        first, said = end, 0
        while first > 0 and words[first - 1] != BREAK:
            said += len(self._net.code(words[first - 1]))
            first -= 1
            if said > length:
                return (first, first + 1) if first + 1 < end else (first,)
        return (first,) if first < end else ()
