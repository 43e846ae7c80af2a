from __future__ import annotations

import json
import string
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from monitor.keywords.places import Places

TEXT = """\
# "a" = 1
title = 'one'   # phrases = 2
dotted . "key here" = '''
x = 1
''' # [no]
when = 2026-01-01 10:00:00
phrases = [ "a", # "b",
  "\\"]", { text = 'x', note = { deep = [1, 2] } }, \"\"\"
,]\"\"\",
]
[table."sub.table"]
k = true
[[rules]]
label = "a"
[rules.options]
deep = 1
[[rules]]
  label = "b"
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("title",), (2, 9)),
        (("dotted", "key here"), (3, 23)),
        (("when",), (6, 8)),
        (("phrases",), (7, 11)),
        (("phrases", 0), (7, 13)),
        (("phrases", 1), (8, 3)),
        (("phrases", 2, "note", "deep", 1), (8, 44)),
        (("phrases", 3), (8, 52)),
        (("table", "sub.table", "k"), (12, 5)),
        (("rules", 0, "label"), (14, 9)),
        (("rules", 0, "options", "deep"), (16, 8)),
        (("rules", 1, "label"), (18, 11)),
        (("rules", 1), (17, 1)),
        (("rules", 1, "missing", 7), (17, 1)),
        (("missing",), (1, 1)),
    ],
)
def test_values(path: tuple[str | int, ...], place: tuple[int, int]) -> None:
    assert Places(TEXT).value(path) == place


def test_keys() -> None:
    places = Places(TEXT)
    assert places.key(("rules", 1, "label")) == (18, 3)
    assert places.key(("phrases", 2, "note")) == (8, 24)
    assert places.key(("rules", 0, "options")) == (15, 1)


_texts = st.text(st.sampled_from(string.printable + "验\u00e9\"'\\[]{}#=,."), max_size=12)
_leaves = st.integers(0, 9) | st.booleans() | _texts
_values = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=3), max_leaves=12
)


@given(st.dictionaries(_texts, _values, max_size=5))
def test_each_text_is_found_where_it_stands(data: dict[str, Any]) -> None:
    """Texts that count up: whatever the quoting, the place of each must be the place of its number."""
    counted, paths = _counted(data, (), [0])
    text = tomlkit.dumps(counted)
    lines, places = text.split("\n"), Places(text)
    for path, number in paths.items():
        line, column = places.value(path)
        assert lines[line - 1][column - 1 :].startswith(str(number)), (path, text)


def _counted(value: Any, path: tuple[str | int, ...], count: list[int]) -> tuple[Any, dict[Any, int]]:
    """The same shape with each leaf a number of its own, and the numbers by path."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        made, paths = {}, {}
        for key, inner in pairs:
            made[key], more = _counted(inner, (*path, key), count)
            paths |= more
        return (made if isinstance(value, dict) else list(made.values())), paths
    count[0] += 1
    return 100_000 + count[0], {path: 100_000 + count[0]}


def test_what_is_no_toml_ends() -> None:
    for text in ("[", "[[", "a", "a = [", "a = {b", '"', "= 1", json.dumps({"a": [1]})):
        assert Places(text).value(("a",))
