from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts import policy as module
from monitor.alerts.grading import HIGHEST, judge, worth
from monitor.alerts.policy import MAX_HITS, MAX_LAG, Decision, Policy
from monitor.model import Alert, AlertState, Cut, Grade, KeywordHit, Reheard, RuleState, Severity, Speaker, Utterance


def utterance(room: str = "r", speaker: str = "s", id: str = "u1") -> Utterance:
    return Utterance(id, room, Speaker(speaker, speaker.upper()), "t", 0.0, 0, np.zeros(10, np.int16), Cut.SILENCE)


def hit(
    phrase: str = "p", severity: Severity = Severity.MEDIUM, list_name: str = "l", start: float = 0.0
) -> KeywordHit:
    return KeywordHit(list_name, "v", phrase, severity, phrase, "", "", start, start + 0.5, 0.9)


class Loud(Policy):
    """A policy whose answers are decisions: for hits that alert."""

    def decide(self, *args: object) -> Decision:  # type: ignore[override]
        decision = super().decide(*args)  # type: ignore[arg-type]
        assert decision is not None
        return decision


def make(cool_down: float = 30.0, escalate_after: int = 3) -> Loud:
    numbers = count(1)
    return Loud(cool_down, escalate_after, lambda: f"a{next(numbers)}")


def quiet(cool_down: float = 30.0) -> Policy:
    numbers = count(1)
    return Policy(cool_down, 3, lambda: f"a{next(numbers)}")


def of_grade(grade: Grade, severity: Severity = Severity.CRITICAL, start: float = 0.0) -> KeywordHit:
    return replace(hit(severity=severity, start=start), grade=grade)


def heard(first: KeywordHit, again: KeywordHit | None) -> KeywordHit:
    return judge(first, again, "big", "what it heard")


def test_first_hit_is_a_new_alert() -> None:
    decision = make().decide(hit(), utterance(), 100.0, 101.5, "en")
    assert decision.new
    assert not decision.escalated
    alert = decision.alert
    assert (alert.id, alert.room, alert.speaker, alert.utterance) == ("a1", "r", Speaker("s", "S"), "u1")
    assert (alert.severity, alert.state, alert.count, alert.language) == ("medium", "open", 1, "en")
    assert (alert.spoken_at, alert.raised_at, alert.hits, alert.clip) == (100.0, 101.5, (hit(),), "")


def test_repeats_are_merged_and_escalate_once() -> None:
    policy = make()
    policy.decide(hit(start=0), utterance(), 100.0, 101.0, "en")
    second = policy.decide(hit(start=5, severity=Severity.HIGH), utterance(id="u2"), 105.0, 106.0, "en")
    assert (second.new, second.escalated, second.alert.count) == (False, False, 2)
    assert second.alert.severity is Severity.HIGH
    assert second.alert.utterance == "u1"
    assert (second.alert.spoken_at, second.alert.raised_at) == (100.0, 101.0)
    third = policy.decide(hit(start=9), utterance(id="u3"), 109.0, 110.0, "en")
    assert (third.escalated, third.alert.state, third.alert.severity) == (True, AlertState.ESCALATED, Severity.HIGH)
    assert [h.start for h in third.alert.hits] == [0, 5, 9]
    fourth = policy.decide(hit(start=11), utterance(id="u4"), 111.0, 112.0, "en")
    assert (fourth.escalated, fourth.alert.state) == (False, AlertState.ESCALATED)


@pytest.mark.parametrize(
    ("other", "where"),
    [
        (hit("q"), utterance()),
        (hit(list_name="m"), utterance()),
        (hit(), utterance(room="r2")),
        (hit(), utterance(speaker="s2")),
    ],
)
def test_what_differs_is_another_alert(other: KeywordHit, where: Utterance) -> None:
    policy = make()
    policy.decide(hit(), utterance(), 100.0, 101.0, "en")
    assert policy.decide(other, where, 101.0, 102.0, "en").alert.id == "a2"


def test_cool_down_counts_from_the_latest_hit_as_spoken() -> None:
    policy = make(cool_down=30)
    policy.decide(hit(), utterance(), 100.0, 101.0, "en")
    assert not policy.decide(hit(), utterance(), 130.0, 131.0, "en").new
    assert not policy.decide(hit(), utterance(), 160.0, 161.0, "en").new
    assert policy.decide(hit(), utterance(), 190.1, 191.0, "en").new


def test_recognition_that_lags_does_not_split_an_alert() -> None:
    policy = make(cool_down=30)
    policy.decide(hit(), utterance(), 100.0, 101.0, "en")
    assert not policy.decide(hit(), utterance(), 120.0, 220.0, "en").new


def test_clip_stays_with_the_alert() -> None:
    policy = make()
    policy.decide(hit(), utterance(), 100.0, 101.0, "en")
    attached = policy.attach_clip("a1", "a1.wav")
    assert attached is not None
    assert attached.clip == "a1.wav"
    assert policy.decide(hit(), utterance(), 101.0, 102.0, "en").alert.clip == "a1.wav"
    assert policy.attach_clip("other", "x.wav") is None


