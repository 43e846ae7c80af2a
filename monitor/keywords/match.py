"""Finds the phrases of keyword lists in recognised words.

Rules, in this order:
1. Phrases are searched in the normalised text of all words together (normalise.py), so a phrase may cross words.
2. Where the script has spaces a match begins and ends at a word's edge; where it has none, anywhere.
3. A pause longer than PAUSE seconds between two words ends the text: nothing matches across it.
4. A list with languages is searched only in those; an unknown language ("") is searched with all lists.
5. A match that lies wholly inside a match of one of its own list's exceptions is dropped.
6. Of overlapping matches of one list the longest stays; at equal length the more severe, then the earlier one.
   Different lists don't touch each other.
7. Only matches that touch a fresh word are reported, in the order of the text, then list, then phrase.

Search: Aho–Corasick (Aho & Corasick, CACM 18(6), 1975) over the parts without wildcards,
then a check of each candidate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ahocorasick_rs import AhoCorasick

from monitor.keywords.normalise import STAR, is_spaced, is_unspaced, normalise
from monitor.keywords.phrases import anchor, expression, forms
from monitor.keywords.rules import KeywordList, Rule
from monitor.model import KeywordHit, Word

PAUSE = 2.0
"""Seconds between two words across which no phrase is looked for."""
CONTEXT_WORDS = 8
CONTEXT_SIGNS = 24
"""Shown before and after a hit: so many words, or characters of a script without spaces."""


@dataclass(slots=True)
class _Entry:
    """One thing to search for: a phrase, or an exception (phrase None), in one normal form."""

    source: KeywordList
    form: str
    phrase: Rule | None
    compiled: re.Pattern[str] | None = field(default=None)  # made at first need: most wildcards never come near

    def spans(self, text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Where the phrase is in the text, given that its anchor is at [start, end)."""
        if STAR not in self.form:
            if _at_edges(text, start, end):
                yield start, end
            return
        if self.compiled is None:
            self.compiled = expression(self.form)
        for found in self.compiled.finditer(text):
            if found.start() <= start and end <= found.end():
                yield found.span()


@dataclass(frozen=True, slots=True, eq=False)  # comparing would go through the whole list that it points to
class _Match:
    source: KeywordList
    phrase: Rule
    start: int  # in the normalised text
    end: int

    def preference(self) -> tuple[int, int, int, str]:
        return self.start - self.end, -self.phrase.severity.rank, self.start, self.phrase.text


class Matcher:
    """Immutable once built: a changed list means a new Matcher. May be used from any thread."""

    def __init__(self, lists: Iterable[KeywordList]) -> None:
        self.lists = tuple(sorted(lists, key=lambda one: one.name))
        self._entries: list[list[_Entry]] = []  # by pattern number
        numbers: dict[str, int] = {}
        for entry in _entries(self.lists):
            number = numbers.setdefault(anchor(entry.form), len(numbers))
            if number == len(self._entries):
                self._entries.append([])
            self._entries[number].append(entry)
        self._search = AhoCorasick(list(numbers))

    def find(self, words: Sequence[Word], fresh_from: int = 0, language: str = "") -> list[KeywordHit]:
        """Hits that touch a word with index ≥ `fresh_from`.

        `language` is ISO 639-1. Words before `fresh_from` are known already and only help phrases that began there.
        """
        offsets = [0]
        for word in words:
            offsets.append(offsets[-1] + len(word.text))
        joined = "".join(word.text for word in words)
        hits: list[tuple[int, int, KeywordHit]] = []  # with the place in `joined`
        for first, last in _runs(words):
            if last <= fresh_from:
                continue
            normal = normalise(joined[offsets[first] : offsets[last]])
            owner = _owners(words, first, last)
            for match in self._matches(normal.text, language):
                start, end = normal.starts[match.start], normal.ends[match.end - 1]
                one, two = first + owner[start], first + owner[end - 1]
                if two >= fresh_from:
                    place = offsets[first] + start, offsets[first] + end
                    hits.append((*place, _hit(match, words, (one, two), joined, place)))
        return [hit for *_, hit in sorted(hits, key=lambda item: (*item[:2], item[2].list_name, item[2].phrase))]

    def find_text(self, text: str, language: str = "") -> list[KeywordHit]:
        """Hits in a written sentence: for a list's examples and for trying lists out. Times count words."""
        parts = re.findall(r"\s*\S+", text)
        return self.find([Word(part, float(i), i + 1.0, 1.0) for i, part in enumerate(parts)], 0, language)

    def _matches(self, text: str, language: str) -> list[_Match]:
        found: dict[str, dict[tuple[str, int, int], _Match]] = {}  # a wildcard may meet the same place twice
        allowed: dict[str, list[tuple[int, int]]] = {}
        for number, start, end in self._search.find_matches_as_indexes(text, overlapping=True):
            for entry in self._entries[number]:
                if language and entry.source.languages and language not in entry.source.languages:
                    continue
                name = entry.source.name
                for one, two in entry.spans(text, start, end):
                    if entry.phrase is None:
                        allowed.setdefault(name, []).append((one, two))
                    else:
                        match = _Match(entry.source, entry.phrase, one, two)
                        found.setdefault(name, {})[entry.phrase.text, one, two] = match
        return [match for name, some in found.items() for match in _settle(some.values(), allowed.get(name, []))]


def _entries(lists: Iterable[KeywordList]) -> Iterator[_Entry]:
    for one in lists:
        for phrase in one.rules:
            for form in forms(phrase.text):
                yield _Entry(one, form, phrase)
        for exception in one.exceptions:
            for form in forms(exception):
                yield _Entry(one, form, None)


def _settle(matches: Iterable[_Match], allowed: list[tuple[int, int]]) -> list[_Match]:
    """Rules 5 and 6 for one list. Kept matches don't overlap, so each letter is taken at most once."""
    kept: list[_Match] = []
    taken: set[int] = set()
    for match in sorted(matches, key=_Match.preference):
        if any(start <= match.start and match.end <= end for start, end in allowed):
            continue
        letters = range(match.start, match.end)
        if taken.isdisjoint(letters):
            taken.update(letters)
            kept.append(match)
    return kept


def _at_edges(text: str, start: int, end: int) -> bool:
    """Whether [start, end) does not begin or end inside a word of a script with spaces."""
    begins = start == 0 or not (is_spaced(text[start]) and is_spaced(text[start - 1]))
    ends = end == len(text) or not (is_spaced(text[end - 1]) and is_spaced(text[end]))
    return begins and ends


def _runs(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """[first, last) of stretches of words without a long pause."""
    first = 0
    for index in range(1, len(words)):
        if words[index].start - words[index - 1].end > PAUSE:
            yield first, index
            first = index
    if words:
        yield first, len(words)


def _owners(words: Sequence[Word], first: int, last: int) -> list[int]:
    """For each character of the run's text the number of its word, counted from `first`."""
    return [number for number in range(last - first) for _ in words[first + number].text]


def _hit(
    match: _Match, words: Sequence[Word], span: tuple[int, int], joined: str, place: tuple[int, int]
) -> KeywordHit:
    """`before + matched + after` is the text as recognised, without a break."""
    first, last = span
    start, end = place
    return KeywordHit(
        list_name=match.source.name,
        list_version=match.source.version,
        phrase=match.phrase.label,
        severity=match.phrase.severity,
        matched=joined[start:end],
        before=joined[_reach(joined, start, -1) : start].lstrip(),
        after=joined[end : _reach(joined, end, 1)].rstrip(),
        start=words[first].start,
        end=words[last].end,
        probability=min(word.probability for word in words[first : last + 1]),
    )


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
