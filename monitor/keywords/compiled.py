"""Lists made into what is searched: indexes, and what each thing in them belongs to.

Building takes about a second for 100,000 phrases, and is meant to run in a thread beside the event loop: nothing here
holds Python's global lock for more than a few milliseconds at a stretch.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from monitor.keywords.disguise import closed
from monitor.keywords.index import Index
from monitor.keywords.inflections import Lemmas, lemmas_for
from monitor.keywords.pattern_index import PatternIndex
from monitor.keywords.phrases import forms
from monitor.keywords.rules import KeywordList, Kind, Rule
from monitor.keywords.sound import SoundIndex

PHRASE, EXCEPTION, PART = 0, 1, 2
"""What a target is. Parts of combinations are numbered on: first the parts, then what must be absent."""


class Target(NamedTuple):
    """What a match belongs to."""

    source: KeywordList
    rule: Rule | None  # None: an exception
    text: str  # the phrase, exception or part as written
    part: int  # -1, or the number of the part; from len(parts) on: what must be absent


class Compiled:
    """The lists, in order of name, with their indexes. Immutable once built; safe for any number of threads."""

    def __init__(self, lists: Iterable[KeywordList]) -> None:
        self.lists = tuple(sorted(lists, key=lambda one: one.name))
        self._owners = array("l")  # by target: number of its list,
        self._places = array("l")  # of its rule there, or of its exception,
        self._parts = array("b")  # and of its part: -1 for a phrase, -2 for an exception
        inflecting: dict[str, list[tuple[str, int]]] = {}
        disguised: list[tuple[str, int]] = []
        sounds: list[tuple[int, str, str, float]] = []
        patterns: list[tuple[str, int, bool]] = []
        self.exact = Index(self._exact(inflecting, disguised, sounds, patterns))
        self.patterns = PatternIndex(patterns)
        self.disguised = Index(disguised)
        self.sounds = SoundIndex(sounds) if sounds else None
        self.inflected: dict[str, tuple[Lemmas, Index]] = {}
        for language, entries in sorted(inflecting.items()):
            lemmas = lemmas_for(language, (text for text, _ in entries))
            self.inflected[language] = (
                lemmas,
                Index((lemmas.of_form(form), t) for text, t in entries for form in forms(text)),
            )
        self.combines = any(rule.kind is Kind.COMBINATION for one in self.lists for rule in one.rules)

    def __getitem__(self, number: int) -> Target:
        source = self.lists[self._owners[number]]
        place, part = self._places[number], self._parts[number]
        if part == -2:
            return Target(source, None, source.exceptions[place], -1)
        rule = source.rules[place]
        return Target(source, rule, _parts_of(rule)[part] if part >= 0 else rule.text, part)

    def _exact(
        self,
        inflecting: dict[str, list[tuple[str, int]]],
        disguised: list[tuple[str, int]],
        sounds: list[tuple[int, str, str, float]],
        patterns: list[tuple[str, int, bool]],
    ) -> Iterator[tuple[str, int]]:
        """The forms of all phrases, parts and exceptions; on the way the other indexes' entries are collected."""
        for owner, one in enumerate(self.lists):
            for place, rule in enumerate(one.rules):
                if rule.kind is Kind.PATTERN:
                    patterns.append((rule.text, self._new(owner, place, -1), rule.disguise))
                    continue
                numbered = ((-1, rule.text),) if rule.kind is Kind.PHRASE else enumerate(_parts_of(rule))
                for part, text in numbered:
                    target = self._new(owner, place, part)
                    yield from ((form, target) for form in forms(text))
                    if rule.inflect:
                        for language in _inflects_in(one, rule):
                            inflecting.setdefault(language, []).append((text, target))
                    if rule.disguise:
                        disguised.extend((form, target) for form in _unfolded(text))
                    if rule.sound is not None:
                        languages = rule.languages or one.languages or ("",)
                        sounds.extend((target, text, language, rule.sound) for language in languages)
            yield from self._exceptions(owner, one, inflecting, disguised)

    def _exceptions(
        self,
        owner: int,
        one: KeywordList,
        inflecting: dict[str, list[tuple[str, int]]],
        disguised: list[tuple[str, int]],
    ) -> Iterator[tuple[str, int]]:
        """Where rules of the list are found in other forms, so are its exceptions; those cover such matches only."""
        languages = {code for rule in one.rules if rule.inflect for code in _inflects_in(one, rule)}
        unfolds = any(rule.disguise for rule in one.rules)
        for place, text in enumerate(one.exceptions):
            target = self._new(owner, place, -2)
            yield from ((form, target) for form in forms(text))
            for language in languages:
                inflecting.setdefault(language, []).append((text, target))
            if unfolds:
                disguised.extend((form, target) for form in _unfolded(text))

    def _new(self, owner: int, place: int, part: int) -> int:
        self._owners.append(owner)
        self._places.append(place)
        self._parts.append(part)
        return len(self._owners) - 1


def _inflects_in(one: KeywordList, rule: Rule) -> tuple[str, ...]:
    """A list for all languages can't have all their inflections; it has the English ones."""
    return rule.languages or one.languages or ("en",)


def _parts_of(rule: Rule) -> tuple[str, ...]:
    found = rule.combination
    return (*found.parts, *found.without) if found else ()


def _unfolded(text: str) -> tuple[str, ...]:
    """In unfolded text the words of a phrase may stand together: "k i l l y o u" is killyou."""
    return tuple(dict.fromkeys((*forms(text), closed(text))))