def test_hits_are_bounded_and_the_first_stays() -> None:
    policy = make(cool_down=5)
    for i in range(50):
        alert = policy.decide(hit(start=i), utterance(), float(i), float(i), "en").alert
    assert alert.count == 50
    assert [h.start for h in alert.hits] == [0, *range(50 - MAX_HITS + 1, 50)]


def test_memory_is_bounded_and_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OPEN", 10)
    policy = make(cool_down=30)
    for i in range(25):
        policy.decide(hit(f"p{i}"), utterance(), 100.0, 100.0 + i / 100, "en")
    assert len(policy) == 10
    policy.decide(hit("late"), utterance(), 900.0, 101.0 + 30 + MAX_LAG, "en")
    assert len(policy) == 1


def test_settings_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="cool_down"):
        make(cool_down=-1)
    with pytest.raises(ValueError, match="escalate_after"):
        make(escalate_after=1)


def test_a_rule_s_own_cool_down_counts() -> None:
    policy = make(cool_down=30)
    short, long = replace(hit("short"), cool_down=5.0), replace(hit("long"), cool_down=3600.0)
    for one in (short, long):
        policy.decide(one, utterance(), 100.0, 101.0, "en")
    assert policy.decide(short, utterance(), 110.0, 111.0, "en").new
    assert not policy.decide(long, utterance(), 3000.0, 3001.0, "en").new


def test_a_grade_alerts_at_most_as_severely_as_it_may() -> None:
    policy = quiet()
    for grade, severity in ((Grade.A, Severity.CRITICAL), (Grade.B, Severity.HIGH)):
        decision = policy.decide(of_grade(grade), utterance(speaker=grade), 100.0, 101.0, "en")
        assert decision is not None
        assert (decision.new, decision.alert.severity) == (True, severity)
    assert policy.decide(of_grade(Grade.C), utterance(speaker="C"), 100.0, 101.0, "en") is None
    assert len(policy) == 2


def test_a_weak_hit_joins_an_alert_and_moves_nothing() -> None:
    policy = make(escalate_after=2)
    policy.decide(of_grade(Grade.B), utterance(), 100.0, 101.0, "en")
    joined = policy.decide(of_grade(Grade.C, start=3), utterance(), 103.0, 104.0, "en")
    assert (joined.new, joined.escalated, joined.alert.count) == (False, False, 2)
    assert (joined.alert.state, joined.alert.severity) == (AlertState.OPEN, Severity.HIGH)
    assert policy.decide(of_grade(Grade.A, start=5), utterance(), 105.0, 106.0, "en").escalated


@pytest.mark.parametrize("state", [RuleState.SHADOW, RuleState.DRAFT, RuleState.RETIRED])
def test_only_live_rules_alert_or_join(state: RuleState) -> None:
    policy = quiet()
    silent = replace(hit(), state=state)
    assert policy.decide(silent, utterance(), 100.0, 101.0, "en") is None
    policy.decide(hit(), utterance(), 100.0, 101.0, "en")
    assert policy.decide(silent, utterance(), 101.0, 102.0, "en") is None


def test_a_confirmed_hit_raises_its_alert() -> None:
    policy, first = make(), of_grade(Grade.B)
    alert = policy.decide(first, utterance(), 100.0, 101.0, "en").alert
    after = heard(first, of_grade(Grade.A))
    changed = policy.heard_again(alert.id, first, after, 105.0)
    assert changed is not None
    assert (changed.state, changed.severity) == (AlertState.CONFIRMED, Severity.CRITICAL)
    assert changed.hits == (after,)
    assert after.second is not None
    assert (after.grade, after.second.text) == (Grade.A, "what it heard")
    later = policy.decide(of_grade(Grade.B, start=3), utterance(), 110.0, 111.0, "en").alert
    assert (later.id, later.state, later.severity) == (alert.id, AlertState.CONFIRMED, Severity.CRITICAL)


def test_a_withdrawn_alert_says_so_and_takes_no_more_hits() -> None:
    policy, first = make(), hit()
    alert = policy.decide(first, utterance(), 100.0, 101.0, "en").alert
    changed = policy.heard_again(alert.id, first, heard(first, None), 105.0)
    assert changed is not None
    assert (changed.state, changed.severity) == (AlertState.WITHDRAWN, Severity.MEDIUM)
    assert policy.decide(hit(start=4), utterance(), 104.0, 106.0, "en").new


def test_of_an_alert_with_several_hits_only_what_is_withdrawn_falls() -> None:
    policy = make(escalate_after=2)
    bad, mild = hit(severity=Severity.CRITICAL), hit(severity=Severity.LOW, start=2)
    alert = policy.decide(bad, utterance(), 100.0, 101.0, "en").alert
    assert policy.decide(mild, utterance(), 102.0, 103.0, "en").alert.state is AlertState.ESCALATED
    changed = policy.heard_again(alert.id, bad, heard(bad, None), 105.0)
    assert changed is not None
    assert (changed.state, changed.severity, changed.count) == (AlertState.OPEN, Severity.LOW, 2)
    changed = policy.heard_again(alert.id, mild, heard(mild, None), 106.0)
    assert changed is not None
    assert changed.state is AlertState.WITHDRAWN


