"""Finds phrases that sound like what was recognised: "keel you" for "kill you", 集会 for 集汇.

Pure and deterministic; dictionaries are loaded when an index is built. How near two sounds are is in codes.py; how far
this reaches, and what false hits to expect, in docs/discussion/sound.md.

Likeness is 1 − distance ÷ length of the longer one, both in sounds: 1 is the same pronunciation. A match begins and
ends at a word's edge. So that short phrases don't fire on everyday words, they need more likeness, whatever a list asks
for: a Mandarin phrase of two syllables all its tones, an English one of three sounds the same pronunciation.

Search: an index of bones with one left out (deletion neighbourhoods: Mor & Fraenkel, CACM 25(12), 1982), then
Levenshtein's distance by rapidfuzz on the few that it finds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain

from rapidfuzz.distance import Levenshtein

from monitor.keywords.codes import Coded, Scheme, scheme_of, schemes_for, ways
from monitor.keywords.normalise import STAR, is_unspaced, normalise_phrase

DEFAULT = 0.85
"""Likeness that is wanted where a list doesn't say."""
MARGIN = 0.1
"""By how much a near miss may be below what was wanted."""
WHOLE = 8  # bones up to which the whole skeleton is looked up; longer ones are by their first and last eight
_LOOSE = {Scheme.PHONES: 4, Scheme.PINYIN: 6, Scheme.LETTERS: 4}  # bones from which one may differ
_MIN_SOUNDS = {Scheme.PHONES: 3, Scheme.PINYIN: 2, Scheme.LETTERS: 4}
_LEAST = {
    Scheme.PHONES: ((3, 0.98), (5, 0.95), (9, 0.9)),
    Scheme.PINYIN: ((2, 0.95), (3, 0.9)),
    Scheme.LETTERS: ((4, 0.98), (5, 0.95), (9, 0.9)),
}
"""Up to so many sounds (or syllables), at least this likeness is needed. Chosen on 33 hours of talk (docs)."""
UNREAD = "\ufffd" * 6  # stands for a word whose sound is not known: two sounds that are like no others
EPSILON = 1e-9
_CROWD = 300  # long phrases that begin alike


@dataclass(frozen=True, slots=True)
class SoundMatch:
    """A stretch of words that sounds like a phrase, or almost."""

    number: int  # the entry's
    first: int  # index of the first word
    last: int  # and of the last
    likeness: float  # 0..1
    wanted: float  # what it takes: what the list asks for, or more where the phrase is short
    miss: str = ""  # why it is no hit, in plain words; empty for a hit


@dataclass(frozen=True, slots=True)
class _Entry:
    number: int
    language: str
    said: Coded
    wanted: float


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or one character of a script without spaces, of a normal form."""

    text: str
    start: int  # in the normal form
    end: int


@dataclass(frozen=True, slots=True)
class Reach:
    """How a phrase is found by its sound."""

    sounds: int  # phones or letters; in Mandarin syllables
    least: float  # the likeness that it needs, whatever is wanted; 0 where it is long enough for any


def tokens(normal: str) -> list[Token]:
    """A normal form (normalise.py) in the pieces that SoundIndex works on."""
    out: list[Token] = []
    start = 0
    for place in range(len(normal) + 1):
        edge = place == len(normal) or normal[place] == " " or is_unspaced(normal[place])
        if edge and place > start:
            out.append(Token(normal[start:place], start, place))
        if edge:
            start = place
            if place < len(normal) and normal[place] != " ":
                out.append(Token(normal[place], place, place + 1))
                start = place + 1
            elif place < len(normal):
                start = place + 1
    return out


def objection(phrase: str, language: str = "") -> str | None:
    """Why a phrase can't be found by its sound, in plain words; None where it can."""
    return _prepare(phrase, language)[1]


def reach(phrase: str, language: str = "") -> Reach | None:
    """Of its likeliest pronunciation; None where there is an objection."""
    found = _prepare(phrase, language)[0]
    return Reach(found[0][1].sounds, found[0][2]) if found else None


