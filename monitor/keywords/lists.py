"""Reads a keyword list from TOML. Pure: text in, checked list out.

docs/reference/keyword-lists.md describes the format.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from monitor.errors import KeywordListInvalid
from monitor.keywords.match import Matcher
from monitor.keywords.phrases import forms, objection
from monitor.keywords.rules import KeywordList, Rule
from monitor.model import Severity

MAX_PHRASES = 100_000
"""Rules, and exceptions, in one list."""
MAX_LENGTH = 200
"""Characters in one phrase or exception."""
_KEYS = {"name", "title", "languages", "severity", "phrases", "exceptions", "examples"}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def parse(text: str, path: Path | str) -> KeywordList:
    """A checked list. Raises KeywordListInvalid with "file:line: reason" for the first thing that is wrong."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at (?:line (\d+)|end of document)", str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        raise KeywordListInvalid(f"{path}:{line}: not valid TOML: {error}") from None
    return _Reader(text, str(path), data).read()


class _Reader:
    """One reading of one file: keeps the text, to find the line of what is wrong."""

    def __init__(self, text: str, path: str, data: dict[str, Any]) -> None:
        self._lines = text.splitlines()
        self._path = path
        self._data = data

    def read(self) -> KeywordList:
        for key in self._data:
            if key not in _KEYS:
                self._refuse(f"unknown key `{key}`; known are {', '.join(sorted(_KEYS))}", self._line_of_key(key))
        severity = self._severity(self._data.get("severity", Severity.MEDIUM))
        phrases = self._phrases(severity)
        exceptions = self._texts("exceptions", self._data.get("exceptions", []))
        self._check_exceptions(phrases, exceptions)
        hits, misses = self._examples()
        draft = KeywordList(
            name=self._name(),
            title=self._title(),
            languages=self._languages(),
            severity=severity,
            rules=phrases,
            exceptions=exceptions,
            hits=hits,
            misses=misses,
            version="",
        )
        result = replace(draft, version=_digest(draft))
        self._try_examples(result)
        return result

    def _name(self) -> str:
        name = self._data.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            self._refuse(
                '`name` must be a short word of a-z, 0-9, "-" and "_", such as "threats-en"', self._line_of_key("name")
            )
        return name

    def _title(self) -> str:
        title = self._data.get("title", self._data["name"])
        if not isinstance(title, str) or not title.strip():
            self._refuse("`title` must be a text", self._line_of_key("title"))
        return title

    def _languages(self) -> tuple[str, ...]:
        languages = self._data.get("languages", [])
        if not isinstance(languages, list) or not all(isinstance(x, str) and _LANGUAGE.fullmatch(x) for x in languages):
            self._refuse('`languages` must be ISO 639-1 codes such as ["en"]', self._line_of_key("languages"))
        return tuple(dict.fromkeys(languages))

    def _severity(self, value: Any, phrase: str = "") -> Severity:
        if not isinstance(value, str) or value not in list(Severity):
            line = self._line_of(phrase) if phrase else self._line_of_key("severity")
            self._refuse(f"severity {value!r} is none of {', '.join(Severity)}", line)
        return Severity(value)

    def _phrases(self, severity: Severity) -> tuple[Rule, ...]:
        entries = self._data.get("phrases")
        line = self._line_of_key("phrases")
        if not isinstance(entries, list) or not entries:
            self._refuse("`phrases` must be an array with at least one phrase", line)
        if len(entries) > MAX_PHRASES:
            self._refuse(f"{len(entries)} phrases; a list holds at most {MAX_PHRASES}", line)
        seen: dict[str, str] = {}
        phrases: list[Rule] = []
        for entry in entries:
            phrase = self._phrase(entry, severity, line)
            before = seen.setdefault(forms(phrase.text)[0], phrase.text)
            if len(seen) == len(phrases):
                which = 2 if before == phrase.text else 1
                self._refuse(f"phrase {phrase.text!r} is the same as {before!r}", self._line_of(phrase.text, which))
            phrases.append(phrase)
        return tuple(phrases)

    def _phrase(self, entry: Any, severity: Severity, line: int) -> Rule:
        if isinstance(entry, str):
            self._check("phrase", entry)
            return Rule(entry, severity, text=entry)
        if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
            self._refuse(f"a phrase is a text or a table with `text`, not {entry!r}", line)
        text = entry["text"]
        self._check("phrase", text)
        if unknown := sorted(set(entry) - {"text", "severity", "note"}):
            self._refuse(f"phrase {text!r} has an unknown key `{unknown[0]}`", self._line_of(text))
        note = entry.get("note", "")
        if not isinstance(note, str):
            self._refuse(f"the note of phrase {text!r} must be a text", self._line_of(text))
        wanted = entry.get("severity", severity)
        # the line is looked for only where it is needed: each look goes through the whole text
        return Rule(text, wanted if wanted is severity else self._severity(wanted, text), note, text=text)

    def _check(self, kind: str, text: str) -> None:
        if len(text) > MAX_LENGTH:
            self._refuse(f"a {kind} has {len(text)} characters; at most {MAX_LENGTH}", self._line_of(text))
        if reason := objection(text):
            self._refuse(f"{kind} {text!r} {reason}", self._line_of(text))

    def _texts(self, key: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(text, str) and text.strip() for text in value):
            self._refuse(f"`{key}` must be an array of texts", self._line_of_key(key))
        if len(value) > MAX_PHRASES:
            self._refuse(f"{len(value)} {key}; a list holds at most {MAX_PHRASES}", self._line_of_key(key))
        return tuple(value)

    def _check_exceptions(self, phrases: tuple[Rule, ...], exceptions: tuple[str, ...]) -> None:
        if not exceptions:
            return
        known = {forms(phrase.text)[0]: phrase.text for phrase in phrases}
        for text in exceptions:
            self._check("exception", text)
            if same := known.get(forms(text)[0]):
                which = 2 if same == text else 1
                self._refuse(f"exception {text!r} cancels the phrase {same!r} wholly", self._line_of(text, which))

    def _examples(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        examples = self._data.get("examples", {})
        line = self._line_of_key("examples")
        if not isinstance(examples, dict):
            self._refuse("`examples` must be a table with `hit` and `miss`", line)
        if unknown := sorted(set(examples) - {"hit", "miss"}):
            self._refuse(f"`examples` has an unknown key `{unknown[0]}`", self._line_of_key(unknown[0]))
        return self._texts("hit", examples.get("hit", [])), self._texts("miss", examples.get("miss", []))

    def _try_examples(self, draft: KeywordList) -> None:
        if not (draft.hits or draft.misses):
            return
        matcher = Matcher([draft])
        for text in draft.hits:
            if not matcher.find_text(text):
                self._refuse(f"example {text!r} must hit, but no phrase is found in it", self._line_of(text))
        for text in draft.misses:
            if found := matcher.find_text(text):
                self._refuse(
                    f"example {text!r} must not hit, but phrase {found[0].phrase!r} is found in {found[0].matched!r}",
                    self._line_of(text),
                )

    def _line_of_key(self, key: str) -> int:
        pattern = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[\].=]""")
        return next((number for number, line in enumerate(self._lines, 1) if pattern.match(line)), 1)

    def _line_of(self, text: str, which: int = 1) -> int:
        """The line where a text stands in quotes for the `which`-th time; 1 where it is written with escapes."""
        quoted = (f'"{text}"', f"'{text}'")
        for number, line in enumerate(self._lines, 1):
            if not line.lstrip().startswith("#"):
                which -= sum(line.count(form) for form in quoted)
                if which <= 0:
                    return number
        return 1

    def _refuse(self, reason: str, line: int) -> NoReturn:
        raise KeywordListInvalid(f"{self._path}:{line}: {reason}")


def _digest(draft: KeywordList) -> str:
    """Eight hexadecimal digits of SHA-256; the order of phrases, notes, examples and comments don't count."""
    content = {
        "name": draft.name,
        "title": draft.title,
        "languages": sorted(draft.languages),
        "phrases": sorted((phrase.text, phrase.severity.value) for phrase in draft.rules),
        "exceptions": sorted(draft.exceptions),
    }
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]