def test_a_weak_hit_that_is_confirmed_alerts() -> None:
    policy, first = quiet(), of_grade(Grade.C)
    assert policy.decide(first, utterance(), 100.0, 101.0, "en") is None
    decision = policy.decide(heard(first, of_grade(Grade.A)), utterance(), 100.0, 108.0, "en")
    assert decision is not None
    assert (decision.new, decision.alert.state) == (True, AlertState.CONFIRMED)


def test_an_alert_behind_a_newer_one_of_its_rule_can_still_be_withdrawn() -> None:
    policy, first, second = make(cool_down=1), hit(), hit(start=50)
    old = policy.decide(first, utterance(), 100.0, 101.0, "en").alert
    new = policy.decide(second, utterance(), 150.0, 151.0, "en").alert
    assert old.id != new.id
    changed = policy.heard_again(old.id, first, heard(first, None), 152.0)
    assert changed is not None
    assert (changed.id, changed.state) == (old.id, AlertState.WITHDRAWN)
    assert not policy.decide(hit(start=51), utterance(), 150.5, 153.0, "en").new
    assert policy.heard_again("unknown", first, heard(first, None), 152.0) is None


GRADED = st.builds(
    lambda grade, severity, state: replace(hit(severity=severity), grade=grade, state=state),
    st.sampled_from(list(Grade)),
    st.sampled_from(list(Severity)),
    st.sampled_from([RuleState.LIVE, RuleState.LIVE, RuleState.LIVE, RuleState.SHADOW]),
)


@given(st.lists(st.tuples(GRADED, st.floats(0, 3), st.sampled_from([None, *Grade]), st.booleans()), max_size=30))
def test_an_alert_is_what_stands_of_its_hits(said: list[tuple[KeywordHit, float, Grade | None, bool]]) -> None:
    """Whatever is said and heard again, in whatever order: state and severity follow from the hits alone."""
    policy, now = quiet(cool_down=5), 1000.0
    hits: dict[str, list[KeywordHit]] = {}  # by alert: as they are now
    latest: dict[str, Alert] = {}
    for number, (what, gap, again, at_once) in enumerate(said):
        now += gap
        one = replace(what, start=float(number), end=number + 0.5)
        decision = policy.decide(one, utterance(id=f"u{number}"), now, now, "en")
        if decision is None:
            assert one.state is RuleState.SHADOW or worth(one, HIGHEST) is None
            continue
        alert = decision.alert
        hits.setdefault(alert.id, []).append(one)
        latest[alert.id] = alert
        if at_once:
            after = heard(one, None if again is None else replace(one, grade=again))
            changed = policy.heard_again(alert.id, one, after, now)
            assert changed is not None
            hits[alert.id][-1] = after
            latest[alert.id] = changed
        for id, alert in latest.items():
            check(alert, hits[id])


def check(alert: Alert, hits: list[KeywordHit]) -> None:
    worths = [w for one in hits if (w := worth(one, HIGHEST)) is not None]
    confirmed = any(one.second and one.second.outcome is Reheard.CONFIRMED and worth(one, HIGHEST) for one in hits)
    assert (alert.state is AlertState.WITHDRAWN) == (not worths)
    assert (alert.state is AlertState.ESCALATED) == (len(worths) >= 3)
    assert (alert.state is AlertState.CONFIRMED) == (0 < len(worths) < 3 and confirmed)
    if worths:
        assert alert.severity is max(worths, key=lambda s: s.rank)
    assert alert.count == len(hits)
    assert Counter(alert.hits) <= Counter(hits)


@given(
    st.lists(
        st.tuples(st.floats(0, 20), st.sampled_from("pq"), st.sampled_from("st"), st.sampled_from(list(Severity))),
        max_size=60,
    ),
    st.floats(0, 30),
    st.integers(2, 6),
)
def test_each_hit_is_counted_in_exactly_one_alert(
    said: list[tuple[float, str, str, Severity]], cool_down: float, escalate_after: int
) -> None:
    policy, now = make(cool_down, escalate_after), 1000.0
    latest: dict[str, Alert] = {}
    worst: dict[str, Severity] = {}
    new = 0
    for number, (gap, phrase, speaker, severity) in enumerate(said):
        now += gap
        one = hit(phrase, severity, start=float(number))
        decision = policy.decide(one, utterance(speaker=speaker, id=f"u{number}"), now, now + 1, "en")
        alert = decision.alert
        assert decision.new == (alert.id not in latest)
        new += decision.new
        assert alert.count == (1 if decision.new else latest[alert.id].count + 1)
        assert alert.hits[-1] is one
        assert len(alert.hits) == min(alert.count, MAX_HITS)
        worst[alert.id] = max(worst.get(alert.id, Severity.INFO), severity, key=lambda s: s.rank)
        assert alert.severity is worst[alert.id]
        assert (alert.state is AlertState.ESCALATED) == (alert.count >= escalate_after)
        assert decision.escalated == (alert.count == escalate_after)
        latest[alert.id] = alert
    assert sum(alert.count for alert in latest.values()) == len(said)
    assert len(latest) == new
