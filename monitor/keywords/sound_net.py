"""Texts in which the bones of a phrase could be, found in many texts at once.

Two skeletons are worth comparing when they have a key in common: themselves, or themselves without one bone. There are
few kinds of bones, so all skeletons that have a key in common with a phrase can be written down, and searched by one
pass of Aho–Corasick (CACM 18(6), 1975) over the bones of all texts in a row. What begins or ends inside of words
is dropped afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from ahocorasick_rs import AhoCorasick, Implementation

from monitor.keywords.codes import Scheme
from monitor.keywords.sound import WHOLE, Shelf, tokens

MOST = 400_000
"""Skeletons searched at once: about 100 bytes each. With more (some 500 phrases) nothing is dropped here."""
REMEMBERED = 300_000
"""Words whose bones are remembered before all are forgotten."""
_OTHER = "\x01"
"""Stands for all bones that no phrase has."""
_END = "\n"
_STARTS, _ENDS = 1, 2  # where a skeleton must be at the edge of a word


class Net:
    """For the entries of one scheme."""

    def __init__(self, shelf: Shelf) -> None:
        self._bones = _Bones(shelf)
        wanted = _skeletons(shelf, [*self._bones.kinds, _OTHER])
        self._automaton: AhoCorasick | None = None
        self._edges = np.zeros(0, np.int8)
        if len(wanted) <= MOST:
            self._automaton = AhoCorasick(list(wanted), implementation=Implementation.ContiguousNFA)
            self._edges = np.fromiter(wanted.values(), np.int8, len(wanted))

    def catch(self, texts: Sequence[str]) -> list[int]:
        """Numbers of the normal forms in which an entry's bones could be, in order; all, where there are too many."""
        if self._automaton is None:
            return list(range(len(texts)))
        rows = (text if text.isascii() else " ".join(token.text for token in tokens(text)) for text in texts)
        words = f" {_END} ".join(rows).split(" ")
        if len(self._bones) > REMEMBERED:
            self._bones.forget()
        bones = [self._bones[word] for word in words]
        found = self._automaton.find_matches_as_indexes("".join(bones), overlapping=True)
        if not found:
            return []
        places = np.cumsum(np.fromiter(map(len, bones), np.int64, len(bones)))
        at_edge = np.zeros(places[-1] + 1, bool)
        at_edge[0] = at_edge[places] = True
        matches = np.array(found)
        edges = self._edges[matches[:, 0]]
        good = ((edges & _STARTS == 0) | at_edge[matches[:, 1]]) & ((edges & _ENDS == 0) | at_edge[matches[:, 2]])
        breaks = places[[number for number, word in enumerate(words) if word == _END]]
        return [int(number) for number in np.unique(np.searchsorted(breaks, matches[good, 1], "right"))]


class _Bones(dict[str, str]):
    """Word → its bones; those that no entry has are all the same."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self._scheme: Scheme = shelf.scheme
        self.kinds = sorted({bone for entry in shelf.entries for bone in entry.said.bones})
        self.forget()

    def __missing__(self, word: str) -> str:
        options = self._scheme.read([word])[0]
        bones = options[0].bones if options else ""
        found = self[word] = "".join(bone if bone in self.kinds else _OTHER for bone in bones)
        return found

    def forget(self) -> None:
        self.clear()
        self[_END] = _END


def _skeletons(shelf: Shelf, kinds: Sequence[str]) -> dict[str, int]:
    """Each skeleton that has a key in common with an entry → at which of its ends a word must end.

    Long entries are looked for by their first and their last bones, which may go on inside of a word.
    """
    found: dict[str, int] = {}
    for key in shelf.whole:
        for skeleton in _with_one_more(key, kinds, shelf):
            found[skeleton] = _STARTS | _ENDS
    for some, edges in ((shelf.head, _STARTS), (shelf.tail, _ENDS)):
        for key in some:
            for skeleton in _with_one_more(key, kinds, shelf) if len(key) < WHOLE else (key,):
                found[skeleton] = found.get(skeleton, edges) & edges
    return found


def _with_one_more(key: str, kinds: Sequence[str], shelf: Shelf) -> Iterator[str]:
    """What a key may come from: itself, or, unless it is so short that it must be exact, itself with another bone."""
    yield key
    if len(shelf.keys(key + kinds[0])) > 1:
        yield from (key[:i] + kind + key[i:] for i in range(len(key) + 1) for kind in kinds)
