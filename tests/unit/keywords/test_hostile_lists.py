"""Whatever a file holds, reading it ends with a list or with ListRefused, and changing it with TOML or a refusal."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import KeywordListInvalid
from monitor.keywords import edit
from monitor.keywords.cells import COLUMNS, KINDS
from monitor.keywords.composite import RULE_KEYS
from monitor.keywords.exchange import from_csv
from monitor.keywords.lists import ListRefused, parse
from monitor.keywords.reading import KEYS
from monitor.keywords.refusal import Problem
from monitor.model import RuleState

_texts = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    [
        "a",
        "en",
        "kill you",
        "*",
        "k*",
        "a*b*c",
        "(a",
        "a{9}{9}",
        r"\pL{1,99}",
        r"\Q",
        "杀*",
        "high",
        "live",
        "room",
        "\x00",
    ]
)
_leaves = _texts | st.integers() | st.floats() | st.booleans() | st.dates() | st.datetimes()
_keys = st.sampled_from(sorted(KEYS | RULE_KEYS | {"text", "hit", "miss"})) | st.text("ab.\"' ", max_size=3)
_values = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=5), max_leaves=10
)
_rule = st.dictionaries(st.sampled_from(sorted(RULE_KEYS)), _values, max_size=5)
_data = st.fixed_dictionaries(
    {
        "name": st.just("a") | _values,
        "phrases": st.lists(_texts | st.dictionaries(_keys, _values), max_size=4) | _values,
    },
    optional=dict.fromkeys(sorted(KEYS - {"name", "phrases", "rules"}), _values)
    | {"rules": st.lists(_rule | st.just({"label": "r"}).flatmap(lambda base: _rule.map(lambda more: more | base)))},
)
_slow = settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])


def problems(act: Callable[[], object]) -> tuple[Problem, ...]:
    """What it is refused for, if it is."""
    try:
        act()
    except ListRefused as refused:
        return refused.problems
    return ()


def ends(text: str) -> None:
    """With a list, or with problems that have their place in the text."""
    for problem in problems(lambda: parse(text, "x.toml")):
        lines = text.split("\n")
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


def change(text: str) -> None:
    """In all ways; each with TOML as the end, or a refusal."""
    for act in (
        lambda: edit.add_phrase(text, "new"),
        lambda: edit.add_rule(text, {"label": "r", "pattern": "x"}),
        lambda: edit.add_exception(text, "new"),
        lambda: edit.set_state(text, RuleState.SHADOW),
        lambda: edit.remove_rule(text, "a"),
        lambda: edit.remove_exception(text, "a"),
        lambda: edit.set_option(text, "a", "sound", True),
    ):
        try:
            tomllib.loads(act())
        except KeywordListInvalid:
            continue


@_slow
@given(_data)
def test_any_data(data: dict[str, Any]) -> None:
    text = tomlkit.dumps(data)
    ends(text)
    change(text)


@_slow
@given(st.text(st.sampled_from("name=\"a'[]{}.,#\n\r\t 1-:T*é\\u"), max_size=60))
def test_any_text(text: str) -> None:
    ends(text)
    change(text)


_cells = _texts | st.sampled_from([*KINDS, *COLUMNS, "true", "0.9", "2027-01-01", "a | b", "\\", '"', "'="])


@_slow
@given(
    st.lists(st.sampled_from(COLUMNS) | _texts, max_size=5),
    st.lists(st.lists(_cells, max_size=6), max_size=5),
    st.sampled_from(",;\t"),
)
def test_any_sheet(columns: list[str], rows: list[list[str]], delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in [["text", *columns], *rows])
    for problem in problems(lambda: from_csv(text, "x.csv", name="a")):
        assert problem.line >= 1
        assert problem.column >= 1
