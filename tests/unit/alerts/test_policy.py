from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts import policy as module
from monitor.alerts.policy import MAX_HITS, MAX_LAG, Policy
from monitor.model import Alert, AlertState, Cut, KeywordHit, Severity, Speaker, Utterance


def utterance(room: str = "r", speaker: str = "s", id: str = "u1") -> Utterance:
    return Utterance(id, room, Speaker(speaker, speaker.upper()), "t", 0.0, 0, np.zeros(10, np.int16), Cut.SILENCE)


def hit(
    phrase: str = "p", severity: Severity = Severity.MEDIUM, list_name: str = "l", start: float = 0.0
) -> KeywordHit:
    return KeywordHit(list_name, "v", phrase, severity, phrase, "", "", start, start + 0.5, 0.9)


def make(cool_down: float = 30.0, escalate_after: int = 3) -> Policy:
    numbers = count(1)
    return Policy(cool_down, escalate_after, lambda: f"a{next(numbers)}")


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
