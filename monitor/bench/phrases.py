"""What `bench keywords` looks for: speakers split into two halves, and phrases out of the references, by rule and seed.

Nothing is picked by hand. A phrase is one to three words of English with content at both ends, or two to four
characters of Mandarin that are words of its dictionary. Phrases never overlap in any reference: of hits that overlap
one list reports the longest only, which would make the shorter ones look missed.
"""

from __future__ import annotations

import functools
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import simplemma
from opencc import OpenCC
from wordfreq import get_frequency_dict, zipf_frequency

from monitor.bench.clips import Clip
from monitor.speech.wer import tokens

UNSPACED = frozenset({"zh"})
COMMON = 5.4
"""Zipf frequency (log10 of uses in a billion words) from which an English word is no content: "every", "should"."""
KEYWORD = 4.9
"""The same from which a single word is too common to be anybody's keyword: "house", "night"."""
_FUNCTION = frozenset(
    "的了是在和也都就不我你他她它们这那有个上下中大小为与及对从到而且或被把将等着过吗呢吧很之其以于并但"
)
_DIGITS = frozenset("零〇一二两三四五六七八九十百千万亿点年月日号第")


@dataclass(frozen=True, slots=True)
class Split:
    """Clips by speaker: nobody is in both halves."""

    train: tuple[Clip, ...]
    test: tuple[Clip, ...]


def split(clips: Sequence[Clip], seed: int) -> Split:
    """Speakers with most clips first, equal ones in the seed's order, each to the half that has fewer clips by then.

    The first goes to the test half.
    """
    clips_of = Counter(clip.speaker for clip in clips)
    speakers = sorted(clips_of)
    random.Random(seed).shuffle(speakers)  # noqa: S311  no secret
    halves: tuple[list[Clip], list[Clip]] = ([], [])
    for speaker in sorted(speakers, key=lambda name: -clips_of[name]):
        smaller = min(halves, key=len)
        smaller.extend(clip for clip in clips if clip.speaker == speaker)
    test, train = halves
    return Split(tuple(train), tuple(test))


def chosen(clips: Sequence[Clip], language: str, count: int, seed: int, avoid: Iterable[Clip] = ()) -> list[str]:
    """Up to `count` phrases that are in the references of `clips`, as many of each length as there are; none is in a
    reference of `avoid`, in any form.
    """
    chance = random.Random(seed)  # noqa: S311  no secret
    texts = [_marked(clip.transcript, language) for clip in clips]
    forbidden = {form for clip in avoid for form in _forms(tokens(clip.transcript, language), language)}
    by_length: dict[int, list[tuple[str, ...]]] = {}
    for gram in sorted({gram for text in texts for gram in _candidates(text, language)}):
        if not any(form in forbidden for form in _whole_forms(gram, language)):
            by_length.setdefault(len(gram), []).append(gram)
    for grams in by_length.values():
        chance.shuffle(grams)
    taken: list[tuple[str, ...]] = []
    fits = _fitter(texts)
    while len(taken) < count and any(by_length.values()):
        for length in sorted(by_length):
            grams = by_length[length]
            while grams and len(taken) < count:
                if fits(gram := grams.pop()):
                    taken.append(gram)
                    break
    return [joined(gram, language) for gram in taken]


def joined(gram: Sequence[str], language: str) -> str:
    return ("" if language in UNSPACED else " ").join(gram)


def found_in(phrase: str, reference: str, language: str) -> tuple[int, int]:
    """How often the phrase is in the reference: (as it is, in other forms of its words)."""
    gram, text = tuple(tokens(phrase, language)), tokens(reference, language)
    exact = _count(text, gram)
    base = _count([_base(word, language) for word in text], tuple(_base(word, language) for word in gram))
    return exact, max(0, base - exact)


def spelt_in(phrase: str, text: str, language: str) -> bool:
    """Whether the phrase is in the text once case, punctuation, numbers and Chinese script are written one way."""
    if language in UNSPACED:
        phrase, text = _simplified(phrase), _simplified(text)
    return _count(tokens(text, language), tuple(tokens(phrase, language))) > 0


