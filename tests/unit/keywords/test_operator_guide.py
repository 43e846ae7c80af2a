"""The list that the guide for operators teaches with does what the guide prints."""

from __future__ import annotations

import re
from pathlib import Path

from monitor.keywords.lists import parse
from monitor.keywords.match import Matcher
from monitor.model import Grade

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "operator.md"


def taught() -> str:
    found = re.search(r"```toml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert found
    return found.group(1)


def found(text: str, sentence: str) -> dict[str, Grade]:
    return {hit.phrase: hit.grade for hit in Matcher([parse(text, "cards.toml")]).find_text(sentence, "en")}


def live(text: str) -> str:
    assert 'state = "draft"' in text
    return text.replace('state = "draft"', 'state = "live"')


def test_what_the_guide_tests_and_tries_is_found() -> None:
    text = live(taught())
    assert found(text, "the queen of cloves has a cold heart") == {"queen of clubs": Grade.C, "heart*": Grade.A}
    assert found(text, "4 Queen of Gloves") == {"queen of clubs": Grade.C}
    assert found(text, "8 of spades, 4 of clubs, 7 of hearts") == {"heart*": Grade.A, "of spades": Grade.A}


def test_the_exception_of_the_guide_clears_the_cold_hearts_only() -> None:
    text = live(taught())
    cold = "Unless to be rather cold-hearted and rather selfish is to be ill-disposed."
    assert found(text, cold) == {"heart*": Grade.A}
    mended = text.replace("[examples]", 'exceptions = ["cold-hearted"]\n\n[examples]')
    assert found(mended, cold) == {}
    assert found(mended, "7 of hearts") == {"heart*": Grade.A}


def test_the_order_is_write_lint_try_shadow_live_measure() -> None:
    steps = re.findall(r"^### \d\. (\w+)", GUIDE.read_text("utf-8"), re.MULTILINE)
    assert steps == ["Write", "Lint", "Try", "Shadow", "Live", "Measure"]
