"""What the reference says about keyword lists is true, and the lists that we ship load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.keywords.library import Library
from monitor.keywords.lists import MAX_LENGTH, MAX_PHRASES, parse
from monitor.keywords.match import PAUSE, Matcher

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reference/keyword-lists.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml keyword-list\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_of_the_page_load(text: str) -> None:
    found = parse(text, "page.toml")
    assert found.hits
    assert found.misses


def test_page_states_the_limits() -> None:
    assert len(EXAMPLES) == 3
    assert f"At most {MAX_PHRASES:,} phrases" in PAGE
    assert f"at most {MAX_LENGTH} characters" in PAGE
    assert f"up to {PAUSE:.0f} seconds" in PAGE


def test_page_names_every_shipped_list() -> None:
    for path in (ROOT / "config/keywords").glob("*.toml"):
        assert f"`{path.name}`" in PAGE


def test_shipped_lists_load_and_have_examples_of_both_kinds() -> None:
    library = Library(ROOT / "config/keywords")
    assert library.load().problems == ()
    assert len(library.names()) == 6
    for one in library.matcher.lists:
        assert one.hits, one.name
        assert one.misses, one.name


@pytest.mark.parametrize(
    ("language", "text", "phrase"),
    [
        ("en", "I'm telling you, we know where you live.", "we know where you live"),
        ("en", "My fellow Americans", "fellow Americans"),
        ("zh", "請把錢轉賬到安全賬戶", "转账到安全账户"),
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
