"""Other forms of words: kills, killed and killing for kill, in the languages that simplemma knows.

simplemma says of a form which base form it has, from dictionaries of 20 to 120 MB in memory that take up to two seconds
to load. A list needs only the forms of its own words. So a process of its own reads the dictionary, turned around, and
hands back those; this one keeps a small table: form → base form.

A form with two readings has one base form here, simplemma's: "left" stays "left" and is not found for "leave".
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock

from simplemma import lemmatize
from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES, DefaultDictionaryFactory

from monitor.keywords.normalise import STAR, Normal, normalise

_TIMEOUT = 60.0
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_known: dict[str, dict[str, str]] = {}
"""By language: each word asked for → its base form, and each of that one's forms. Grows with the lists only."""
_asked: dict[str, set[str]] = {}
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Lemmas:
    """Forms in their normal form → base form, in its normal form."""

    base: Mapping[str, str]

    def of_form(self, form: str) -> str:
        """A normal form of a phrase with its words in their base forms. Words with a wildcard stay as they are."""
        return " ".join(word if STAR in word else self.base.get(word, word) for word in form.split(" "))

    def of_text(self, normal: Normal) -> Normal:
        """A normalised text with its words in their base forms. Each letter leads back to the whole of its word."""
        text, base = normal.text, self.base
        out: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        place = 0
        for word in text.split(" "):
            end = place + len(word)
            found = base.get(word)
            if found is None or found == word:
                out.append(text[place : end + 1])
                starts.extend(normal.starts[place : end + 1])
                ends.extend(normal.ends[place : end + 1])
            else:
                out.append(found + text[end : end + 1])
                starts.extend([normal.starts[place]] * len(found))
                ends.extend([normal.ends[end - 1]] * len(found))
                starts.extend(normal.starts[end : end + 1])
                ends.extend(normal.ends[end : end + 1])
            place = end + 1
        return Normal("".join(out), tuple(starts), tuple(ends))


def inflects(language: str) -> bool:
    """Whether there are inflections for a language."""
    return language in SUPPORTED_LANGUAGES


def lemmas_for(language: str, phrases: Iterable[str]) -> Lemmas:
    """What is needed to find other forms of the words of `phrases`. Blocks for a second or two where a word is new."""
    if not inflects(language):
        return Lemmas({})
    wanted = {word for phrase in phrases for word in _WORD.findall(phrase)}
    with _lock:
        known = _known.setdefault(language, {})
        asked = _asked.setdefault(language, set())
        if missing := sorted(wanted - asked):
            for form, base in sorted(_elsewhere(language, missing).items()):
                known.setdefault(form, base)
            asked.update(missing)
        return Lemmas(dict(known))


def _elsewhere(language: str, words: list[str]) -> dict[str, str]:
    """`forms_of` in a process of its own, so that this one neither waits for the dictionary nor keeps it."""
    command = [sys.executable, "-m", "monitor.keywords.inflections", language]
    try:
        done = subprocess.run(  # noqa: S603  our own module
            command,
            input=json.dumps(words),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_TIMEOUT,
            check=True,
        )
        answer: dict[str, str] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):  # no processes here: then slower, and with more memory
        return forms_of(language, words)
    return answer


def forms_of(language: str, words: Iterable[str]) -> dict[str, str]:
    """Each form of each of the words → the base form that they share; all in normal form."""
    bases = {lemmatize(word, language) for word in words}
    own = {_plain(word): _plain(lemmatize(word, language)) for word in words}
    found: dict[str, str] = {}
    for form, base in DefaultDictionaryFactory().get_dictionary(language).items():
        if base in bases:
            found.setdefault(_plain(form), _plain(base))
    return {form: base for form, base in {**found, **own}.items() if form and base}


def _plain(word: str) -> str:
    return normalise(word).text


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    json.dump(forms_of(sys.argv[1], json.load(sys.stdin)), sys.stdout)
