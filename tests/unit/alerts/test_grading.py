"""The decision tables of grading.py, each over all that can come."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.grading import HIGHEST, judge, standing_state, worth
from monitor.model import AlertState, Grade, KeywordHit, Reheard, RuleState, SecondHearing, Severity, Way

HIT = KeywordHit("l", "v", "p", Severity.CRITICAL, "p", "", "", 0.0, 0.5, 0.9)
HITS = st.builds(
    lambda grade, way, severity, state: replace(HIT, grade=grade, way=way, severity=severity, state=state),
    st.sampled_from(list(Grade)),
    st.sampled_from(list(Way)),
    st.sampled_from(list(Severity)),
    st.sampled_from(list(RuleState)),
)
HIGHESTS = st.dictionaries(st.sampled_from(list(Grade)), st.none() | st.sampled_from(list(Severity)))


@given(HITS, HIGHESTS)
def test_nothing_alerts_beyond_its_rule_or_its_grade(hit: KeywordHit, highest: dict[Grade, Severity | None]) -> None:
    severity = worth(hit, highest)
    if severity is None:
        assert hit.state is not RuleState.LIVE or highest.get(hit.grade) is None
        return
    most = highest[hit.grade]
    assert hit.state is RuleState.LIVE
    assert most is not None
    assert severity.rank == min(hit.severity.rank, most.rank)


@pytest.mark.parametrize(("grade", "worst"), [("A", Severity.CRITICAL), ("B", Severity.HIGH), ("C", None)])
def test_the_defaults(grade: str, worst: Severity | None) -> None:
    assert worth(replace(HIT, grade=Grade(grade)), HIGHEST) is worst


def test_what_is_withdrawn_is_worth_nothing() -> None:
    for outcome in Reheard:
        again = replace(HIT, second=SecondHearing("big", "", outcome))
        assert (worth(again, HIGHEST) is None) == (outcome is Reheard.WITHDRAWN)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(2, 20))
def test_states_of_an_alert(standing: int, confirmed: int, escalate_after: int) -> None:
    confirmed = min(confirmed, standing)
    state = standing_state(standing, confirmed, escalate_after)
    assert (state is AlertState.WITHDRAWN) == (standing == 0)
    assert (state is AlertState.ESCALATED) == (standing >= escalate_after)
    assert (state is AlertState.CONFIRMED) == (0 < standing < escalate_after and confirmed > 0)


@given(HITS, st.none() | HITS)
def test_a_second_hearing_never_makes_a_hit_weaker(first: KeywordHit, again: KeywordHit | None) -> None:
    after = judge(first, again, "big", "its words")
    assert after.second is not None
    assert (after.second.model, after.second.text) == ("big", "its words")
    assert replace(after, grade=first.grade, second=None) == first, "nothing else of the hit changes"
    assert after.grade.value <= first.grade.value
    sounds = again is not None and (again.grade is Grade.C or again.way in (Way.SOUND, Way.ALTERNATIVE))
    assert (after.second.outcome is Reheard.WITHDRAWN) == (again is None)
    assert (after.second.outcome is Reheard.UNDECIDED) == sounds
    if after.second.outcome is Reheard.CONFIRMED:
        assert again is not None
        assert after.grade in (first.grade, again.grade)
    else:
        assert after.grade is first.grade
