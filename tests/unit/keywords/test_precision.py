"""A bad rule demotes itself, and chance does not demote a good one."""

from __future__ import annotations

import random

import pytest

from monitor.keywords.precision import DAY, Patience, demotion
from monitor.model import Judged


def judged(right: int, wrong: int, days: float = 10.0, unsure: int = 0) -> Judged:
    return Judged("scam", "x", right, wrong, unsure, 1000.0, 1000.0 + days * DAY)


def test_a_rule_well_below_its_floor_is_demoted_with_the_reason() -> None:
    why = demotion(judged(4, 36), 0.5)
    assert why == (
        "4 of 40 judged hits were right in 10.0 days: a precision between 4% and 23% (95 %), below its floor of 50%"
    )


@pytest.mark.parametrize(
    ("case", "floor"),
    [
        (judged(4, 36), None),  # nobody wants a precision of it
        (judged(0, 19), 0.5),  # too few
        (judged(0, 10, unsure=30), 0.5),  # unsure ones say nothing
        (judged(4, 36, days=2.9), 0.5),  # one bad evening
        (judged(16, 24), 0.5),  # 40 %, but 50 % is still possible
        (judged(36, 4), 0.5),
    ],
)
def test_without_enough_evidence_it_stays(case: Judged, floor: float | None) -> None:
    assert demotion(case, floor) is None


def test_patience_is_a_setting() -> None:
    assert demotion(judged(0, 6, days=0.0), 0.7, Patience(verdicts=6, days=0.0))


def test_a_rule_above_its_floor_is_seldom_demoted_by_chance_though_one_looks_after_each_verdict() -> None:
    chance, demoted = random.Random(1), 0
    for _ in range(400):
        right = 0
        for n in range(1, 101):
            right += chance.random() < 0.6
            if demotion(judged(right, n - right), 0.5):
                demoted += 1
                break
    assert demoted / 400 < 0.02
