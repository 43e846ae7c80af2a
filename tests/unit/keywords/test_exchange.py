"""Lists go out as TOML and CSV, and come back the same; what can't be used is refused whole."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from monitor.keywords.exchange import from_csv, to_csv, to_toml
from monitor.keywords.lists import ListRefused, read
from monitor.keywords.rules import KeywordList
from monitor.model import Severity
from tests.helpers.keyword_lists import keyword_lists

SHEET = """\
kind,text,severity,sound,languages
list,from-csv,high,,en | zh
,gift card*,,,
phrase,kill you,critical,TRUE,en
,"pay, now",,0.9,
exception,it won't kill you,,,
hit,Buy two gift cards.,,,
miss,It won't kill you!,,,
"""


@settings(deadline=None, max_examples=60)
@given(keyword_lists())
def test_toml_round_trip(one: KeywordList) -> None:
    assert read(to_toml(one), "out.toml") == one


@settings(deadline=None, max_examples=60)
@given(keyword_lists())
def test_csv_round_trip(one: KeywordList) -> None:
    assert from_csv(to_csv(one), "out.csv") == one


def test_a_sheet_as_people_write_it() -> None:
    one = from_csv(SHEET, "s.csv")
    assert (one.name, one.severity, one.languages) == ("from-csv", Severity.HIGH, ("en", "zh"))
    assert [(rule.text, rule.severity, rule.sound, rule.languages) for rule in one.rules] == [
        ("gift card*", Severity.HIGH, None, ()),
        ("kill you", Severity.CRITICAL, 0.85, ("en",)),
        ("pay, now", Severity.HIGH, 0.9, ()),
    ]
    assert one.exceptions == ("it won't kill you",)
    assert (one.hits, one.misses) == (("Buy two gift cards.",), ("It won't kill you!",))


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters(delimiter: str) -> None:
    one = from_csv(f"Text{delimiter}Severity\r\ngift card{delimiter}low\r\n\r\n", "s.csv", name="a")
    assert [(rule.text, rule.severity) for rule in one.rules] == [("gift card", Severity.LOW)]


def test_one_column_of_phrases_is_enough() -> None:
    one = from_csv("text\ngift card\nwire transfer\n", "s.csv", name="plain")
    assert [rule.text for rule in one.rules] == ["gift card", "wire transfer"]


def test_no_cell_is_a_formula() -> None:
    one = read('name = "a"\nphrases = ["=cmd()", "@sum ab", "-1 +2", "plain one"]', "a.toml")
    cells = [line.split(",")[1] for line in to_csv(one).splitlines()]
    assert cells == ["text", "a", "'=cmd()", "'@sum ab", "'-1 +2", "plain one"]


@pytest.mark.parametrize(
    ("text", "place", "reason", "mend"),
    [
        (SHEET.replace("critical", "ciritcal"), "4:17", "severity 'ciritcal' is none", "`critical`"),
        (SHEET.replace("0.9", "9"), "5:14", "from 0.6 to 1", ""),
        (SHEET.replace("0.9", "loud"), "5:14", "from 0.6 to 1, not 'loud'", ""),
        (SHEET.replace("gift card*", "*"), "3:2", "has no letter", ""),
        (SHEET.replace("exception,", "exeption,"), "6:1", "kind 'exeption'", "`exception`"),
        (SHEET.replace("severity,sound", "sevrity,sound"), "1:11", "no column `sevrity`", "`severity`"),
        (SHEET.replace("kind,text", "kind,frase"), "1:6", "no column `frase`", ""),
        (SHEET.replace("kind,text", "kind,label"), "1:1", "column `text` is missing", ""),
        (SHEET.replace("severity,sound", "sound,sound"), "1:11", "there twice", "drop one"),
        (SHEET.replace('"pay, now"', "pay, now"), "5:1", "the row has 6 cells", "between"),
        (SHEET.replace('"pay, now"', '"pay, now'), "1:1", "not a CSV table", ""),
        (SHEET.replace('"pay, now"', '"pay,\nnow"'), "5:2", "line break", ""),
        (SHEET.replace("phrase,kill you", 'phrase,"kill\nyou"').replace("0.9", "9"), "6:14", "from 0.6 to 1", ""),
        (SHEET.replace("Buy two gift cards.", "Buy nothing."), "7:5", "must hit, but no phrase", ""),
        (SHEET.replace("It won't kill you!", "I'll kill you!"), "8:6", "must not hit", "an exception"),
        (SHEET.replace("exception,it won't kill you,,,", "exception,kill you,low,,"), "6:20", "has a text and no", ""),
        (SHEET + "list,b,,,\n", "9:1", "a second row of the kind `list`", ""),
        ("", "1:1", "the table is empty", ""),
        ("text\n", "1:1", "at least one phrase", ""),
        ("text\none thing\n", "1:1", "there is no `name`", ""),
    ],
)
def test_refused_whole_with_its_place(text: str, place: str, reason: str, mend: str) -> None:
    with pytest.raises(ListRefused) as caught:
        from_csv(text, "s.csv", name="" if "there is no" in reason else "a")
    assert any(one.at("s.csv").startswith(f"s.csv:{place}: ") for one in caught.value.problems), caught.value
    (problem,) = [one for one in caught.value.problems if reason in one.reason]
    assert mend in problem.mend
