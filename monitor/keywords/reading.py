"""From the data of a list file to rules. Collects all that is wrong instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from monitor.keywords import fields, patterns
from monitor.keywords.composite import MAX_LENGTH, RULE_KEYS, check_phrase, check_scope, composite
from monitor.keywords.phrases import forms
from monitor.keywords.places import Path
from monitor.keywords.refusal import MAX_PROBLEMS, Wrong, did_you_mean
from monitor.keywords.rules import Combination, KeywordList, Kind, Rule
from monitor.model import RuleState, Severity

MAX_PHRASES = 100_000
"""Phrases, and exceptions, in one list."""
MAX_RULES = 1_000
"""`[[rules]]` in one list: patterns and combinations."""
MAX_EXAMPLES = 10_000
DEFAULTS = frozenset({"inflect", "disguise", "sound", "cool_down"})
"""Options that a list may set for all its rules that don't say otherwise."""
_HEAD = frozenset({"name", "title", "languages", "severity", "state", "owner", "note", "rooms", "expires", "floor"})
KEYS = _HEAD | DEFAULTS | {"phrases", "rules", "exceptions", "examples"}
_PHRASE_KEYS = fields.OPTIONS | {"text"}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_T = TypeVar("_T")


class TooMany(Exception):
    """So much is wrong that reading on is of no use."""


