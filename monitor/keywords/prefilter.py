"""Which of many utterances are worth a full search: a sieve that may keep too much and never too little.

A phrase can only be where its longest part without wildcards is, so one pass of Aho–Corasick (CACM 18(6), 1975) over
many texts joined into one finds the few that any rule could hit. Patterns are tried as one RE2 set. What is kept goes
through the matcher itself: the sieve decides about time and never about a result.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, product
from math import prod

from ahocorasick_rs import AhoCorasick, Implementation

from monitor.keywords.disguise import closed
from monitor.keywords.inflections import lemmas_for
from monitor.keywords.normalise import STAR, UNSPACED, is_spaced
from monitor.keywords.pattern_index import PatternIndex
from monitor.keywords.phrases import forms
from monitor.keywords.rules import KeywordList, Kind, Reach, Rule
from monitor.keywords.sound import SoundIndex
from monitor.keywords.sound_sieve import SoundSieve

_EDGE = re.compile(f"(?<=[{UNSPACED}])(?=[^ \\n{UNSPACED}])|(?<=[^ \\n{UNSPACED}])(?=[{UNSPACED}])")
"""Between a script with spaces and one without there is a word's edge, but no space in the normal form."""
MAX_FORMS = 500
"""Inflected forms of one phrase that are searched one by one."""
_BREAK = " \n "
"""Between two texts: a word ends before it and one begins behind it, and no phrase has it inside."""


@dataclass(frozen=True, slots=True)
class Text:
    """One utterance as stored."""

    language: str
    normal: str
    unfolded: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What may have a hit."""

    indexes: list[int]  # in order
    sounding: frozenset[int]  # of them, those in which something sounds like a phrase; in no other one anything does


class Sieve:
    """For the rules of one or several versions of a list."""

    def __init__(self, lists: Iterable[KeywordList]) -> None:
        needles: set[str] = set()
        unfolded: set[str] = set()
        patterns: list[tuple[str, int, bool]] = []
        sounds: list[tuple[int, str, str, float]] = []
        inflecting: dict[str, set[str]] = {}
        for one in lists:
            for rule in one.rules:
                languages = rule.languages or one.languages
                if rule.kind is Kind.PATTERN:
                    patterns.append((rule.text, len(patterns), rule.disguise))
                for phrase in _phrases(rule):
                    needles.update(_needles(phrase))
                    if rule.inflect:
                        for language in languages:
                            inflecting.setdefault(language, set()).add(phrase)
                    if rule.disguise:
                        unfolded.update(_needles(phrase))
                        unfolded.update(_needle(closed(phrase)))
                    if rule.sound is not None:
                        sounds += [(len(sounds), phrase, language, rule.sound) for language in languages or ("",)]
        for language, phrases in inflecting.items():
            needles.update(_inflected(phrases, language))
        self._plain = _automaton(needles)
        self._unfolded = _automaton(unfolded)
        self._patterns = PatternIndex(patterns) if patterns else None
        self._sounds = SoundSieve(SoundIndex(sounds)) if sounds else None

    def keep(self, texts: Sequence[Text]) -> Kept:
        """The texts that any of the rules could hit."""
        kept: set[int] = set()
        if self._plain is not None:
            kept.update(_found(self._plain, [text.normal for text in texts]))
        if self._unfolded is not None:
            disguised = [index for index, text in enumerate(texts) if text.unfolded]
            kept.update(disguised[i] for i in _found(self._unfolded, [texts[i].unfolded for i in disguised]))
        if self._patterns is not None:
            kept.update(i for i, text in enumerate(texts) if i not in kept and self._has_pattern(self._patterns, text))
        sounding = frozenset(self._sounding(texts))
        return Kept(sorted(kept | sounding), sounding)

    def _has_pattern(self, patterns: PatternIndex, text: Text) -> bool:
        plain = any(any(patterns.find(line)) for line in text.normal.split("\n"))
        return plain or any(any(patterns.find(line, unfolded=True)) for line in text.unfolded.split("\n"))

    def _sounding(self, texts: Sequence[Text]) -> Iterator[int]:
        if self._sounds is None:
            return
        lines = [(index, line) for index, text in enumerate(texts) for line in text.normal.split("\n")]
        wanted = [(line, texts[index].language) for index, line in lines]
        for number in self._sounds.keep(wanted):
            yield lines[number][0]


def _phrases(rule: Rule) -> tuple[str, ...]:
    """Without one of these there is no hit. Where a combination reaches over several utterances, each part matters by
    itself, and so does what must be absent.
    """
    if rule.combination is None:
        return (rule.text,) if rule.kind is Kind.PHRASE else ()
    found = rule.combination
    return found.parts if found.reach is Reach.UTTERANCE else (*found.parts, *found.without)


def _needles(phrase: str) -> Iterator[str]:
    for form in forms(phrase):
        yield from _needle(form)


def _needle(form: str) -> Iterator[str]:
    """The longest part without wildcards, with the spaces around it that the text has there, too."""
    parts = form.split(STAR)
    index, part = max(enumerate(parts), key=lambda item: len(item[1].strip()))
    if not part.strip():
        return
    part = _EDGE.sub(" ", part)
    before = " " if index == 0 and is_spaced(part[0]) else ""
    after = " " if index == len(parts) - 1 and is_spaced(part[-1]) else ""
    yield before + part + after


def _inflected(phrases: Iterable[str], language: str) -> Iterator[str]:
    """The phrases in all their forms; where those of one are too many, the forms of its longest word."""
    lemmas = lemmas_for(language, sorted(phrases))
    families: dict[str, set[str]] = {}
    for form, base in lemmas.base.items():
        families.setdefault(base, {base}).add(form)
    for normal in sorted({form for phrase in phrases for form in forms(phrase)}):
        words = [sorted(families.get(base, {base})) for base in map(lemmas.of_form, normal.split(" "))]
        if prod(map(len, words)) > MAX_FORMS:
            whole = [word for word, plain in zip(words, normal.split(" "), strict=True) if STAR not in plain]
            words = [max(whole, key=lambda family: min(map(len, family)))]
        for chosen in product(*words):
            yield from _needle(" ".join(chosen))


def _automaton(needles: Iterable[str]) -> AhoCorasick | None:
    patterns = sorted(needles)
    return AhoCorasick(patterns, implementation=Implementation.DFA) if patterns else None


def _found(automaton: AhoCorasick, texts: Sequence[str]) -> Iterator[int]:
    """Indexes of the texts that any needle is in. The same may come twice."""
    padded = [_spaced(text) for text in texts]
    ends = list(accumulate(len(text) + len(_BREAK) for text in padded))
    joined = " " + _BREAK.join(padded) + " "
    return (bisect_right(ends, start) for _, start, _ in automaton.find_matches_as_indexes(joined))


def _spaced(text: str) -> str:
    if "\n" in text:
        text = text.replace("\n", _BREAK)
    return text if text.isascii() else _EDGE.sub(" ", text)
