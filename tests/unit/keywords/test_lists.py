from __future__ import annotations

import json
import re

import pytest

from monitor.errors import KeywordListInvalid
from monitor.keywords.lists import MAX_PHRASES, parse
from monitor.model import Severity

GOOD = """\
name = "a-list"
title = "A list"
languages = ["en", "de"]
severity = "low"
phrases = [
  "one thing",
  { text = "two things", severity = "critical", note = "why" },
]
exceptions = ["not one thing"]
[examples]
hit = ["this is one thing"]
miss = ["this is not one thing"]
"""


def test_everything_is_read() -> None:
    found = parse(GOOD, "a.toml")
    assert (found.name, found.title, found.languages, found.severity) == ("a-list", "A list", ("en", "de"), "low")
    assert [(p.text, p.severity, p.note) for p in found.rules] == [
        ("one thing", Severity.LOW, ""),
        ("two things", Severity.CRITICAL, "why"),
    ]
    assert found.exceptions == ("not one thing",)
    assert found.label == f"a-list@{found.version}"


def test_defaults() -> None:
    found = parse('name = "a"\nphrases = ["some thing"]', "a.toml")
    assert (found.title, found.languages, found.severity) == ("a", (), Severity.MEDIUM)


def test_version_is_of_what_matters() -> None:
    version = parse(GOOD, "a.toml").version
    assert len(version) == 8
    same = GOOD.replace('note = "why"', 'note = "because"') + "# a comment\n"
    assert parse(same, "b.toml").version == version
    for change in (
        GOOD.replace("critical", "high"),
        GOOD.replace('"one thing"', '"one thing*"'),
        GOOD.replace('title = "A list"', 'title = "Another"'),
        GOOD.replace('["en", "de"]', '["en"]'),
        GOOD.replace('exceptions = ["not one thing"]', 'exceptions = ["not one thing", "x one thing"]'),
    ):
        assert parse(change, "a.toml").version != version


HEAD = 'name = "a"\n'


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('name = "a"\nphrases = ["x"\n', 3, "not valid TOML"),
        ('name = "a"\nphrases = = 1\n', 2, "not valid TOML"),
        (HEAD + 'phrases = ["good one"]\nwords = 1\n', 3, "unknown key `words`"),
        (HEAD + '\nphrases = [\n"good one",\n{ text = "two", sevrity = "low" },\n]', 5, "unknown key `sevrity`"),
        (HEAD + 'phrases = [\n"good one",\n{ text = "two", severity = "bad" },\n]', 4, "severity 'bad' is none of"),
        ('severity = "awful"\n' + HEAD + 'phrases = ["good one"]', 1, "severity 'awful'"),
        ('\nname = "A b"\nphrases = ["good one"]', 2, "`name` must be"),
        ('phrases = ["good one"]', 1, "there is no `name`"),
        (HEAD, 1, "at least one phrase"),
        (HEAD + "phrases = []", 2, "at least one phrase"),
        (HEAD + "phrases = [\n1\n]", 3, "a phrase is a text"),
        (HEAD + 'languages = ["English"]\nphrases = ["good one"]', 2, "ISO 639-1"),
        (HEAD + 'phrases = [\n"good one",\n"*",\n]', 4, "'*' has no letter"),
        (HEAD + 'phrases = [\n"good one",\n"…!",\n]', 4, "has no letter"),
        (HEAD + 'phrases = [\n"good one",\n"kill * now",\n]', 4, "`*` on its own"),
        (HEAD + 'phrases = [\n"good one",\n"k*",\n]', 4, "too broad"),
        (HEAD + 'phrases = [\n"good one",\n"ki**l",\n]', 4, "side by side"),
        (HEAD + 'phrases = [\n"good one",\n"*a*b*c*d",\n]', 4, "more than 3"),
        (HEAD + 'phrases = [\n"good one",\n"转账*",\n]', 4, "script without spaces"),
        (HEAD + 'phrases = [\n"good one",\n"x",\n]', 4, "single letter"),
        (HEAD + 'phrases = [\n"good one",\n# "GOOD, one"\n"GOOD, one",\n]', 5, "is the same as 'good one'"),
        (HEAD + 'phrases = [\n"good one",\n"two",\n"good one",\n]', 5, "is the same as 'good one'"),
        (HEAD + f'phrases = [\n"good one",\n"{"x" * 201}",\n]', 4, "201 characters"),
        (HEAD + 'phrases = ["good one"]\nexceptions = [\n"good one",\n]', 4, "cancels the phrase"),
        (HEAD + 'phrases = ["good one"]\nexceptions = [\n"--",\n]', 4, "exception '--' has no letter"),
        (HEAD + 'phrases = ["good one"]\nexceptions = "x"', 3, "`exceptions` must be an array"),
        (HEAD + 'phrases = ["good one"]\n[examples]\nhits = ["good one"]', 4, "unknown key `hits`"),
        (HEAD + 'phrases = ["good one"]\n[examples]\nhit = [\n"a bad one",\n]', 5, "must hit, but no phrase"),
        (
            HEAD + 'phrases = ["good one"]\n[examples]\nmiss = [\n"a Good one",\n]',
            5,
            "must not hit, but phrase 'good one' is found in 'Good one'",
        ),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_reason(text: str, line: int, reason: str) -> None:
    with pytest.raises(KeywordListInvalid) as caught:
        parse(text, "dir/a.toml")
    assert re.match(rf"dir/a\.toml:{line}:\d+: ", str(caught.value))
    assert reason in str(caught.value)


def test_too_many_phrases() -> None:
    phrases = json.dumps([f"word{i}" for i in range(MAX_PHRASES + 1)])
    with pytest.raises(KeywordListInvalid, match="at most 100000"):
        parse(f'name = "a"\nphrases = {phrases}', "a.toml")
