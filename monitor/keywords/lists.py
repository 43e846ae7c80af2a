"""Reads a keyword list from TOML. Pure: text in, checked list out.

docs/reference/keyword-lists.md describes the format.
"""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitor.keywords.composite import MAX_LENGTH
from monitor.keywords.digest import digest
from monitor.keywords.match import Matcher
from monitor.keywords.places import Places
from monitor.keywords.reading import MAX_PHRASES, MAX_RULES, Reading, TooMany
from monitor.keywords.refusal import ListRefused, Problem, Wrong
from monitor.keywords.rules import KeywordList, Reach, Rule
from monitor.model import KeywordHit, RuleState

__all__ = [
    "MAX_BYTES", "MAX_LENGTH", "MAX_PHRASES", "MAX_RULES", "ListRefused", "as_tried", "decoded", "parse", "problem_of",
    "read", "read_data", "try_examples", "wrong_examples",
]  # fmt: skip

MAX_BYTES = 16 * 1024 * 1024
"""Size of one list file."""


def parse(text: str, path: Path | str) -> KeywordList:
    """A checked list that does what its examples say. Raises ListRefused (a KeywordListInvalid): file, line, column,
    reason and a suggestion for each thing that is wrong."""
    found = read(text, path)
    if problems := try_examples(found, text):
        raise ListRefused(str(path), problems)
    return found


def read(text: str, path: Path | str) -> KeywordList:
    """As `parse`, without trying the examples: for whoever has a Matcher with the list already."""
    found, wrong = read_data(_data(text, str(path)))
    if found is None:
        places = Places(text)
        raise ListRefused(str(path), [problem_of(each, places) for each in wrong])
    return found


def read_data(data: dict[str, Any]) -> tuple[KeywordList | None, list[Wrong]]:
    """The list that the data of a file make, or None and what is wrong with them."""
    reading = Reading(data)
    with suppress(TooMany):
        draft = reading.read()
    if reading.wrong:
        return None, reading.wrong
    return replace(draft, version=digest(draft)), []


def decoded(content: bytes, path: Path | str) -> str:
    """The text of a file. Raises ListRefused where it is too big, or not UTF-8."""
    if len(content) > MAX_BYTES:
        reason = f"has {len(content)} bytes; a list holds at most {MAX_BYTES}"
        raise ListRefused(str(path), [Problem(1, 1, reason, "split it into several lists")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        problem = Problem(before.count(b"\n") + 1, column, "not UTF-8 text", "save the file as UTF-8")
        raise ListRefused(str(path), [problem]) from None


def try_examples(one: KeywordList, text: str = "", matcher: Matcher | None = None) -> list[Problem]:
    """What the list's examples show to be wrong. `text` is the file's, to say where; `matcher`: see wrong_examples."""
    wrong = wrong_examples(one, matcher)
    if not wrong:
        return []
    places = Places(text)
    return [problem_of(each, places) for each in wrong]


def wrong_examples(one: KeywordList, matcher: Matcher | None = None) -> list[Wrong]:
    """The examples that the list doesn't keep. They are tried in each of its languages: a `hit` must be found in one
    of them, a `miss` in none. `matcher`: one that finds just this list, as if it were live, where there is one."""
    if not (one.hits or one.misses):
        return []
    languages = one.languages or ("",)
    trial = _Trial(one, matcher)
    wrong: list[Wrong] = []
    for index, example in enumerate(one.hits):
        if not any(trial.find_text(example, language) for language in languages):
            reason = f"example {example!r} must hit, but no phrase is found in it"
            wrong.append(Wrong(("examples", "hit", index), reason, "mend the example, or add a phrase that finds it"))
    for index, example in enumerate(one.misses):
        found = next((hits[0] for language in languages if (hits := trial.find_text(example, language))), None)
        if found:
            reason = f"example {example!r} must not hit, but phrase {found.phrase!r} is found in {found.matched!r}"
            mend = "an exception that covers those words would clear it"
            wrong.append(Wrong(("examples", "miss", index), reason, mend))
    return wrong


class _Trial:
    """Finds a list as examples try it."""

    def __init__(self, one: KeywordList, matcher: Matcher | None) -> None:
        if matcher is None:
            self._matchers = [Matcher([as_tried(one)])]
            return
        far = tuple(rule for rule in one.rules if _is_far(rule))  # which a matcher alone does not find in a sentence
        self._matchers = [matcher, Matcher([as_tried(replace(one, rules=far))])] if far else [matcher]

    def find_text(self, text: str, language: str) -> list[KeywordHit]:
        return [hit for matcher in self._matchers for hit in matcher.find_text(text, language)]


def as_tried(one: KeywordList) -> KeywordList:
    """The list as examples try it: live, in any room, on any day, and with combinations that reach over a minute looked
    for in the one sentence that there is."""
    rules = one.rules
    if any(_narrow(rule) for rule in rules):
        rules = tuple(_widened(rule) if _narrow(rule) else rule for rule in rules)
    return replace(one, state=RuleState.LIVE, rooms=(), expires=None, rules=rules)


def _narrow(rule: Rule) -> bool:
    return _is_far(rule) or bool(rule.rooms) or rule.expires is not None


def _is_far(rule: Rule) -> bool:
    return rule.combination is not None and rule.combination.reach is not Reach.UTTERANCE


def _widened(rule: Rule) -> Rule:
    near = replace(rule.combination, reach=Reach.UTTERANCE) if rule.combination else None
    return replace(rule, rooms=(), expires=None, combination=near)


def _data(text: str, path: str) -> dict[str, Any]:
    """What is in the text. Raises ListRefused where it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = _syntax(text, str(error))
    except RecursionError:
        problem = Problem(1, 1, "brackets in brackets in brackets, too deep to be read", "close them")
    except ValueError as error:  # a number with thousands of digits
        problem = Problem(1, 1, f"not valid TOML: {error}")
    raise ListRefused(path, [problem])


def _syntax(text: str, told: str) -> Problem:
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", told)
    reason = f"not valid TOML: {told[: place.start()] if place else told}"
    if place and place[1]:
        return Problem(int(place[1]), int(place[2]), reason, _mend(told))
    lines = text.split("\n")
    mend = "something that was opened, a bracket or a quote, is not closed"
    return Problem(len(lines), len(lines[-1]) + 1, f"{reason}: the file ends too early", mend)


def _mend(told: str) -> str:
    """What to do about the commonest slips."""
    if "Unclosed array" in told:
        return "is a comma missing between two entries, or the `]`?"
    if "Invalid value" in told:
        return "a text stands between quotes"
    if "Cannot overwrite" in told:
        return "the same key is written twice"
    if "hex value" in told or "backslash" in told.lower() or "escape" in told.lower():
        return "between \" a \\ begins an escape: write it twice, or use '…'"
    if "initial character for a key" in told:
        return "a table between { } stands on one line, and a key is made of a-z, 0-9, - and _"
    if "Expected newline" in told:
        return "one `key = value` a line; is a quote or a comma missing?"
    if "Unclosed inline table" in told:
        return "is a comma missing, or the `}`?"
    return ""


def problem_of(wrong: Wrong, places: Places) -> Problem:
    """What is wrong in the data of a text, with its place in that text."""
    line, column = places.key(wrong.path) if wrong.of_key else places.value(wrong.path)
    return Problem(line, column, wrong.reason, wrong.mend)
