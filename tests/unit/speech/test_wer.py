"""Our error counts agree with jiwer's, and the normaliser compares words, not spelling habits."""

from __future__ import annotations

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.speech.wer import Errors, errors, tokens

WORDS = st.lists(st.sampled_from(["alpha", "bravo", "charlie"]), min_size=1, max_size=8)


@given(WORDS, WORDS)
def test_the_distance_is_that_of_jiwer(reference: list[str], hypothesis: list[str]) -> None:
    ours = errors(" ".join(reference), " ".join(hypothesis), "en")
    theirs = jiwer.process_words(" ".join(reference), " ".join(hypothesis))
    assert ours.count == theirs.substitutions + theirs.deletions + theirs.insertions
    assert ours.tokens == len(reference)
    assert len(hypothesis) - len(reference) == ours.insertions - ours.deletions


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Mr. Hale's 10 clubs, OK?", "en", "mister hales ten clubs ok"),
        ("1,250 days", "en", "one thousand two hundred fifty days"),
        ("20 21 90", "en", "twenty twenty one ninety"),
        ("cold-hearted", "en", "cold hearted"),
        ("你好，世界！", "zh", "你 好 世 界"),
        ("經濟", "zh", "经 济"),
        ("¿Dónde está?", "es", "dónde está"),
    ],
)
def test_what_is_compared(text: str, language: str, expected: str) -> None:
    assert " ".join(tokens(text, language)) == expected


def test_kinds_of_errors_and_sums() -> None:
    assert errors("a b c", "a x c d", "en") == Errors(3, 1, 0, 1)
    assert errors("a b c", "a c", "en") == Errors(3, 0, 1, 0)
    total = Errors(3, 1, 0, 1) + Errors(3, 0, 1, 0)
    assert total.rate == 0.5
    assert errors("", "ghost", "en").rate == 1.0
    assert errors("", "", "en").rate == 0.0
