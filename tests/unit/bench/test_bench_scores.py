"""Right, wrong, missed, and how often an hour."""

from __future__ import annotations

import pytest

from monitor.bench.scores import Said, Tally, count
from monitor.model import Grade

CLIP = Said(60.0, frozenset({"a", "b", "c"}), frozenset({"d"}))
SILENT = Said(120.0, frozenset(), frozenset())


def test_each_pair_is_counted_once() -> None:
    score = count(CLIP, {"a", "d", "x"}) + count(SILENT, {"y", "z"})
    assert (score.right, score.other, score.wrong, score.missed) == (1, 1, 3, 2)
    assert score.precision == pytest.approx(2 / 5)
    assert score.recall == pytest.approx(1 / 3)
    assert score.f1 == pytest.approx(2 * 0.4 * (1 / 3) / (0.4 + 1 / 3))
    assert (score.idle_wrong, score.idle_seconds, score.seconds) == (2, 120, 180)
    assert score.false_an_hour == pytest.approx(60)


def test_what_was_not_measured_has_no_figure() -> None:
    empty = count(CLIP, set())
    assert (empty.precision, empty.recall, empty.f1, empty.false_an_hour) == (None, 0, None, None)


def test_grades_add_up_from_the_strongest() -> None:
    tally = Tally()
    tally.add(CLIP, {"a": Grade.A, "b": Grade.B, "c": Grade.C, "x": Grade.C})
    assert [score.right for score in tally.up_to.values()] == [1, 2, 3]
    assert [score.wrong for score in tally.up_to.values()] == [0, 0, 1]
    assert (tally.alone["B alone"].right, tally.alone["C alone"].right, tally.alone["C alone"].wrong) == (1, 1, 1)
    assert (tally + tally).up_to["A to C"].right == 6
