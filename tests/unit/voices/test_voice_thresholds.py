"""Thresholds from the highest evidence that genuine speakers reach."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.voices.evidence import Rules
from monitor.voices.thresholds import FEWEST, Tail, choose, fit, reach

TAIL = Tail(speakers=200, hours=20.0, over=2.0, exceeding=20, excess=1.0)


def test_a_threshold_keeps_to_the_rate_that_it_was_made_for() -> None:
    """Peaks of 100,000 more speakers of the same kind: the rate comes out as asked, within its error."""
    random = np.random.default_rng(7)
    hours = 0.25  # each
    tail = fit(list(random.exponential(1.0, 3000)), 3000 * hours)
    assert tail is not None
    more = random.exponential(1.0, 100_000)
    for wanted in (100.0, 20.0, 4.0):
        rate = 1000 * float((more >= tail.threshold(wanted)).sum()) / (len(more) * hours)
        assert wanted / 2 < rate < wanted * 2


@given(st.floats(0.01, 1000), st.floats(0.01, 1000))
def test_fewer_false_alerts_need_more_evidence(one: float, other: float) -> None:
    assert (TAIL.threshold(one) >= TAIL.threshold(other)) or one > other
    assert TAIL.rate(TAIL.threshold(min(one, 900))) == pytest.approx(min(one, 900))


@given(st.lists(st.floats(-10, 15), min_size=FEWEST, max_size=200), st.floats(0.1, 50))
def test_the_tail_is_that_of_the_speakers(peaks: list[float], hours: float) -> None:
    tail = fit([*peaks, -math.inf], hours)
    assert tail is not None
    assert tail.speakers == len(peaks)
    assert sum(p > tail.over for p in peaks) <= tail.exceeding
    assert tail.threshold(0.0) == math.inf
    assert tail.seen == pytest.approx(1000 / hours)


def test_too_few_speakers_set_no_threshold() -> None:
    assert fit([0.0] * (FEWEST - 1) + [-math.inf] * 50, 100.0) is None
    assert fit([0.0] * FEWEST, 0.0) is None


def test_a_clean_tail_may_alert() -> None:
    limits = choose(TAIL, Rules(), alerts=10.0, marks=100.0)
    assert limits.alert == pytest.approx(2.0 + math.log(1000 * 20 / 20 / 10))
    assert limits.suspicious == pytest.approx(2.0 + math.log(1000 * 20 / 20 / 100))


def test_without_a_measurement_it_only_marks() -> None:
    limits = choose(None, Rules(), alerts=10.0, marks=100.0)
    assert limits.alert is None
    assert limits.suspicious == pytest.approx(math.log(100))


def test_people_who_are_misjudged_all_along_make_it_mark_only() -> None:
    """6 % of 100 speakers at the cap: what would spare them is out of reach."""
    peaks = [0.1 * n / 94 for n in range(94)] + [Rules().cap * 0.95] * 6
    tail = fit(peaks, 20.0)
    assert choose(tail, Rules(), alerts=1.0, marks=50.0).alert is None


def test_it_only_marks_where_that_is_wanted() -> None:
    assert choose(TAIL, Rules(), alerts=10.0, marks=100.0, may_alert=False).alert is None
    assert choose(TAIL, Rules(), alerts=0.0, marks=100.0).alert is None


@given(st.floats(1, 5), st.floats(0.05, 1), st.floats(10, 600))
def test_the_reach_is_below_the_cap(unit: float, correlation: float, half_life: float) -> None:
    rules = Rules(unit=unit, correlation=correlation, half_life=half_life)
    assert 0 < reach(rules) <= rules.cap + 1e-9
