"""What is different between two versions of a list."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from monitor.catalog.difference import MOST_LINES, Change, compare, lines
from monitor.keywords.rules import Combination, KeywordList, Kind, Rule
from monitor.model import RuleState, Severity


def rule(text: str, **changes: object) -> Rule:
    return replace(Rule(text, Severity.MEDIUM, text=text), **changes)  # type: ignore[arg-type]


def words(*rules: Rule, **changes: object) -> KeywordList:
    plain = KeywordList("scams", "Scams", ("en",), Severity.MEDIUM, rules, (), (), (), "1")
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_equal_lists_have_no_difference() -> None:
    assert not compare(words(rule("a b")), words(rule("a b")))


def test_rules_and_exceptions_that_came_and_went_are_named() -> None:
    before = words(rule("free money"), rule("wire me"), exceptions=("no free money",))
    found = compare(before, words(rule("wire me"), rule("gift card"), exceptions=("a wire",)))
    assert (found.added, found.removed, found.changed) == (("gift card",), ("free money",), ())
    assert (found.exceptions_added, found.exceptions_removed) == (("a wire",), ("no free money",))


def test_each_setting_of_a_rule_that_changed_is_told_with_both_values() -> None:
    both = Combination(("wire", "money"), seconds=5.0)
    before = rule("pay", severity=Severity.LOW, expires=date(2026, 1, 2), kind=Kind.COMBINATION)
    found = compare(words(before), words(rule("pay", sound=0.85, kind=Kind.COMBINATION, combination=both)))
    assert set(found.changed) == {
        Change("pay", "severity", "low", "medium"),
        Change("pay", "expires", "2026-01-02", ""),
        Change("pay", "sound", "", "0.85"),
        Change("pay", "combination", "", "parts: wire, money; seconds: 5.0; reach: utterance"),
    }


def test_settings_of_the_list_are_told() -> None:
    before = words(rule("a"), state=RuleState.SHADOW)
    found = compare(before, words(rule("a"), floor=0.5, languages=("en", "zh")))
    assert set(found.settings) == {
        Change("", "state", "shadow", "live"),
        Change("", "floor", "", "0.5"),
        Change("", "languages", "en", "en, zh"),
    }


def test_a_first_version_adds_all_its_rules() -> None:
    assert compare(None, words(rule("a"), rule("b"))).added == ("a", "b")
    assert compare(words(rule("a")), None).removed == ("a",)


@pytest.mark.parametrize(("head", "tail"), [(0, 0), (1, 1), (4, 4), (1000, 3)])
def test_a_line_diff_can_be_applied_by_its_numbers(head: int, tail: int) -> None:
    top, bottom = [f"top {n}" for n in range(head)], [f"end {n}" for n in range(tail)]
    before, after = [*top, "old", "kept", *bottom], [*top, "new", "newer", "kept", *bottom]
    text = lines("\n".join(before), "\n".join(after), ("v1", "v2")).splitlines()
    assert text[:2] == ["--- v1", "+++ v2"]
    assert [line for line in text[3:] if not line.startswith(" ")] == ["-old", "+new", "+newer"]
    start = int(text[2].split()[1][1:].split(",")[0])
    shown = [line[1:] for line in text[3:] if not line.startswith("+")]
    assert before[start - 1 : start - 1 + len(shown)] == shown


def test_equal_texts_and_all_too_different_ones_have_no_line_diff() -> None:
    assert lines("a\nb", "a\nb", ("1", "2")) == ""
    many = "\n".join(str(n) for n in range(MOST_LINES + 1))
    assert lines("", many, ("1", "2")) == ""
    assert "+x" in lines(many, f"{many}\nx", ("1", "2"))