def _simplified(text: str) -> str:
    return str(_converter().convert(text))


@functools.cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


def keyword_list(name: str, language: str, phrases: Iterable[str], *, everywhere: bool = False) -> str:
    """The list as TOML, with the options that somebody would set who wants it found and has read the guide: other
    forms and disguises for all, sound for what is long enough to sound like little else. `everywhere`: it is searched
    in speech of all languages.
    """
    scope = [] if everywhere else [f"languages = [{json.dumps(language)}]"]
    lines = [f"name = {json.dumps(name)}", *scope, 'severity = "high"', "phrases = ["]
    for phrase in phrases:
        options = ["disguise = true"]
        if language not in UNSPACED:
            options.append("inflect = true")
        if _long(phrase, language):
            options.append("sound = true")
        lines.append(f"  {{ text = {json.dumps(phrase, ensure_ascii=False)}, {', '.join(options)} }},")
    return "\n".join([*lines, "]", ""])


def _long(phrase: str, language: str) -> bool:
    return len(phrase) >= 3 if language in UNSPACED else len(phrase.replace(" ", "")) >= 7


def _marked(text: str, language: str) -> list[str]:
    """The tokens; those with an apostrophe are marked, so that no phrase has any: people write it or leave it out."""
    if language in UNSPACED:
        return tokens(text, language)
    return [("'" + token) if "'" in word else token for word in text.split() for token in tokens(word, language)]


def _candidates(text: Sequence[str], language: str) -> Iterator[tuple[str, ...]]:
    good, lengths = (_mandarin, (2, 3, 4)) if language in UNSPACED else (_english, (1, 2, 3))
    for length in lengths:
        for start in range(len(text) - length + 1):
            if good(gram := tuple(text[start : start + length])):
                yield gram


def _english(gram: tuple[str, ...]) -> bool:
    if not all(re.fullmatch("[a-z]+", word) for word in gram):
        return False
    if len(gram) == 1:
        return len(gram[0]) >= 5 and 0 < zipf_frequency(gram[0], "en") < KEYWORD
    return all(len(word) >= 3 and 0 < zipf_frequency(word, "en") < COMMON for word in (gram[0], gram[-1]))


def _mandarin(gram: tuple[str, ...]) -> bool:
    if not all("\u4e00" <= character <= "\u9fff" for character in gram) or _FUNCTION.union(_DIGITS).intersection(gram):
        return False
    text, known = "".join(gram), _dictionary()
    return text in known or (len(text) == 4 and text[:2] in known and text[2:] in known)


@functools.cache
def _dictionary() -> frozenset[str]:
    return frozenset(word for word in get_frequency_dict("zh") if 2 <= len(word) <= 4)


def _fitter(texts: Sequence[Sequence[str]]) -> Callable[[tuple[str, ...]], bool]:
    """A function that takes a phrase where none of its places in the texts is taken by one before it."""
    used: set[tuple[int, int]] = set()

    def fits(gram: tuple[str, ...]) -> bool:
        places = {
            (number, start + offset)
            for number, text in enumerate(texts)
            for start in range(len(text) - len(gram) + 1)
            if tuple(text[start : start + len(gram)]) == gram
            for offset in range(len(gram))
        }
        if places & used:
            return False
        used.update(places)
        return True

    return fits


def _whole_forms(gram: tuple[str, ...], language: str) -> set[tuple[str, ...]]:
    return {gram, tuple(_base(word, language) for word in gram)}


def _forms(text: Sequence[str], language: str) -> Collection[tuple[str, ...]]:
    """All stretches of up to four tokens, as they are and with the words' base forms."""
    base = [_base(word, language) for word in text]
    return {
        tuple(words[start : start + length])
        for words in (text, base)
        for length in range(1, 5)
        for start in range(len(words) - length + 1)
    }


def _count(text: Sequence[str], gram: tuple[str, ...]) -> int:
    return sum(tuple(text[start : start + len(gram)]) == gram for start in range(len(text) - len(gram) + 1))


@functools.cache
def _base(word: str, language: str) -> str:
    return word if language in UNSPACED else str(simplemma.lemmatize(word, lang=language)).casefold()
