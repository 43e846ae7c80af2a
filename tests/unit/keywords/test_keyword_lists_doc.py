"""What the reference says about keyword lists is true, and the lists that we ship load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.keywords import fields, patterns
from monitor.keywords.cells import COLUMNS
from monitor.keywords.composite import MAX_PARTS, MAX_SECONDS, MAX_WORDS, RULE_KEYS
from monitor.keywords.library import Library
from monitor.keywords.lists import MAX_BYTES, MAX_LENGTH, MAX_PHRASES, MAX_RULES, ListRefused, parse
from monitor.keywords.match import PAUSE, Matcher
from monitor.keywords.reading import KEYS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/keyword-lists.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml keyword-list\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_of_the_page_load(text: str) -> None:
    found = parse(text, "page.toml")
    assert found.hits
    assert found.misses


def test_page_states_the_limits() -> None:
    assert len(EXAMPLES) == 6
    assert f"At most {MAX_PHRASES:,} phrases" in PAGE
    assert f"at most {MAX_LENGTH} characters" in PAGE
    assert f"and {MAX_RULES:,}\n`[[rules]]`" in PAGE
    assert f"at most {MAX_BYTES >> 20} MiB a file" in PAGE
    assert f"up to {PAUSE:.0f} seconds" in PAGE
    assert f"{patterns.MAX_LENGTH}\n  characters, {patterns.MAX_PROGRAM:,} instructions" in PAGE
    assert f"and {patterns.MAX_PROGRAMS:,} for all patterns" in PAGE
    assert f"next, 0 to {MAX_WORDS};" in PAGE
    assert f"so many seconds, at most {MAX_SECONDS:.0f}" in PAGE
    assert f"`true` is {fields.SOUND_DEFAULT}" in PAGE
    assert f"{fields.SOUND_LEAST} to 1" in PAGE
    assert f"seconds, 0 to {fields.MAX_COOL_DOWN:,.0f}" in PAGE
    assert MAX_PARTS == 8
    assert "at most eight" in PAGE


def test_page_names_every_key_and_column() -> None:
    for key in (KEYS - {"examples"}) | RULE_KEYS | {"examples.hit", "examples.miss"}:
        assert f"`{key}`" in PAGE or f"`{key} = [" in PAGE, key
    columns = re.search(r"Columns: (.*?)\. Only", PAGE, re.DOTALL)
    assert columns
    assert tuple(re.findall(r"`(\w+)`", columns[1])) == COLUMNS


REFUSED = """\
name = "scams-en"
severity = "high"



phrases = [
  "*",
  "verification code",
  { text = "wire the money", sevrity = "low" },
]

[[rules]]
label = "hurt"

pattern = '(kill|hurt'
"""


def test_refusals_on_the_page_are_what_is_said() -> None:
    shown = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert shown
    with pytest.raises(ListRefused) as caught:
        parse(REFUSED, "keywords/scams.toml")
    text = 'name = "a"\nphrases = ["verification code"]\n[examples]\n' + "\n" * 17
    with pytest.raises(ListRefused) as example:
        parse(text + 'miss = ["Never share your verification code."]', "keywords/scams.toml")
    said = [*caught.value.problems, *example.value.problems]
    assert [one.at("keywords/scams.toml") for one in said] == shown[1].splitlines()


def test_page_names_every_shipped_list() -> None:
    for path in (ROOT / "config/keywords").glob("*.toml"):
        assert f"`{path.name}`" in PAGE


def test_shipped_lists_load_and_have_examples_of_both_kinds() -> None:
    library = Library(ROOT / "config/keywords")
    assert library.load().problems == ()
    assert len(library.names()) == 7
    for one in library.matcher.lists:
        assert one.hits, one.name
        assert one.misses, one.name


@pytest.mark.parametrize(
    ("language", "text", "phrase"),
    [
        ("en", "I'm telling you, we know where you live.", "we know where you live"),
        ("en", "My fellow Americans", "fellow Americans"),
        ("zh", "請把錢轉賬到安全賬戶", "安全账户"),
        ("zh", "刷单返利一天三百", "刷单返利"),
    ],
)
def test_shipped_lists_find_what_they_are_for(language: str, text: str, phrase: str) -> None:
    library = Library(ROOT / "config/keywords")
    library.load()
    assert [hit.phrase for hit in library.matcher.find_text(text, language)] == [phrase]


def test_shipped_lists_stay_silent_on_ordinary_talk() -> None:
    library = Library(ROOT / "config/keywords")
    library.load()
    matcher = Matcher(one for one in library.matcher.lists if one.name != "demo-en")
    for text in ("The weather was killing the mood, so we took the bus home.", "今天下班以后我们去超市买菜吧"):
        assert matcher.find_text(text) == []
