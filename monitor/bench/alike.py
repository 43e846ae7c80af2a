"""`bench alike`: what matching by sound costs, and how often it fires on speech that has none of the phrases.

Phrases and speech are made from wordfreq's word frequencies by a seed, or taken from a text with one utterance a line:
phrases out of its first half by rule, speech is the second half. Words drawn one by one are not talk: of real talk a
text tells more.
"""

from __future__ import annotations

import random
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import simplemma
from rich.console import Console
from rich.table import Table
from wordfreq import get_frequency_dict, top_n_list, zipf_frequency

from monitor.bench.machine import describe
from monitor.errors import MediaUnreadable
from monitor.keywords.normalise import is_unspaced, normalise
from monitor.keywords.sound import SoundIndex, reach, tokens

UNSPACED = frozenset({"zh", "ja"})
LENGTHS = {True: (2, 3, 4, 5), False: (1, 2, 3, 4)}  # in characters, in words
PER_HOUR = {True: 14_000, False: 9_000}  # characters, words of unbroken talk
WANTED = (0.8, 0.85, 0.9, 0.95)
_WORDS = 30  # in an utterance
_COMMON = 5.4  # Zipf frequency from which a word is no content
_VOCABULARY = 20_000


@dataclass(frozen=True, slots=True)
class Plan:
    languages: tuple[str, ...]
    phrases: int  # whose false hits are counted, in each language
    speed: int  # phrases in the index whose speed is measured
    words: int  # of speech, where it is made
    seed: int


@dataclass(frozen=True, slots=True)
class Speed:
    phrases: int
    build: float  # seconds of CPU, dictionaries loaded
    megabytes: float  # of Python objects
    p50: float  # seconds of CPU an utterance
    p95: float


def measure(plan: Plan, text: Path | None, out: Console) -> None:
    """Print the tables. Raises MediaUnreadable where the text can't be read."""
    lines = _lines(text) if text else []
    for language in plan.languages:
        chance = random.Random(f"{plan.seed} {language}")  # noqa: S311  no secret
        words = _vocabulary(language)
        _print_speed(out, language, speed(language, words, plan.speed, chance))
        if lines:
            chance.shuffle(lines)
            half = len(lines) // 2
            phrases, speech = _taken(lines[:half], language, plan.phrases, chance), lines[half:]
        else:
            phrases = _made(words, language, plan.phrases, chance)
            speech = list(_talk(words, language, plan.words, chance))
        _print_false(out, language, phrases, speech)
    where = f"text {text.name}" if text else "speech made from wordfreq's frequencies"
    out.print(f"seed {plan.seed}, {where}", highlight=False)
    out.print(describe(), style="dim", highlight=False)