class Reading:
    """One reading of one file's data. `wrong` has what was found; a list with anything in it must not be used."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        self.wrong: list[Wrong] = []
        self.paths: dict[str, Path] = {}  # of each rule, by its label

    def read(self) -> KeywordList:
        """The list, without its version. Only of use where `wrong` is empty. Raises TooMany."""
        self._try(lambda: fields.check_keys(self._data, KEYS, (), "the list"), None)
        head = {key: self._head(key) for key in sorted(_HEAD) if key in self._data}
        if "name" not in head and not self.wrong:
            self._note(Wrong(("name",), "there is no `name`", 'begin the file with a name such as name = "threats-en"'))
        draft = KeywordList(
            rules=(),
            exceptions=(),
            hits=(),
            misses=(),
            version="",
            **{"name": "", "title": head.get("name", ""), "languages": (), "severity": Severity.MEDIUM, **head},
        )
        self._defaults = {key: self._data[key] for key in DEFAULTS if key in self._data}
        self._defaults = self._try(lambda: fields.options(self._defaults, ()), {})
        rules = (*self._phrases(draft), *self._rules(draft))
        exceptions = self._exceptions(rules)
        hits, misses = self._examples()
        return replace(draft, rules=rules, exceptions=exceptions, hits=hits, misses=misses)

    def _note(self, wrong: Wrong) -> None:
        self.wrong.append(wrong)
        if len(self.wrong) >= MAX_PROBLEMS:
            raise TooMany

    def _try(self, read: Callable[[], _T], instead: _T) -> _T:
        try:
            return read()
        except Wrong as wrong:
            self._note(wrong)
            return instead

    def _head(self, key: str) -> Any:
        value, path = self._data[key], (key,)
        match key:
            case "name":
                return self._try(lambda: _name(value), "")
            case "state":
                return self._try(lambda: fields.state(value, path), RuleState.LIVE)
            case "title":
                return self._try(lambda: fields.text(value, path, "`title`", MAX_LENGTH), "")
            case _:
                fallback = Severity.MEDIUM if key == "severity" else () if key in {"languages", "rooms"} else None
                return self._try(lambda: fields.options({key: value}, ())[key], fallback)

    def _phrases(self, draft: KeywordList) -> list[Rule]:
        entries = self._data.get("phrases", [])
        if "phrases" not in self._data and self.wrong:
            return []  # a key that nobody knows may be this one, misspelt
        if not isinstance(entries, list) or (not entries and not self._data.get("rules")):
            mend = 'write at least one, such as phrases = ["gift card*"]'
            self._note(Wrong(("phrases",), "`phrases` must be an array with at least one phrase", mend))
            return []
        if len(entries) > MAX_PHRASES:
            reason = f"{len(entries)} phrases; a list holds at most {MAX_PHRASES}"
            self._note(Wrong(("phrases",), reason, "split it into several lists"))
            return []
        seen: dict[str, str] = {}
        found: list[Rule] = []
        for index, entry in enumerate(entries):
            path: Path = ("phrases", index)
            try:
                rule = self._phrase(entry, path, draft)
                form = forms(rule.text)[0]
                if form in seen:
                    reason = f"phrase {rule.text!r} is the same as {seen[form]!r}"
                    raise Wrong(path, reason, "drop one of the two")
            except Wrong as wrong:
                self._note(wrong)
                continue
            seen[form] = rule.text
            self.paths[rule.label] = path
            found.append(rule)
        return found

    def _phrase(self, entry: Any, path: Path, draft: KeywordList) -> Rule:
        if isinstance(entry, str):
            check_phrase("phrase", entry, path)
            return Rule(entry, draft.severity, text=entry, **self._defaults)
        if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
            mend = did_you_mean(next(iter(entry), ""), ["text"], {"phrase": "text"}) if isinstance(entry, dict) else ""
            raise Wrong(path, f"a phrase is a text or a table with `text`, not {fields.shown(entry)}", mend)
        text = entry["text"]
        check_phrase("phrase", text, (*path, "text"))
        if unknown := entry.keys() - _PHRASE_KEYS:
            for_rules = unknown & RULE_KEYS
            if for_rules:
                mend = f"`{min(for_rules)}` is for patterns and combinations; write those under [[rules]]"
                raise Wrong(
                    (*path, min(for_rules)), f"phrase {text!r} can't have `{min(for_rules)}`", mend, of_key=True
                )
            fields.check_keys(entry, _PHRASE_KEYS, path, f"phrase {text!r}", KEYS - _PHRASE_KEYS)
        options = {"severity": draft.severity, **self._defaults, **fields.options(entry, path)}
        check_scope(options, path, draft)
        return Rule(text, text=text, **options)

    def _rules(self, draft: KeywordList) -> list[Rule]:
        entries = self._data.get("rules", [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self._note(
                Wrong(("rules",), "`rules` must be an array of tables", "write each rule under its own [[rules]]")
            )
            return []
        if len(entries) > MAX_RULES:
            self._note(Wrong(("rules",), f"{len(entries)} rules; a list holds at most {MAX_RULES}", "split the list"))
            return []
        found: list[Rule] = []
        looked_for: dict[tuple[str, Combination | None], str] = {}
        program = 0
        for index, entry in enumerate(entries):
            path: Path = ("rules", index)
            try:
                rule = self._rule(entry, path, draft)
                same = looked_for.setdefault((rule.text, rule.combination), rule.label)
                if same != rule.label:
                    raise Wrong(path, f"rule {rule.label!r} looks for the same as {same!r}", "drop one of the two")
                program += patterns.size(rule.text) if rule.kind is Kind.PATTERN else 0
                if program > patterns.MAX_PROGRAMS:
                    reason = f"the patterns of the list have more than {patterns.MAX_PROGRAMS} instructions together"
                    raise Wrong(path, reason, "split the list, or write simpler patterns")
            except Wrong as wrong:
                self._note(wrong)
                continue
            self.paths[rule.label] = path
            found.append(rule)
        return found

    def _rule(self, entry: dict[str, Any], path: Path, draft: KeywordList) -> Rule:
        label = fields.text(entry.get("label"), (*path, "label"), "`label`, the rule's name in alerts,", MAX_LENGTH)
        if label in self.paths:
            raise Wrong((*path, "label"), f"the label {label!r} is taken already", "give each rule its own")
        if "\n" in label or "\t" in label:
            raise Wrong((*path, "label"), f"the label {label!r} has a line break or tab", "write it in one line")
        fields.check_keys(entry, RULE_KEYS, path, f"rule {label!r}", KEYS - RULE_KEYS)
        options = fields.options(entry, path)
        check_scope(options, path, draft)
        return composite(label, entry, path, {"severity": draft.severity, **self._defaults, **options})

    def _exceptions(self, rules: tuple[Rule, ...]) -> tuple[str, ...]:
        value = self._data.get("exceptions", [])
        none: tuple[str, ...] = ()
        exceptions = self._try(lambda: fields.texts(value, ("exceptions",), "`exceptions`", MAX_PHRASES), none)
        if not exceptions:
            return ()
        known = {forms(rule.text)[0]: rule.text for rule in rules if rule.kind is Kind.PHRASE}
        for index, text in enumerate(exceptions):
            path: Path = ("exceptions", index)
            try:
                check_phrase("exception", text, path)
                if same := known.get(forms(text)[0]):
                    mend = "drop one of the two, or make the exception longer: it wins where it covers a whole hit"
                    raise Wrong(path, f"exception {text!r} cancels the phrase {same!r} wholly", mend)
            except Wrong as wrong:
                self._note(wrong)
        return exceptions

    def _examples(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        examples = self._data.get("examples", {})
        if not isinstance(examples, dict):
            self._note(Wrong(("examples",), "`examples` must be a table with `hit` and `miss`", "write [examples]"))
            return (), ()
        self._try(lambda: fields.check_keys(examples, ("hit", "miss"), ("examples",), "`examples`", KEYS), None)

        def read(key: str) -> tuple[str, ...]:
            return fields.texts(examples.get(key, []), ("examples", key), f"`{key}`", MAX_EXAMPLES)

        none: tuple[str, ...] = ()
        return self._try(lambda: read("hit"), none), self._try(lambda: read("miss"), none)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        near = re.sub(r"[^a-z0-9_]+", "-", value.lower()).strip("-_")[:64] if isinstance(value, str) else ""
        mend = f'such as "{near or "threats-en"}"'
        raise Wrong(("name",), '`name` must be a short word of a-z, 0-9, "-" and "_"', mend)
    return value
