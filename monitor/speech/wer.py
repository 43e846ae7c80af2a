"""Word error rate (character error rate for scripts without spaces), with its counts.

The normaliser is ours and simple: case, width, punctuation, apostrophes, English titles and numbers up to 999,999,
traditional Chinese characters as simplified ones (Whisper writes either, as it likes: both are the same words).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from opencc import OpenCC

_BY_CHARACTER = {"zh", "ja", "yue", "th"}
_TITLES = {"mr": "mister", "mrs": "missus", "dr": "doctor", "st": "saint"}
# fmt: off
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
# fmt: on


@dataclass(frozen=True, slots=True)
class Errors:
    """Counts over tokens; they add up over clips."""

    tokens: int = 0  # of the reference
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def count(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors ÷ tokens of the reference; may exceed 1. Zero for an empty reference without insertions."""
        return self.count / self.tokens if self.tokens else float(self.insertions > 0)

    def __add__(self, other: Errors) -> Errors:
        return Errors(
            self.tokens + other.tokens,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )


def tokens(text: str, language: str) -> list[str]:
    """The words (or characters) that are compared."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"[’'ʼ`]", "", text)
    if language == "en":
        text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    plain = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text)
    if language == "zh":
        plain = _simplifier().convert(plain)
    if language in _BY_CHARACTER:
        return [c for c in plain if not c.isspace()]
    if language != "en":
        return plain.split()
    return [part for word in plain.split() for part in _english(word)]


def errors(reference: str, hypothesis: str, language: str) -> Errors:
    """Fewest substitutions, deletions and insertions (Levenshtein) from the reference to the hypothesis."""
    ref, hyp = tokens(reference, language), tokens(hypothesis, language)
    # One row of (cost, substitutions, deletions, insertions) at a time.
    row = [(j, 0, 0, j) for j in range(len(hyp) + 1)]
    for i, word in enumerate(ref, 1):
        before, row = row, [(i, 0, i, 0)]
        for j, said in enumerate(hyp, 1):
            cost, subs, dels, ins = before[j - 1]
            options = [(cost, subs, dels, ins) if word == said else (cost + 1, subs + 1, dels, ins)]
            cost, subs, dels, ins = before[j]
            options.append((cost + 1, subs, dels + 1, ins))
            cost, subs, dels, ins = row[j - 1]
            options.append((cost + 1, subs, dels, ins + 1))
            row.append(min(options, key=lambda option: option[0]))
    _, subs, dels, ins = row[-1]
    return Errors(len(ref), subs, dels, ins)


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def _english(word: str) -> list[str]:
    if word.isascii() and word.isdigit() and int(word) < 1_000_000:
        return _number(int(word))
    return [_TITLES.get(word, word)]


def _number(n: int) -> list[str]:
    if n < 20:
        return [_ONES[n]]
    if n < 100:
        return [_TENS[n // 10], *([_ONES[n % 10]] if n % 10 else [])]
    if n < 1000:
        return [_ONES[n // 100], "hundred", *(_number(n % 100) if n % 100 else [])]
    return [*_number(n // 1000), "thousand", *(_number(n % 1000) if n % 1000 else [])]