def speed(language: str, words: Sequence[str], count: int, chance: random.Random) -> Speed:
    """An index of `count` phrases, asked 300 times for an utterance of 30 words."""
    phrases = _made(words, language, count, chance)
    talk = [pieces_of(line) for line in _talk(words, language, 300 * _WORDS, chance)]
    SoundIndex([(0, phrases[0], language, 0.85)]).find(talk[0], language)  # loads the dictionaries
    entries = [(number, phrase, language, 0.85) for number, phrase in enumerate(phrases)]
    tracemalloc.start()
    kept = SoundIndex(entries)
    megabytes = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    del kept
    begun = time.process_time()
    index = SoundIndex(entries)
    build = time.process_time() - begun
    took = []
    for pieces in talk:
        begun = time.process_time()
        index.find(pieces, language)
        took.append(time.process_time() - begun)
    took.sort()
    return Speed(count, build, megabytes, took[len(took) // 2], took[len(took) * 95 // 100])


def false_hits(phrases: Sequence[str], speech: Sequence[str], language: str) -> list[tuple[str, float]]:
    """(phrase, likeness) of each stretch that sounds like a phrase and is neither it nor another form of its words."""
    index = SoundIndex([(number, phrase, language, min(WANTED)) for number, phrase in enumerate(phrases)])
    gap = "" if language in UNSPACED else " "
    base = [_base(phrase, language) for phrase in phrases]
    found = []
    for line in speech:
        pieces = pieces_of(line)
        for match in index.find(pieces, language):
            said = gap.join(pieces[match.first : match.last + 1])
            if _base(said, language) != base[match.number]:
                found.append((phrases[match.number], match.likeness))
    return found


def _print_speed(out: Console, language: str, figures: Speed) -> None:
    out.print(
        f"[bold]{language}[/]: {figures.phrases} phrases: built in {figures.build:.2f} s of CPU, "
        f"{figures.megabytes:.0f} MB; an utterance of {_WORDS} words p50 {figures.p50 * 1e3:.2f} ms, "
        f"p95 {figures.p95 * 1e3:.2f} ms",
        highlight=False,
    )


def _print_false(out: Console, language: str, phrases: Sequence[str], speech: Sequence[str]) -> None:
    amount = sum(len(pieces_of(line)) for line in speech)
    hours = amount / PER_HOUR[language in UNSPACED]
    least = {phrase: known.least for phrase in phrases if (known := reach(phrase, language))}
    found = false_hits(phrases, speech, language)
    table = Table("needs at least", "phrases", *(f"wanted {wanted}" for wanted in WANTED), "never fire at 0.85",
                  box=None, header_style="bold", title=f"{language}: false hits an hour and 100 phrases")  # fmt: skip
    for group, count in [*sorted(Counter(least.values()).items(), reverse=True), ("all", len(least))]:
        of_group = [one for one in found if group == "all" or least[one[0]] == group]
        rates = [sum(likeness >= wanted - 1e-9 for _, likeness in of_group) for wanted in WANTED]
        loud = len({phrase for phrase, likeness in of_group if likeness >= 0.85 - 1e-9})
        cells = [f"{100 * rate / count / hours:.2f}" for rate in rates]
        table.add_row(str(group or "any"), str(count), *cells, f"{1 - loud / count:.0%}")
    out.print(table)
    out.print(f"{amount} {'characters' if language in UNSPACED else 'words'} of speech, {hours:.1f} h", highlight=False)


def _vocabulary(language: str) -> list[str]:
    """Common words, most frequent first."""
    wanted = [word for word in top_n_list(language, 2 * _VOCABULARY) if normalise(word).text and word.isalpha()]
    if language in UNSPACED:
        wanted = [word for word in wanted if all(is_unspaced(char) for char in word)]
    return wanted[:_VOCABULARY]


def _made(words: Sequence[str], language: str, count: int, chance: random.Random) -> list[str]:
    unspaced = language in UNSPACED
    gap = "" if unspaced else " "
    lengths = (1, 2, 2, 3) if unspaced else LENGTHS[False]
    made: dict[str, None] = {}
    while len(made) < count:
        phrase = gap.join(chance.choice(words) for _ in range(chance.choice(lengths)))
        if reach(phrase, language):
            made.setdefault(phrase)
    return list(made)


def _talk(words: Sequence[str], language: str, amount: int, chance: random.Random) -> Iterator[str]:
    frequencies = get_frequency_dict(language)
    weights = [frequencies.get(word, 0.0) for word in words]
    for _ in range(amount // _WORDS):
        yield ("" if language in UNSPACED else " ").join(chance.choices(words, weights, k=_WORDS))


def _taken(lines: Sequence[str], language: str, count: int, chance: random.Random) -> list[str]:
    """Phrases out of a text: words of content at both ends, or characters that are words; as many of each length."""
    unspaced = language in UNSPACED
    grams: dict[int, dict[str, None]] = {length: {} for length in LENGTHS[unspaced]}
    for line in lines:
        pieces = pieces_of(line)
        for length, some in grams.items():
            for start in range(len(pieces) - length + 1):
                gram = pieces[start : start + length]
                if is_content(gram, language):
                    some.setdefault(("" if unspaced else " ").join(gram))
    chosen = []
    for some in grams.values():
        good = [gram for gram in some if reach(gram, language)]
        chosen += chance.sample(good, min(count // len(grams), len(good)))
    return chosen


def is_content(gram: Sequence[str], language: str) -> bool:
    if language in UNSPACED:
        text = "".join(gram)
        known = _known(language)
        return text in known or (len(text) > 3 and text[:2] in known and text[2:] in known)
    edges = (gram[0], gram[-1])
    return all(word.isalpha() and len(word) > 2 and 0 < zipf_frequency(word, language) < _COMMON for word in edges)


@cache
def _known(language: str) -> frozenset[str]:
    """Words of the language; wordfreq's own look-up would need a segmenter."""
    return frozenset(get_frequency_dict(language))


def pieces_of(text: str) -> list[str]:
    return [piece.text for piece in tokens(normalise(text).text)]


def _base(text: str, language: str) -> str:
    if language in UNSPACED:
        return text
    try:
        return " ".join(simplemma.lemmatize(word, lang=language).casefold() for word in text.split())
    except ValueError:  # a language that simplemma does not have
        return text


def _lines(text: Path) -> list[str]:
    try:
        return [line for line in text.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise MediaUnreadable(f"{text}: can't be read as UTF-8 text: {error}") from error
