"""Figures against values worked out by hand or in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.voices.metrics import (
    Cost,
    actual_cost,
    bootstrap,
    cllr,
    eer,
    found_at,
    found_at_1_in_1000,
    found_at_1_percent,
    min_cllr,
    min_cost,
    ordered,
    pooled_llr,
    wilson,
)

NORMAL = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
scores = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=30).map(np.array)


def test_eer_of_separable_reversed_and_equal_scores() -> None:
    low, high = np.array([0.0, 1.0]), np.array([2.0, 3.0])
    assert eer(low, high) == 0
    assert eer(high, low) == 1
    assert eer(NORMAL, NORMAL) == pytest.approx(0.5)


def test_eer_by_hand() -> None:
    # One of four genuine scores lies above, one of four synthetic ones below: 25 % each at a threshold between.
    assert eer(np.array([0.0, 1.0, 2.0, 6.0]), np.array([5.0, 7.0, 8.0, 9.0])) == pytest.approx(0.25)


def test_eer_of_two_gaussians() -> None:
    rng = np.random.default_rng(1)
    genuine, synthetic = rng.normal(0, 1, 40_000), rng.normal(2, 1, 40_000)
    assert eer(genuine, synthetic) == pytest.approx(0.1587, abs=0.005)  # Φ(-1)


def test_found_at_a_share_of_false_alarms() -> None:
    genuine = np.arange(100, dtype=float)
    synthetic = np.array([50.0, 98.0, 98.5, 99.0, 99.5, 200.0])
    assert found_at(genuine, synthetic, 0.01) == pytest.approx(4 / 6)  # the threshold is 98: one of 100 lies above
    assert found_at_1_percent(genuine, synthetic) == found_at(genuine, synthetic, 0.01)
    assert found_at_1_in_1000(genuine, synthetic) == pytest.approx(2 / 6)  # above all genuine ones
    assert found_at(genuine, synthetic, 1.0) == 1


def test_cllr_says_one_bit_for_no_information_and_more_when_it_misleads() -> None:
    nothing = np.zeros(3)
    assert cllr(nothing, nothing) == pytest.approx(1)
    assert cllr(np.array([-30.0]), np.array([30.0])) == pytest.approx(0, abs=1e-9)
    assert cllr(np.array([3.0]), np.array([-3.0])) == pytest.approx(math.log2(1 + math.exp(3)))


def test_cllr_by_hand() -> None:
    # LLR ln 3 for synthetic, -ln 3 for genuine: log2(1 + 1/3) on each side.
    assert cllr(np.array([-math.log(3)]), np.array([math.log(3)])) == pytest.approx(math.log2(4 / 3))


def test_pooled_llr_by_hand() -> None:
    # At 0 one of three is synthetic, at 1 two of three: odds 1:2 and 2:1, as many of each class.
    llr = pooled_llr(np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0]))
    assert llr == pytest.approx(np.log([0.5, 0.5, 2, 0.5, 2, 2]))


@given(scores, scores)
def test_no_calibration_beats_the_best_monotonous_one(genuine: np.ndarray, synthetic: np.ndarray) -> None:
    best = min_cllr(genuine, synthetic)
    assert best <= 1 + 1e-9
    for scale, offset in ((1.0, 0.0), (0.1, 0.0), (0.3, -1.0)):
        # The bound at the ends costs at most what half a sample would say.
        assert best <= cllr(scale * genuine + offset, scale * synthetic + offset) + 1.0 / len(genuine) + 1.0 / len(
            synthetic
        )


@given(scores, scores)
def test_pooled_llr_rises_with_the_score(genuine: np.ndarray, synthetic: np.ndarray) -> None:
    both = np.concatenate((genuine, synthetic))
    llr = pooled_llr(genuine, synthetic)
    assert (np.diff(llr[np.argsort(both, kind="stable")]) >= -1e-9).all()


def test_costs_at_an_operating_point() -> None:
    even = Cost(prior=0.5)
    assert even.threshold == pytest.approx(0)
    assert Cost(prior=0.01).threshold == pytest.approx(math.log(99))
    genuine, synthetic = np.array([-1.0, -1.0, -1.0, 1.0]), np.array([-1.0, 1.0])
    assert actual_cost(genuine, synthetic, even) == pytest.approx(0.25 + 0.5)
    assert actual_cost(genuine + 10, synthetic + 10, even) == pytest.approx(1)  # flags all: badly calibrated
    assert min_cost(genuine + 10, synthetic + 10, even) == pytest.approx(0.75)  # and no worse in itself


@given(scores, scores)
def test_the_least_cost_is_least(genuine: np.ndarray, synthetic: np.ndarray) -> None:
    cost = Cost(prior=0.1)
    assert min_cost(genuine, synthetic, cost) <= min(1.0, actual_cost(genuine, synthetic, cost)) + 1e-12


def test_pairs_in_order() -> None:
    assert ordered(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 0.0, 2.0, 9.0])) == pytest.approx(2.5 / 4)
    with pytest.raises(ValueError, match="pairs"):
        ordered(np.zeros(2), np.zeros(3))


def test_bootstrap_draws_speakers_not_clips() -> None:
    rng = np.random.default_rng(0)
    # Ten speakers of 100 clips each; one of them is always wrong. Clips alone would say 10 % ± 2.
    genuine = [np.full(100, 5.0 if i == 0 else -5.0) for i in range(10)]
    synthetic = [np.full(100, 1.0) + rng.normal(0, 0.01, 100) for _ in range(10)]

    def false_alarms(g: np.ndarray, s: np.ndarray) -> float:
        return float(np.mean(g > 0))

    by_speaker = bootstrap(false_alarms, genuine, synthetic)
    assert by_speaker.value == pytest.approx(0.1)
    assert by_speaker.low == 0
    assert by_speaker.high >= 0.2
    assert bootstrap(false_alarms, genuine, synthetic) == by_speaker  # seeded


def test_wilson_interval_of_a_small_count() -> None:
    assert wilson(0, 20).low == 0
    assert wilson(0, 20).high == pytest.approx(0.1611, abs=1e-3)
    assert wilson(5, 10).low == pytest.approx(0.2366, abs=1e-3)
    assert wilson(5, 10).high == pytest.approx(0.7634, abs=1e-3)


@pytest.mark.parametrize("statistic", [eer, cllr, min_cllr, found_at_1_percent])
def test_no_figure_over_nothing(statistic: object) -> None:
    assert callable(statistic)
    with pytest.raises(ValueError, match="no genuine"):
        statistic(np.array([]), NORMAL)
    with pytest.raises(ValueError, match="synthetic score is NaN"):
        statistic(NORMAL, np.array([0.0, np.nan]))
