"""Lists out of the program and back: TOML and CSV, without loss. Pure: text in, text or a checked list out.

`read(to_toml(one), …) == one` and `from_csv(to_csv(one), …) == one`, version and all. What loses something is order of
keys and comments; so a file that people keep is changed by edit.py, not written anew from here.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from monitor.keywords.cells import COLUMNS, Sheet, cells_of
from monitor.keywords.lists import read_data, wrong_examples
from monitor.keywords.refusal import ListRefused, Problem
from monitor.keywords.rules import KeywordList, Kind, Reach, Rule
from monitor.model import RuleState

_OPTIONS = ("inflect", "disguise", "sound", "cool_down", "languages", "rooms", "expires", "owner", "floor", "note")


def to_toml(one: KeywordList) -> str:
    """The list as a file, in a fixed order; defaults are left out."""
    lines = [f"{key} = {_toml(value)}" for key, value in head(one).items()]
    phrases = [entry(rule, one) for rule in one.rules if rule.kind is Kind.PHRASE]
    if phrases:
        lines += ["", "phrases = [", *(f"  {_toml(_short(phrase))}," for phrase in phrases), "]"]
    if one.exceptions:
        lines += ["", "exceptions = [", *(f"  {_toml(text)}," for text in one.exceptions), "]"]
    for rule in one.rules:
        if rule.kind is not Kind.PHRASE:
            lines += ["", "[[rules]]", *(f"{key} = {_toml(value)}" for key, value in entry(rule, one).items())]
    if one.hits or one.misses:
        lines += ["", "[examples]"]
        for key, texts in (("hit", one.hits), ("miss", one.misses)):
            lines += [f"{key} = [", *(f"  {_toml(text)}," for text in texts), "]"] if texts else []
    return "\n".join(lines) + "\n"


def to_csv(one: KeywordList) -> str:
    """The list as a table with the columns of `COLUMNS`, for spreadsheets. Write it to a file with newline=""."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
    writer.writerow(COLUMNS)
    writer.writerow(cells_of({"kind": "list", "text": one.name, **head(one)}))
    for rule in one.rules:
        writer.writerow(cells_of({"kind": _kind(rule), **entry(rule, one)}))
    for kind, texts in (("exception", one.exceptions), ("hit", one.hits), ("miss", one.misses)):
        for text in texts:
            writer.writerow(cells_of({"kind": kind, "text": text}))
    return out.getvalue()


def from_csv(text: str, path: Path | str, *, name: str = "") -> KeywordList:
    """A checked list that does what its examples say, from a table whose first row names its columns.

    Only the column `text` is needed; `name` is for a table without a row of the kind `list`. All or nothing: raises
    ListRefused with file, line, column, reason and suggestion for each thing that is wrong.
    """
    sheet = Sheet(text, str(path))
    data = sheet.data(name)
    one, wrong = read_data(data)
    if one is not None:
        wrong = wrong_examples(one)
    if one is None or wrong:
        problems = [Problem(*sheet.place(each.path), each.reason, each.mend) for each in wrong]
        raise ListRefused(str(path), problems)
    return one


def head(one: KeywordList) -> dict[str, Any]:
    """What a file says of the list as a whole; without what is not set."""
    found: dict[str, Any] = {"name": one.name, "title": one.title, "severity": one.severity.value}
    if one.state is not RuleState.LIVE:
        found["state"] = one.state.value
    values = {key: getattr(one, key) for key in ("languages", "rooms", "expires", "owner", "floor", "note")}
    return found | {key: _plain(value) for key, value in values.items() if value not in (None, (), "")}


def entry(rule: Rule, one: KeywordList) -> dict[str, Any]:
    """The table that stands for a rule in a file of the list; without what is not set."""
    found: dict[str, Any] = {"text": rule.text} if rule.kind is Kind.PHRASE else {"label": rule.label}
    if rule.kind is Kind.PATTERN:
        found["pattern"] = rule.text
    if (combination := rule.combination) is not None:
        found[_kind(rule)] = list(combination.parts)
        if combination.without:
            found["not"] = list(combination.without)
        if combination.words is not None:
            found["words"] = combination.words
        if combination.seconds is not None:
            found["seconds"] = combination.seconds
        if combination.reach is not Reach.UTTERANCE:
            found["reach"] = combination.reach.value
    if rule.severity is not one.severity:
        found["severity"] = rule.severity.value
    values = {key: getattr(rule, key) for key in _OPTIONS}
    return found | {key: _plain(value) for key, value in values.items() if _is_set(value)}


def _kind(rule: Rule) -> str:
    if rule.kind is not Kind.COMBINATION or rule.combination is None:
        return rule.kind.value
    if rule.combination.ordered:
        return "sequence"
    return "all" if rule.combination.words is None and rule.combination.seconds is None else "near"


def _is_set(value: Any) -> bool:
    """0 is a value: a cool-down of none, a floor of none."""
    return value is not None and value is not False and value not in ((), "")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _short(phrase: Mapping[str, Any]) -> Any:
    return phrase["text"] if len(phrase) == 1 else phrase


def _toml(value: Any) -> str:
    """A value in TOML 1.0, in one line. JSON's texts are TOML's, but for DEL, which no list has."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case date():
            return value.isoformat()
        case Mapping():
            return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case _:
            return repr(value)
