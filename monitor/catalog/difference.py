"""What is different between two versions of a keyword list: for people (lines) and for programs (rules). Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

from monitor.keywords.rules import KeywordList, Rule

MOST_LINES = 20_000
"""Lines that differ, from which no line by line comparison is made: it would take minutes. The rules are compared."""


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that has another value. `rule` is empty where it is the list's."""

    rule: str
    setting: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """`lines` is a unified diff, empty where the texts are equal or differ in more than MOST_LINES."""

    lines: str = ""
    settings: tuple[Change, ...] = ()  # of the list
    added: tuple[str, ...] = ()  # labels of rules
    removed: tuple[str, ...] = ()
    changed: tuple[Change, ...] = ()  # of rules that both have
    exceptions_added: tuple[str, ...] = ()
    exceptions_removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))


_LIST_SETTINGS = ("title", "languages", "severity", "state", "rooms", "owner", "note", "expires", "floor")


def compare(before: KeywordList | None, after: KeywordList | None) -> Difference:
    """By rules. None: there is no such version, or today's reader can't read it; its rules count as none."""
    old_rules = {rule.label: rule for rule in before.rules} if before else {}
    new_rules = {rule.label: rule for rule in after.rules} if after else {}
    old_exceptions = before.exceptions if before else ()
    new_exceptions = after.exceptions if after else ()
    return Difference(
        settings=_settings(before, after) if before and after else (),
        added=tuple(label for label in new_rules if label not in old_rules),
        removed=tuple(label for label in old_rules if label not in new_rules),
        changed=tuple(
            change
            for label, rule in new_rules.items()
            if label in old_rules and rule != old_rules[label]
            for change in _rule(old_rules[label], rule)
        ),
        exceptions_added=_missing(new_exceptions, old_exceptions),
        exceptions_removed=_missing(old_exceptions, new_exceptions),
    )


def lines(before: str, after: str, names: tuple[str, str]) -> str:
    """A unified diff with `names` in its head; empty where the texts are equal or too much differs."""
    old, new = before.splitlines(), after.splitlines()
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    if len(old) + len(new) - 2 * (head + tail) > MOST_LINES:
        return ""
    # Only what differs is compared, with three lines around it: a list may have 100,000 lines that are equal.
    first, rest = max(0, head - 3), max(0, tail - 3)
    part = difflib.unified_diff(
        old[first : len(old) - rest], new[first : len(new) - rest], names[0], names[1], lineterm=""
    )
    return "\n".join(_shifted(part, first))


def _shifted(diff: Iterable[str], by: int) -> Iterable[str]:
    """Line numbers count from the start of the file."""
    for line in diff:
        if not line.startswith("@@ "):
            yield line
            continue
        old, new = line.split()[1:3]
        yield f"@@ -{_moved(old[1:], by)} +{_moved(new[1:], by)} @@"


def _moved(span: str, by: int) -> str:
    start, comma, length = span.partition(",")
    return f"{int(start) + by}{comma}{length}"


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _settings(before: KeywordList, after: KeywordList) -> tuple[Change, ...]:
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in _LIST_SETTINGS)
    return tuple(Change("", name, shown(a), shown(b)) for name, a, b in pairs if a != b)


def _rule(before: Rule, after: Rule) -> Iterable[Change]:
    for field in fields(Rule):
        a, b = getattr(before, field.name), getattr(after, field.name)
        if a != b:
            yield Change(after.label, field.name, shown(a), shown(b))


def _missing(these: Sequence[str], those: Sequence[str]) -> tuple[str, ...]:
    known = set(those)
    return tuple(text for text in these if text not in known)


def shown(value: Any) -> str:
    """A setting's value for people; empty where it is not set."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return ", ".join(shown(one) for one in value)
    if is_dataclass(value):
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        return "; ".join(f"{name}: {shown(one)}" for name, one in pairs if one not in (None, (), False))
    return str(value)