class SoundIndex:
    """Phrases by their sound. Immutable once built; may be used from any thread."""

    def __init__(self, entries: Iterable[tuple[int, str, str, float]]) -> None:
        """`entries`: (number, phrase, language or "" for any, wanted likeness). Those with an objection are out."""
        self.shelves: dict[Scheme, Shelf] = {}
        for number, phrase, language, wanted in entries:
            for scheme, said, least in _prepare(phrase, language)[0]:
                entry = _Entry(number, language, said, max(wanted, least))
                self.shelves.setdefault(scheme, Shelf(scheme)).add(entry)

    def find(self, words: Sequence[str], language: str = "", *, near: bool = False) -> list[SoundMatch]:
        """Where phrases are heard in `words` (as of `tokens`), in order of place, then number.

        A phrase whose pronunciation is there as it is has likeness 1, whether it is spelled the same or not.
        Of overlapping matches of one entry the likest is kept, then the shorter, then the earlier. `near`: also what
        is less like by at most MARGIN; those have a `miss`.
        """
        best: dict[int, list[SoundMatch]] = {}
        schemes = (scheme_of(language),) if language else tuple(self.shelves)
        for scheme in schemes:
            shelf = self.shelves.get(scheme)
            if shelf:
                for match in shelf.find(words, language, MARGIN if near else 0.0):
                    best.setdefault(match.number, []).append(match)
        found = [match for matches in best.values() for match in _apart(matches)]
        return sorted(found, key=lambda match: (match.first, match.last, match.number))


def _prepare(phrase: str, language: str) -> tuple[list[tuple[Scheme, Coded, float]], str | None]:
    """The ways in which a phrase is said, each with its scheme and the least likeness; without one, the reason."""
    normal = normalise_phrase(phrase)
    if STAR in normal:
        return [], "has a `*`, and what it stands for has no sound"
    pieces = [token.text for token in tokens(normal)]
    if not pieces:
        return [], "has nothing to say"
    said: list[tuple[Scheme, Coded, float]] = []
    reason = None
    for scheme in schemes_for(language, normal):
        options = ways(scheme.read(pieces))
        long_enough = [way for way in options if way.sounds >= _MIN_SOUNDS[scheme] and way.bones]
        said.extend((scheme, way, _least(scheme, way.sounds, len(pieces))) for way in long_enough)
        if not options:
            reason = "has a word whose pronunciation is not known"
        elif not long_enough:
            unit = "syllables" if scheme is Scheme.PINYIN else "sounds"
            reason = f"is too short: it takes {_MIN_SOUNDS[scheme]} {unit}, with a consonant, to tell it from others"
    return said, None if said else reason


def _least(scheme: Scheme, sounds: int, words: int) -> float:
    """A phrase of several words counts as one sound longer: fewer everyday words sound like it."""
    size = sounds + (words > 1 and scheme is not Scheme.PINYIN)
    return next((least for longest, least in _LEAST[scheme] if size <= longest), 0.0)


