"""Changes of a list file: what is asked for changes, and nothing else does, comments least of all."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import KeywordListInvalid
from monitor.keywords import edit
from monitor.model import RuleState
from tests.helpers.keyword_lists import list_data

TEXT = """\
# Who tends this: the night shift
name = "a"
title = "A"   # for people
severity = "high"

phrases = [
  # the worst first
  { text = "two things", severity = "low", note = "n" },  # grave
  "one thing",  # less so

  "last one",
]

[[rules]]  # tables
label = "code"
pattern = 'ab\\d{4}'   # four digits

[examples]
hit = [
  "one thing",  # spoken
]
"""


def changed(before: str, after: str) -> list[str]:
    """Lines that went ("-…") and came ("+…")."""
    tomllib.loads(after)
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_state_and_other_keys_of_the_list() -> None:
    shadow = edit.set_state(TEXT, RuleState.SHADOW)
    assert changed(TEXT, shadow) == ['+state = "shadow"']
    assert shadow.index("state") < shadow.index("phrases")
    assert changed(shadow, edit.set_state(shadow, RuleState.LIVE)) == ['-state = "shadow"', '+state = "live"']
    assert edit.set_state(TEXT, RuleState.LIVE) == TEXT
    assert changed(TEXT, edit.set_value(TEXT, "title", "B")) == [
        '-title = "A"   # for people',
        '+title = "B"   # for people',
    ]
    assert changed(TEXT, edit.set_value(TEXT, "title", None)) == ['-title = "A"   # for people']
    assert edit.set_value(TEXT, "owner", None) == TEXT


def test_a_table_in_the_place_of_the_name_does_not_swallow_a_key() -> None:
    """Such a list is refused; a change of it is TOML all the same, and the key is the list's."""
    after = edit.set_state('phrases = []\n\n[name]\nstate = ""\n', RuleState.SHADOW)
    assert tomllib.loads(after) == {"phrases": [], "state": "shadow", "name": {"state": ""}}


def test_phrases_come_and_go() -> None:
    assert [line for line in changed(TEXT, edit.add_phrase(TEXT, 'new "one"')) if line != "+"] == [
        '+  "new \\"one\\"",'
    ]
    more = edit.add_phrase(TEXT, "new", {"sound": 0.9, "note": "a, b"})
    assert [line for line in changed(TEXT, more) if line != "+"] == ['+  { text = "new", sound = 0.9, note = "a, b" },']
    assert changed(TEXT, edit.remove_rule(TEXT, "one thing"))[0] == '-  "one thing",  # less so'
    assert "# the worst first" in edit.remove_rule(TEXT, "two things")
    assert changed("phrases = [ ]\n[x]\ny = 1\n", edit.add_phrase("phrases = [ ]\n[x]\ny = 1\n", "new")) == [
        "-phrases = [ ]",
        "+phrases = [",
        '+  "new",',
        "+]",
    ]


def test_rules_come_and_go() -> None:
    more = edit.add_rule(TEXT, {"label": "both", "all": ["one", "two"]})
    assert [line for line in changed(TEXT, more) if line != "+"] == [
        "+[[rules]]",
        '+label = "both"',
        '+all = ["one", "two"]',
    ]
    assert tomllib.loads(edit.remove_rule(more, "code"))["rules"] == [{"label": "both", "all": ["one", "two"]}]
    assert "rules" not in tomllib.loads(edit.remove_rule(TEXT, "code"))
    first = edit.add_rule('name = "a"\n', {"label": "r", "pattern": r"a\d"})
    assert tomllib.loads(first) == {"name": "a", "rules": [{"label": "r", "pattern": r"a\d"}]}


def test_exceptions_come_and_go() -> None:
    one = edit.add_exception(TEXT, "not one thing")
    assert changed(TEXT, one) == ["+exceptions = [", '+  "not one thing",', "+]"]
    assert one.index("exceptions") < one.index("[[rules]]")
    assert edit.add_exception(one, "Not one, thing!") == one
    two = edit.add_exception(one, "no two things")
    assert changed(one, two) == ['+  "no two things",']
    assert changed(two, edit.remove_exception(two, "not one thing")) == ['-  "not one thing",']


def test_options() -> None:
    assert changed(TEXT, edit.set_option(TEXT, "one thing", "sound", True))[1].startswith(
        '+  { text = "one thing", sound = true },'
    )
    assert edit.set_option(TEXT, "one thing", "sound", None) == TEXT
    louder = edit.set_option(TEXT, "two things", "severity", "critical")
    assert changed(TEXT, louder)[1] == '+  { text = "two things", severity = "critical", note = "n" },  # grave'
    assert tomllib.loads(edit.set_option(TEXT, "two things", "severity", None))["phrases"][0] == {
        "text": "two things",
        "note": "n",
    }
    assert changed(TEXT, edit.set_option(TEXT, "code", "severity", "low")) == ['+severity = "low"']


def test_what_is_not_there() -> None:
    for act in (edit.remove_rule, edit.remove_exception):
        with pytest.raises(edit.NotThere, match="three things"):
            act(TEXT, "three things")
    with pytest.raises(edit.NotThere, match="three things"):
        edit.set_option(TEXT, "three things", "sound", True)


def test_a_file_that_is_broken_already_is_left_alone() -> None:
    for text in ("a = [", 'phrases = "x"'):
        with pytest.raises(KeywordListInvalid, match="mend the list first"):
            edit.add_phrase(text, "new")


@settings(deadline=None, max_examples=40)
@given(list_data(), st.data())
def test_the_data_change_just_so(data: dict[str, Any], more: st.DataObject) -> None:
    text = "# a comment\n" + tomlkit.dumps(data)
    phrases, rules, exceptions = data["phrases"], data.get("rules", []), data["exceptions"]
    added = tomllib.loads(edit.add_phrase(text, "x new"))["phrases"]
    assert (added[:-1], added[-1] in ("x new", {"text": "x new"})) == (phrases, True)
    assert tomllib.loads(edit.add_exception(text, "x new")) == {**data, "exceptions": [*exceptions, "x new"]}
    table = {"label": "l", "pattern": "x"}
    assert tomllib.loads(edit.add_rule(text, table)) == {**data, "rules": [*rules, table]}
    index = more.draw(st.integers(0, len(phrases) - 1))
    name = phrases[index] if isinstance(phrases[index], str) else phrases[index]["text"]
    without = edit.remove_rule(text, name)
    assert {"phrases": [], **tomllib.loads(without)} == {**data, "phrases": [*phrases[:index], *phrases[index + 1 :]]}
    assert without.startswith("# a comment\n")
    noted = tomllib.loads(edit.set_option(text, name, "note", "why"))["phrases"][index]
    assert noted == {**({"text": name} if isinstance(phrases[index], str) else phrases[index]), "note": "why"}


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[3] / "config/keywords").glob("*.toml")), ids=lambda p: p.name
)
def test_lists_that_come_with_the_service_stay_as_they_are(path: Path) -> None:
    text = path.read_text("utf-8")
    *_, came = changed(text, edit.add_phrase(text, "x new"))
    assert came in ('+  "x new",', '+phrases = ["do for your country", "x new"]')
    assert changed(text, edit.set_state(text, RuleState.DRAFT)) == ['+state = "draft"']
    assert edit.remove_rule(edit.add_phrase(text, "x new"), "x new") == text
