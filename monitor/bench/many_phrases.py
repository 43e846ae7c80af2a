"""Keyword lists of any size over all kinds of rules, and utterances to search, made from a seed.

Words are drawn from how common they are (wordfreq): utterances as people say them, phrases from the words beyond the
commonest, as lists have them. Nothing in them means anything.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wordfreq import get_frequency_dict

from monitor.model import Word

VOCABULARY = 40_000
COMMONEST = 300
"""Words that phrases don't consist of: a list with "the" in it would be another matter."""
SHARES = {
    "plain": 0.565,
    "wildcard": 0.05,
    "inflected": 0.05,
    "disguised": 0.03,
    "heard": 0.10,  # by sound, where that is on
    "mandarin": 0.175,
    "pattern": 0.01,
    "combination": 0.02,
}
"""Kinds of rules by their share. What a share of `heard` has without sound is plain."""
PLANTED = 0.1
"""Share of utterances that hold a phrase."""
_FILE = 1_000  # `[[rules]]` in a file, as many as a list may have


@dataclass(frozen=True, slots=True)
class Volume:
    """What was made: the files are in the directory that was given."""

    counts: dict[str, int]  # rules by kind
    planted: tuple[str, ...]  # phrases that utterances may hold


class Maker:
    """The same seed makes the same lists and utterances."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311  not for secrets
        english, mandarin = (
            _common("en", str.isascii),
            _common("zh", lambda word: all("\u4e00" <= c <= "\u9fff" for c in word)),
        )
        self._english, self._mandarin = list(english), list(mandarin)
        self._rare = {"en": self._english[COMMONEST:], "zh": self._mandarin[COMMONEST:]}
        self._weights = {"en": list(english.values()), "zh": list(mandarin.values())}
        self._used: set[str] = set()

    def write(self, directory: Path, rules: int, sounds: bool) -> Volume:
        """Lists of `rules` rules in all, as files. `sounds`: whether the share for it is matched by sound, too."""
        counts = {kind: round(rules * share) for kind, share in SHARES.items()}
        english = [
            *(self._phrase(1, 4) for _ in range(counts["plain"])),
            *(self._wildcard() for _ in range(counts["wildcard"])),
            *(f"{{ text = {self._phrase(2, 2)}, inflect = true }}" for _ in range(counts["inflected"])),
            *(f"{{ text = {self._phrase(2, 3)}, disguise = true }}" for _ in range(counts["disguised"])),
        ]
        heard = [self._phrase(2, 3) for _ in range(counts["heard"])]
        self._list(directory / "en.toml", "en", english)
        tables = [f"{{ text = {text}, sound = true }}" for text in heard] if sounds else heard
        self._list(directory / "heard.toml", "en", tables)
        self._list(directory / "zh.toml", "zh", [self._mandarin_phrase() for _ in range(counts["mandarin"])])
        kinds = [*(["pattern"] * counts["pattern"]), *(["combination"] * counts["combination"])]
        for first in range(0, len(kinds), _FILE):
            tables = [self._rule(kind, first + place) for place, kind in enumerate(kinds[first : first + _FILE])]
            self._list(directory / f"rules{first}.toml", "en", [self._phrase(3, 3)], tables)
        return Volume(counts, tuple(json.loads(text) for text in heard))

    def utterances(self, count: int, words: int, language: str, planted: tuple[str, ...] = ()) -> Iterator[list[Word]]:
        """Utterances of so many words, some with a phrase in them."""
        vocabulary = self._english if language == "en" else self._mandarin
        gap = " " if language == "en" else ""
        for _ in range(count):
            texts = self._random.choices(vocabulary, self._weights[language], k=words)
            if planted and self._random.random() < PLANTED:
                phrase = self._random.choice(planted).split()
                place = self._random.randrange(words - len(phrase))
                texts[place : place + len(phrase)] = phrase
            yield [Word(gap + text, i * 0.3, i * 0.3 + 0.3, 0.9) for i, text in enumerate(texts)]

    def _word(self) -> str:
        return self._random.choice(self._rare["en"])

    def _phrase(self, least: int, most: int) -> str:
        """New, in quotes."""
        return self._new(lambda: " ".join(self._word() for _ in range(self._random.randint(least, most))))

    def _mandarin_phrase(self) -> str:
        return self._new(lambda: "".join(self._random.choice(self._rare["zh"]) for _ in range(2)))

    def _wildcard(self) -> str:
        return self._new(lambda: f"{self._word():_<3.4}* {self._word()}".replace("_", "e"))

    def _new(self, make: Callable[[], str]) -> str:
        while True:
            text = make()
            if len(text) > 2 and text not in self._used:
                self._used.add(text)
                return json.dumps(text, ensure_ascii=False)

    def _rule(self, kind: str, number: int) -> str:
        if kind == "pattern":
            body = f"pattern = '\\b{self._word()}\\w* (the |a )?{self._word()}s?\\b'"
        else:
            body = f"near = [{self._phrase(1, 1)}, {self._phrase(1, 2)}]\nwords = 5"
        return f'[[rules]]\nlabel = "{kind} {number}"\n{body}\n'

    @staticmethod
    def _list(path: Path, language: str, phrases: list[str], rules: list[str] | None = None) -> None:
        head = f'name = "{path.stem}"\nlanguages = ["{language}"]\nphrases = [\n'
        text = head + "".join(f"  {phrase},\n" for phrase in phrases) + "]\n" + "".join(rules or ())
        path.write_text(text, "utf-8")


def _common(language: str, wanted: Callable[[str], bool]) -> dict[str, float]:
    """The commonest words with their frequency, commonest first."""
    known = get_frequency_dict(language)
    words = sorted((word for word in known if word.isalpha() and wanted(word)), key=lambda word: (-known[word], word))
    return {word: known[word] for word in words[:VOCABULARY]}