@dataclass(slots=True)
class Shelf:
    """The entries of one scheme."""

    scheme: Scheme
    entries: list[_Entry] = field(default_factory=list)
    whole: dict[str, list[int]] = field(default_factory=dict)  # bones, or all but one of them → entries
    head: dict[str, list[int]] = field(default_factory=dict)  # for long ones: of the first bones
    tail: dict[str, list[int]] = field(default_factory=dict)  # and of the last

    def add(self, entry: _Entry) -> None:
        index = len(self.entries)
        self.entries.append(entry)
        bones = entry.said.bones
        if len(bones) <= WHOLE:
            for key in self.keys(bones):
                self.whole.setdefault(key, []).append(index)
            return
        for key in self.keys(bones[:WHOLE]):
            self.head.setdefault(key, []).append(index)
        for key in self.keys(bones[-WHOLE:]):
            self.tail.setdefault(key, []).append(index)

    def keys(self, bones: str) -> set[str]:
        """Two skeletons that differ by one bone (another, one more, one less) have a key in common."""
        if len(bones) < _LOOSE[self.scheme]:
            return {bones}
        return {bones, *(bones[:i] + bones[i + 1 :] for i in range(len(bones)))}

    def find(self, words: Sequence[str], language: str, margin: float) -> Iterator[SoundMatch]:
        spoken = _Spoken([options[0] if options else None for options in self.scheme.read(words)])
        for first, end, candidates in chain(self._short(spoken), self._long(spoken)):
            said = spoken.code[spoken.at[first] : spoken.at[end]]
            for index in candidates:
                entry = self.entries[index]
                least = entry.wanted - margin
                likeness = Levenshtein.normalized_similarity(entry.said.code, said, score_cutoff=least)
                if likeness < least - EPSILON or likeness <= 0 or (language and entry.language not in ("", language)):
                    continue
                short = likeness < entry.wanted - EPSILON
                miss = f"sounds alike, {likeness:.2f} of the wanted {entry.wanted:.2f}" if short else ""
                yield SoundMatch(entry.number, first, end - 1, likeness, entry.wanted, miss)

    def _short(self, spoken: _Spoken) -> Iterator[tuple[int, int, Iterable[int]]]:
        """(first word, word after the last, entries that are worth comparing) for entries of few bones."""
        bones, at = spoken.bones, spoken.bone_at
        for first in range(len(at)) if self.whole else ():
            for end in range(first + 1, len(at)):
                if at[end] - at[first] > WHOLE + 1:
                    break
                if found := self._look(self.whole, bones[at[first] : at[end]]):
                    yield first, end, found

    def _long(self, spoken: _Spoken) -> Iterator[tuple[int, int, Iterable[int]]]:
        """The same for entries of many bones: those that begin, or end, alike and have about that length.

        Of a crowd that begins alike ("please send me the money for …") only those that end alike, too.
        """
        bones, at = spoken.bones, spoken.bone_at
        found: dict[tuple[int, int], set[int]] = {}
        crowds: dict[int, str] = {}  # by edge: the bones after it
        for edge in range(len(at)) if self.head else ():
            after = bones[at[edge] : at[edge] + WHOLE]
            starting = self._look(self.head, after)
            if len(starting) > _CROWD:
                crowds[edge] = after
                continue
            for index in starting:
                for end in spoken.ends(edge, len(self.entries[index].said.code)):
                    found.setdefault((edge, end), set()).add(index)
        for edge in range(len(at)) if self.head else ():
            for index in self._look(self.tail, bones[max(0, at[edge] - WHOLE) : at[edge]]):
                said = self.entries[index].said
                for first in spoken.firsts(edge, len(said.code)):
                    if first not in crowds or not self.keys(crowds[first]).isdisjoint(self.keys(said.bones[:WHOLE])):
                        found.setdefault((first, edge), set()).add(index)
        for (first, end), indexes in found.items():
            yield first, end, indexes

    def _look(self, table: dict[str, list[int]], bones: str) -> set[int]:
        found: set[int] = set()
        for key in self.keys(bones):
            if key in table:
                found.update(table[key])
        return found


class _Spoken:
    """Recognised words as one row of sounds."""

    def __init__(self, words: Sequence[Coded | None]) -> None:
        self.code = "".join(word.code if word else UNREAD for word in words)
        self.bones = "".join(word.bones for word in words if word)
        self.at = [0, *accumulate(len(word.code) if word else len(UNREAD) for word in words)]  # edges in `code`
        self.bone_at = [0, *accumulate(len(word.bones) if word else 0 for word in words)]  # and in `bones`

    def ends(self, first: int, length: int) -> Iterator[int]:
        """The two edges nearest to `length` signs after the edge `first`."""
        after = bisect_left(self.at, self.at[first] + length)
        return (end for end in (after - 1, after) if first < end < len(self.at))

    def firsts(self, end: int, length: int) -> Iterator[int]:
        """The two edges nearest to `length` signs before the edge `end`."""
        after = bisect_left(self.at, self.at[end] - length)
        return (first for first in (after - 1, after) if 0 <= first < end)


def _apart(matches: Sequence[SoundMatch]) -> list[SoundMatch]:
    """Of one entry's overlapping matches the best."""
    kept: list[SoundMatch] = []
    for match in sorted(matches, key=lambda m: (bool(m.miss), -m.likeness, m.last - m.first, m.first)):
        if all(match.last < other.first or other.last < match.first for other in kept):
            kept.append(match)
    return kept
