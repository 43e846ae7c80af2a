"""The sequential decision on one speaker: bounds, order, forgetting, hysteresis, whatever the windows say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.model import Cut, Speaker, Utterance
from monitor.voice_model import Abstained, VoiceScored, VoiceState, VoiceWindow
from monitor.voices.evidence import Evidence, Rules, Thresholds, peak

RULES = Rules()
LIMITS = Thresholds(suspicious=4.0, alert=7.0)

llrs = st.lists(st.floats(-20, 20), min_size=1, max_size=60)
rules = st.builds(
    Rules,
    unit=st.floats(1, 5),
    highest=st.floats(0.5, 6),
    lowest=st.floats(-6, -0.1),
    correlation=st.floats(0.05, 1),
    half_life=st.floats(10, 600),
    least=st.just(0.0),
)


def window(n: int, llr: float | None, length: float = 3.0, *, step: float = 3.0) -> VoiceWindow:
    """The n-th of windows that begin every `step` seconds, all of it speech."""
    return VoiceWindow(n * step, n * step + length, length, llr, llr, None)


def fed(values: list[float], rules: Rules = RULES, limits: Thresholds = LIMITS) -> Evidence:
    evidence = Evidence(rules, limits)
    for n, llr in enumerate(values):
        evidence.note(window(n, llr))
    return evidence


@given(llrs, rules)
def test_nothing_that_is_said_exceeds_the_cap(values: list[float], some: Rules) -> None:
    highest = peak([window(n, llr) for n, llr in enumerate(values)], some)
    # unit < window: a whole window may count for several units, each of them clipped
    assert highest <= some.cap + 1e-9
    assert fed(values, some).llr >= some.lowest / some.correlation - 1e-9


def test_the_cap_holds_for_who_speaks_for_hours() -> None:
    hours = fed([50.0] * 5_000)
    assert 0.8 * RULES.cap < hours.llr <= RULES.cap


@given(llrs, st.data())
def test_a_stronger_window_never_weakens_the_evidence(values: list[float], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(values) - 1))
    stronger = [llr + 5.0 * (n == at) for n, llr in enumerate(values)]
    assert fed(stronger).llr >= fed(values).llr - 1e-9


@given(llrs)
def test_a_window_seen_twice_is_no_news(values: list[float]) -> None:
    once, twice = Evidence(RULES, LIMITS), Evidence(RULES, LIMITS)
    for n, llr in enumerate(values):
        once.note(window(n, llr))
        twice.note(window(n, llr))
        twice.note(window(n, 20.0))
    assert twice.standing() == once.standing()


@given(st.floats(-5, 5), st.integers(2, 30))
def test_overlapping_windows_count_for_the_speech_that_is_new(llr: float, count: int) -> None:
    """Twice as many windows of the same speech bring what half as many bring."""
    apart, overlapping = Evidence(RULES, LIMITS), Evidence(RULES, LIMITS)
    for n in range(count):
        apart.note(window(n, llr))
    for n in range(2 * count - 1):
        overlapping.note(window(n, llr, step=1.5))
    assert overlapping.standing().speech == pytest.approx(apart.standing().speech)
    # the later half of a window forgets the first one a little: 1.5 s of a half-life of 60
    assert overlapping.llr == pytest.approx(apart.llr, abs=0.02 * abs(apart.llr) + 1e-9)


def test_a_pause_within_a_window_is_no_speech_that_is_new() -> None:
    """Two seconds said, a minute's silence, two seconds said: of the second window half was in the first."""
    evidence = Evidence(RULES, LIMITS)
    evidence.note(VoiceWindow(0.0, 4.0, 4.0, 1.0, 1.0))
    evidence.note(VoiceWindow(2.0, 66.0, 4.0, 1.0, 1.0))
    assert evidence.standing().speech == pytest.approx(6.0)


@given(llrs)
def test_correlated_windows_count_less_than_independent_ones(values: list[float]) -> None:
    clipped = [min(RULES.highest, max(RULES.lowest, llr)) for llr in values]
    evidence = fed(values, Rules(half_life=1e9))
    discounted = sum(clipped) / (1 + (len(values) - 1) * RULES.correlation)
    assert evidence.llr == pytest.approx(discounted, abs=1e-6)


@given(llrs)
def test_old_speech_is_forgotten(values: list[float]) -> None:
    """After twenty half-lives of the same voice nothing of what was before is left."""
    same = [2.0] * 400
    assert fed(values + same).llr == pytest.approx(fed(same).llr, abs=1e-3)


def test_silence_forgets_nothing() -> None:
    near, far = Evidence(RULES, LIMITS), Evidence(RULES, LIMITS)
    for n in range(5):
        near.note(window(n, 2.5))
        far.note(window(n, 2.5, step=900.0))
    assert near.llr == pytest.approx(far.llr)


