"""How often common words set a rule off.

The 20,000 commonest words of a language (wordfreq: Speer, doi 10.5281/zenodo.7199437; about those above one in 400,000
words) are given to the Matcher one by one; each that hits counts with its share of all words. So the figure includes
wildcards, inflections, disguises and sound-alikes as they really match. What it can't include is phrases that common
words form together; for those stands a guess that takes words as independent. The words are those of written text,
subtitles and posts: people in a room may speak otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from wordfreq import available_languages, get_frequency_dict

from monitor.keywords.lists import as_tried
from monitor.keywords.match import Matcher
from monitor.keywords.normalise import STAR, is_spaced, is_unspaced
from monitor.keywords.phrases import forms
from monitor.keywords.rules import KeywordList, Kind, Rule
from monitor.model import Word

WORDS_PER_HOUR = 9_000.0
"""150 words a minute of speech; in Mandarin that is some 225 characters."""
_AT_ONCE = 500
_GAP = 10.0  # seconds between words, so that nothing is found across two
_MANY_SOUNDS = 1_000
_MOST_WORDS = 20_000
_FEW_WORDS = 5_000
_LEAST = 1e-9  # share of a word that is in no list


@dataclass(frozen=True, slots=True)
class Firing:
    """How often a rule is expected to fire in an hour of speech of one language."""

    label: str
    language: str
    per_hour: float
    words: tuple[tuple[str, float], ...]  # what sets it off and how often an hour, the most frequent first
    guessed: bool = False  # from the words of a phrase, as if they were independent


def firings(one: KeywordList) -> list[Firing]:
    """For each rule and language that common words set off; the most frequent first."""
    found: list[Firing] = []
    for language in languages_of(one):
        found += _of_words(one, language)
        known = {firing.label for firing in found if firing.language == language}
        found += [guess for rule in one.rules if rule.label not in known and (guess := _guess(rule, language))]
    return sorted(found, key=lambda firing: (-firing.per_hour, firing.label, firing.language))


def languages_of(one: KeywordList) -> list[str]:
    """Those of the list's languages whose words are known; for a list without any, by the script of its phrases."""
    if one.languages:
        wanted = set(one.languages)
    else:
        letters = {char for rule in islice(one.rules, 1_000) for char in rule.text}
        wanted = {language for language, low, high in _SCRIPTS if any(low <= char <= high for char in letters)}
    return sorted(wanted & set(_known()))


_SCRIPTS = (
    ("en", "A", "z"),
    ("ru", "\u0400", "\u04ff"),
    ("ar", "\u0620", "\u064a"),
    ("ja", "\u3041", "\u30ff"),
    ("ko", "\uac00", "\ud7a3"),
    ("zh", "\u4e00", "\u9fff"),
)


def common_words(language: str) -> Mapping[str, float]:
    """Word → share of all words, the commonest first; empty for a language that wordfreq doesn't have."""
    return get_frequency_dict(language, "small") if language in _known() else {}


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(available_languages("small"))


def _of_words(one: KeywordList, language: str) -> Iterator[Firing]:
    """By the words one by one."""
    alone = tuple(rule for rule in one.rules if rule.kind is not Kind.COMBINATION)
    matcher = Matcher([as_tried(replace(one, rules=alone))])
    most = _FEW_WORDS if sum(rule.sound is not None for rule in alone) > _MANY_SOUNDS else _MOST_WORDS
    words = iter(islice(common_words(language).items(), most))
    rates: dict[str, list[tuple[str, float]]] = {}
    while some := list(islice(words, _AT_ONCE)):
        spoken = [Word(" " + word, _GAP * i, _GAP * i + 0.5, 1.0) for i, (word, _) in enumerate(some)]
        for hit in matcher.find(spoken, 0, language):
            word, share = some[int(hit.start / _GAP)]
            rates.setdefault(hit.phrase, []).append((word, share * WORDS_PER_HOUR))
    for label, by in rates.items():
        yield Firing(label, language, sum(rate for _, rate in by), tuple(sorted(by, key=lambda one: -one[1])))


def _guess(rule: Rule, language: str) -> Firing | None:
    """Of a phrase of several words, as if they came independently of each other."""
    form = forms(rule.text)[0] if rule.kind is Kind.PHRASE else ""
    if not form or STAR in form or (rule.languages and language not in rule.languages):
        return None
    shares = common_words(language)
    if len(_pieces(form, shares)) < 2:
        return None
    return Firing(rule.label, language, per_hour(rule.text, language), (), guessed=True)


def per_hour(phrase: str, language: str) -> float:
    """How often a phrase, without its wildcards, is expected in an hour of speech, its words taken as independent."""
    shares = common_words(language)
    share = 1.0
    for word in _pieces(forms(phrase)[0].replace(STAR, ""), shares):
        share *= shares.get(word, _LEAST)
    return share * WORDS_PER_HOUR


def _pieces(form: str, shares: Mapping[str, float]) -> list[str]:
    """The words of a normal form; where the script has no spaces, the longest common words from the left."""
    pieces: list[str] = []
    for word in form.split(" "):
        if all(is_spaced(char) for char in word):
            pieces.append(word)
            continue
        at = 0
        while at < len(word):
            ends = range(len(word), at, -1) if is_unspaced(word[at]) else range(at + 1, at, -1)
            end = next((end for end in ends if word[at:end] in shares), at + 1)
            pieces.append(word[at:end])
            at = end
    return pieces
