from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from rich.console import Console

from monitor.bench.alike import Plan, false_hits, is_content, measure, speed
from monitor.bench.misheard import found_again
from monitor.errors import MediaUnreadable


def test_false_hits_are_neither_the_phrase_nor_another_form_of_it() -> None:
    speech = ["a flour shop", "the flower shop", "two flower shops", "nothing here"]
    assert false_hits(["flower shop"], speech, "en") == [("flower shop", 1.0)]


def test_what_was_misheard_is_found_again_by_its_likeness() -> None:
    found = found_again([("buy a gift card", "buy a gift cart")], "en")
    two_words = {phrases for (_, length), some in found.items() if length == 2 for phrases in some}
    assert max(two_words) == pytest.approx(1 - 1 / 24)  # gift card: eight sounds of three signs, one sign differs
    assert found_again([("buy a gift card", "buy a gift card")], "en") == {}
    assert found_again([("安全账户", "暗全账户")], "zh")[("any", 4)] == [pytest.approx(1 - 1 / 28)]


def test_phrases_of_a_text_are_content() -> None:
    assert is_content(["garden", "the", "fence"], "en")
    assert not is_content(["the", "fence"], "en")
    assert is_content(["银", "行"], "zh")
    assert not is_content(["行", "银"], "zh")


def test_speed_is_measured_on_the_whole_index() -> None:
    figures = speed("es", ["casa", "perro", "ventana", "camino"], 30, random.Random(1))
    assert figures.phrases == 30
    assert 0 < figures.p50 <= figures.p95
    assert figures.megabytes > 0


def test_tables_name_the_text_the_hours_and_the_seed(tmp_path: Path) -> None:
    text = tmp_path / "talk.txt"
    lines = ["we bought a flower shop", "the flour shop is closed", "he sells garden chairs", "a guarded chair"] * 40
    text.write_text("\n".join(lines), "utf-8")
    out = Console(file=io.StringIO(), width=140)
    measure(Plan(("en",), 20, 50, 1000, 3), text, out)
    shown = out.file.getvalue()  # type: ignore[attr-defined]
    assert "text talk.txt" in shown
    assert "seed 3" in shown
    assert "false hits an hour and 100 phrases" in shown


def test_unreadable_text_is_told() -> None:
    with pytest.raises(MediaUnreadable, match="nowhere"):
        measure(Plan(("en",), 20, 50, 1000, 3), Path("nowhere.txt"), Console(file=io.StringIO()))