@given(st.lists(st.sampled_from(list(Abstained)), max_size=20))
def test_abstaining_says_nothing_and_tells_why(reasons: list[Abstained]) -> None:
    evidence = fed([2.0] * 5)
    before = evidence.llr
    for n, reason in enumerate(reasons):
        evidence.note(VoiceWindow(100 + 3 * n, 102 + 3 * n, 1.5, None, None, reason))
    standing = evidence.standing()
    assert evidence.llr == before
    assert standing.windows == 5
    assert sum(seconds for _, seconds in standing.abstained) == pytest.approx(1.5 * len(reasons))
    assert [s for _, s in standing.abstained] == sorted((s for _, s in standing.abstained), reverse=True)


def test_without_a_calibration_nothing_is_said() -> None:
    evidence = Evidence(RULES, LIMITS)
    for n in range(20):
        evidence.note(VoiceWindow(3.0 * n, 3.0 * n + 3, 3.0, 9.0, None, None))
    assert evidence.standing().state is VoiceState.SHORT
    assert evidence.standing().windows == 0


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_a_ratio_that_is_no_number_is_a_failure_and_no_evidence(broken: float) -> None:
    evidence = fed([1.0, broken, 1.0])
    assert math.isfinite(evidence.llr)
    assert evidence.standing().abstained == ((Abstained.FAILED, 3.0),)


def test_nothing_is_said_of_little_speech() -> None:
    assert fed([20.0]).standing().state is VoiceState.SHORT
    assert fed([20.0] * 2).standing().state is not VoiceState.SHORT


def test_from_no_sign_to_an_alert_and_back() -> None:
    evidence = Evidence(RULES, LIMITS)
    states = [evidence.note(window(n, 3.0 if n < 12 else -4.0)) for n in range(60)]
    order = [s for n, s in enumerate(states) if n == 0 or s is not states[n - 1]]
    # On the way down it stands as an alert until not even a suspicion would be left.
    assert order == [VoiceState.SHORT, VoiceState.SUSPICIOUS, VoiceState.ALERT, VoiceState.CLEAR]
    assert states.index(VoiceState.ALERT) * 3.0 < 30


def test_years_of_innocence_dont_hide_a_voice_that_is_switched_on() -> None:
    hour = [-9.0] * 1200
    switched = next(n for n in range(1, 100) if fed(hour + [3.0] * n).standing().state is VoiceState.ALERT)
    assert switched * 3.0 < 120


@settings(max_examples=50)
@given(st.lists(st.floats(-1, 1), min_size=5, max_size=40))
def test_states_dont_flicker_on_small_changes(jitter: list[float]) -> None:
    """Evidence that stays within the band between leaving and entering doesn't move the state."""
    evidence = fed([3.0] * 12)
    assert evidence.standing().state is VoiceState.ALERT
    for n, more in enumerate(jitter):
        evidence.note(window(12 + n, 1.2 + more / 4))
        assert evidence.llr > LIMITS.leave
        assert evidence.standing().state is VoiceState.ALERT


@given(llrs)
def test_a_detector_that_only_marks_never_alerts(values: list[float]) -> None:
    evidence = Evidence(RULES, Thresholds(4.0, None))
    assert all(evidence.note(window(n, llr)) is not VoiceState.ALERT for n, llr in enumerate(values))
    assert evidence.standing().marks_only


def test_the_strongest_windows_are_cited_in_order_of_time() -> None:
    evidence = Evidence(RULES, LIMITS)
    for n, llr in enumerate([0.5, 2.9, 2.8, 0.1, 3.1, 0.2]):
        evidence.note(window(n, llr, step=1.5))
    assert [w.llr for w in evidence.strongest(2)] == [2.9, 3.1]  # 2.8 shares speech with 2.9
    assert [w.llr for w in evidence.strongest(2, since=2.0)] == [2.8, 3.1]
    assert evidence.strongest(3, since=100.0) == ()
    assert fed([-1.0, -2.0]).strongest(3) == ()


def test_in_another_track_the_evidence_goes_on_and_old_places_are_not_cited() -> None:
    evidence = fed([2.0] * 5)
    before = evidence.llr
    evidence.begin_track()
    assert evidence.llr == before
    assert evidence.strongest(5) == ()
    evidence.note(window(0, 2.5))
    assert evidence.llr > before
    assert [w.llr for w in evidence.strongest(5)] == [2.5]


def test_what_it_rests_on_is_told() -> None:
    utterance = Utterance("u", "r", Speaker("s", "S"), "t", 0.0, 0, np.zeros(16_000, np.int16), Cut.SILENCE)
    evidence = Evidence(RULES, LIMITS)
    scored = VoiceScored(utterance, "net@12ab", "rooms", tuple(window(n, 1.0) for n in range(4)), 0.01)
    standing = evidence.add(scored)
    assert (standing.model, standing.calibration, standing.windows, standing.speech) == ("net@12ab", "rooms", 4, 12.0)
    assert standing.state is VoiceState.CLEAR
    assert standing.llr == evidence.llr == pytest.approx(4 / 1.6, rel=0.05)


def test_rules_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="rules of evidence"):
        Rules(correlation=0.0)
    with pytest.raises(ValueError, match="thresholds"):
        Thresholds(5.0, 4.0)
