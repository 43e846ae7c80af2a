"""Alerts are counted as the alert policy raises them, wherever the archive is cut into stretches."""

from __future__ import annotations

from itertools import count, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.policy import Policy
from monitor.keywords.compare import Alerts
from monitor.model import Cut, Grade, KeywordHit, Recorded, RuleState, Severity, Speaker, Utterance

COOL_DOWN = 30.0


def hit(at: float, grade: Grade, cool_down: float | None) -> KeywordHit:
    return KeywordHit(
        list_name="scam",
        list_version="1",
        phrase="x",
        severity=Severity.HIGH,
        matched="x",
        before="",
        after="",
        start=at - 0.2,
        end=at,
        probability=0.9,
        grade=grade,
        state=RuleState.LIVE,
        cool_down=cool_down,
    )


def by_policy(hits: list[KeywordHit]) -> int:
    numbers = count()
    policy = Policy(COOL_DOWN, 1000, lambda: str(next(numbers)))
    spoken = Utterance("u", "lobby", Speaker("s1", "Ann"), "t", 0.0, 0, np.zeros(1, np.int16), Cut.SILENCE)
    decisions = [policy.decide(one, spoken, one.end, one.end, "en") for one in hits]
    return sum(decision is not None and decision.new for decision in decisions)


def counted(hits: list[KeywordHit], cuts: list[int]) -> int:
    where = Recorded(1, "u", "lobby", "s1", "t", 0.0, 1.0, "en", False, ())
    total = Alerts(COOL_DOWN)
    edges = [0, *sorted(cuts), len(hits)]
    for first, last in pairwise(edges):
        part = Alerts(COOL_DOWN)
        for one in hits[first:last]:
            part.note(where, one, alerts=one.grade is not Grade.C)
        total.add(part)
        if last < len(hits):
            total.close(hits[last].end)
    total.close()
    return total.closed["x"]


gaps = st.lists(st.tuples(st.sampled_from((5.0, 20.0, 30.0, 31.0, 90.0)), st.sampled_from(tuple(Grade))), max_size=12)


@given(gaps, st.lists(st.integers(0, 12), max_size=4), st.sampled_from((None, 20.0, 0.0)))
def test_the_policy_would_have_raised_as_many(
    steps: list[tuple[float, Grade]], cuts: list[int], cool_down: float | None
) -> None:
    at, hits = 1000.0, []
    for gap, grade in steps:
        at += gap
        hits.append(hit(at, grade, cool_down))
    assert counted(hits, [min(cut, len(hits)) for cut in cuts]) == by_policy(hits)


def test_what_is_over_is_forgotten_but_counted() -> None:
    where = Recorded(1, "u", "lobby", "s1", "t", 0.0, 1.0, "en", False, ())
    alerts = Alerts(COOL_DOWN)
    alerts.note(where, hit(1000.0, Grade.A, None), alerts=True)
    alerts.close(1030.0)
    assert alerts.closed["x"] == 0  # a hit at 1030 would still join
    alerts.close(1030.1)
    assert alerts.closed["x"] == 1
