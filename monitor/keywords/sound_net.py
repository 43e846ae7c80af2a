"""Places where the bones of a phrase are, found in many texts at once.

Two skeletons are worth comparing when they have a key in common: themselves, or themselves without one bone. There are
few kinds of bones, so all skeletons that have a key in common with a phrase can be written down, and searched by one
pass of Aho–Corasick (CACM 18(6), 1975) over the bones of all texts in a row. What begins or ends inside of words is
dropped afterwards.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ahocorasick_rs import AhoCorasick, Implementation
from numpy.typing import NDArray

from monitor.keywords.codes import Coded, Scheme
from monitor.keywords.sound import UNREAD, WHOLE, Shelf, tokens

MOST = 200_000
"""Skeletons searched at once, some 250 phrases: about 400 bytes each."""
REMEMBERED = 300_000
"""Words whose sounds are remembered before all are forgotten."""
BREAK = "\n"
"""Stands as a word between two texts."""
_OTHER = "!"
"""Stands for all bones that no phrase has."""
_FIRST = ord("A")
"""The bones that phrases have are written from here on: in ASCII, which is searched three times as fast."""
_STARTS, _ENDS = 1, 2  # where a skeleton must be at the edge of a word
_NOTHING = Coded(UNREAD, "", 0)


class Rows:
    """Texts as one row of words and of bones."""

    def __init__(self, words: list[str], bones: list[str]) -> None:
        self.words = words
        self.bones = "".join(bones)
        lengths = np.fromiter(map(len, bones), np.int64, len(bones))
        self.ends = np.cumsum(lengths)  # by word, in `bones`
        self.starts = self.ends - lengths
        self._breaks = [int(self.ends[number]) for number, word in enumerate(words) if word == BREAK]

    def text_of(self, place: int) -> int:
        return bisect_right(self._breaks, place)

    def beginning_at(self, place: int) -> range:
        """The words whose bones begin there."""
        return range(bisect_left(self.starts, place), bisect_right(self.starts, place))

    def ending_at(self, place: int) -> range:
        """The words after those whose bones end there."""
        return range(bisect_left(self.ends, place) + 1, bisect_right(self.ends, place) + 1)


@dataclass(frozen=True, slots=True)
class Catch:
    """A place in the row's bones, with the entries whose bones are there: all, their first or their last ones."""

    start: int
    end: int
    whole: tuple[int, ...]
    head: tuple[int, ...]
    tail: tuple[int, ...]


class Net:
    """For the entries of one scheme."""

    def __init__(self, shelf: Shelf) -> None:
        """`works` is False where there are too many entries."""
        self._sounds = _Sounds(shelf)
        self._bones = self._sounds.bones
        found = _Skeletons(shelf, self._sounds.letters)
        self.works = found.few
        self._entries = found.entries
        self._edges = np.array(found.edges, np.int8)
        self._automaton = AhoCorasick(found.skeletons, implementation=Implementation.ContiguousNFA)

    def code(self, word: str) -> str:
        """What it sounds like, for an exact comparison."""
        return self._sounds[word].code

    def rows(self, texts: Sequence[str]) -> Rows:
        """The normal forms as one row."""
        apart = (text if text.isascii() else " ".join(token.text for token in tokens(text)) for text in texts)
        words = f" {BREAK} ".join(apart).split(" ")
        self._sounds.read(words)
        return Rows(words, [self._bones[word] for word in words])

    def catch(self, rows: Rows) -> Iterator[Catch]:
        found = self._automaton.find_matches_as_indexes(rows.bones, overlapping=True)
        if not found:
            return
        matches = np.array(found)
        starts, ends = _at(rows.starts, matches[:, 1]), _at(rows.ends, matches[:, 2])
        edges = self._edges[matches[:, 0]]
        good = ((edges & _STARTS == 0) | starts) & ((edges & _ENDS == 0) | ends)
        for number, start, end in matches[good].tolist():
            yield Catch(start, end, *self._entries[number])


def _at(edges: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the places are among the edges, which are in order."""
    nearest = np.minimum(np.searchsorted(edges, places), len(edges) - 1)
    found: NDArray[np.bool_] = edges[nearest] == places
    return found


class _Sounds(dict[str, Coded]):
    """Word → its sounds, and its bones in which those that no entry has are all the same. Each word is read once."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self._scheme: Scheme = shelf.scheme
        kinds = sorted({bone for entry in shelf.entries for bone in entry.said.bones})
        self.letters = {bone: chr(_FIRST + number) for number, bone in enumerate(kinds)}
        self.bones: dict[str, str] = {BREAK: BREAK}

    def read(self, words: Sequence[str]) -> None:
        """Before their bones are looked up."""
        if len(self) > REMEMBERED:
            self.clear()
            self.bones.clear()
            self.bones[BREAK] = BREAK
        letters = self.letters
        for word in set(words).difference(self.bones):
            self.bones[word] = "".join([letters.get(bone, _OTHER) for bone in self[word].bones])

    def __missing__(self, word: str) -> Coded:
        options = self._scheme.read([word])[0]
        found = self[word] = options[0] if options else _NOTHING
        return found


class _Skeletons:
    """All that have a key in common with an entry, with those entries, and at which end they must end a word.

    Long entries are looked for by their first and their last bones, which may go on inside of a word.
    """

    def __init__(self, shelf: Shelf, letters: Mapping[str, str]) -> None:
        self._shelf = shelf
        kinds, spelled = [*letters.values(), _OTHER], str.maketrans(dict(letters))
        found: dict[str, tuple[set[int], set[int], set[int]]] = {}
        for place, table in enumerate((shelf.whole, shelf.head, shelf.tail)):
            for bones, entries in table.items():
                key = bones.translate(spelled)
                for skeleton in self._with_one_more(key, kinds) if not place or len(key) < WHOLE else (key,):
                    found.setdefault(skeleton, (set(), set(), set()))[place].update(entries)
                if len(found) > MOST:
                    break
        self.few = len(found) <= MOST
        chosen = found if self.few else {_OTHER: (set[int](), set[int](), set[int]())}
        self.skeletons = list(chosen)
        self.entries = [tuple(tuple(sorted(some)) for some in entries) for entries in chosen.values()]
        self.edges = [_edges(head=bool(head), tail=bool(tail)) for _, head, tail in chosen.values()]

    def _with_one_more(self, key: str, kinds: Sequence[str]) -> Iterator[str]:
        """What a key may come from: itself, or, unless it is so short that it must be exact, itself with another."""
        yield key
        if len(self._shelf.keys(key + kinds[0])) > 1:
            yield from (key[:i] + kind + key[i:] for i in range(len(key) + 1) for kind in kinds)


def _edges(*, head: bool, tail: bool) -> int:
    """At which ends a word must end: whole skeletons at both, if they are not those of long entries as well."""
    wanted = _STARTS | _ENDS
    if head:
        wanted &= _STARTS
    if tail:
        wanted &= _ENDS
    return wanted
