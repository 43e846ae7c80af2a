"""An interval that holds what other speakers might have given."""

from __future__ import annotations

from monitor.bench.bootstrap import interval
from monitor.speech.wer import Errors


def errors(words: int, wrong: int) -> Errors:
    return Errors(words, wrong, 0, 0)


def test_where_all_speakers_agree_nothing_is_unsure() -> None:
    base = {name: errors(100, 10) for name in "abcdef"}
    more = {name: errors(100, 12) for name in "abcdef"}
    assert interval(more, base) == (2.0, 2.0)
    assert interval(base, more) == (-2.0, -2.0)


def test_one_odd_speaker_widens_it() -> None:
    base = {name: errors(100, 10) for name in "abcdef"}
    low, high = interval(base | {"a": errors(100, 40)}, base) or (0.0, 0.0)
    assert low == 0.0  # without the odd one there is no difference
    assert 10 < high < 20  # drawn two or three times of six
    assert interval(base | {"a": errors(100, 40)}, base) == (low, high)  # the same dice each time


def test_a_speaker_counts_by_words() -> None:
    base = {"a": errors(10, 0), "b": errors(990, 0)}
    low, high = interval({"a": errors(10, 10), "b": errors(990, 0)}, base) or (0.0, 0.0)
    assert (low, high) == (0.0, 100.0)  # drawn both times it is all that there is
    assert interval({"a": errors(10, 1)}, {"a": errors(10, 0)}) is None
