"""Where the time of an utterance goes: the stages of one add up to the whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.telemetry.journeys import Journeys
from monitor.telemetry.metrics import Metrics
from tests.helpers.storing import transcript

UP_TO_STORED = ("cut", "queued", "heard", "handed", "matched", "stored")


def sums(metrics: Metrics) -> dict[str, float]:
    name = "room_monitor_stage_seconds_sum"
    found = metrics.totals([f"{name}{{{stage}}}" for stage in UP_TO_STORED])
    return {stage: found[f"{name}{{{stage}}}"] for stage in UP_TO_STORED}


def test_from_the_last_word_to_the_database_nothing_is_missing() -> None:
    now = [1000.0]
    metrics = Metrics()
    journeys = Journeys(metrics, lambda: now[0], lambda: now[0])
    heard = transcript("u1")
    ended = heard.utterance.began - heard.utterance.start / 16_000 + heard.words[-1].end
    now[0] = ended + 0.6
    journeys.cut(heard.utterance)
    now[0] += 0.25 + 0.5 + 0.125  # waits, is heard, waits for the event loop
    journey = journeys.heard(heard, queued=0.25, heard=0.5)
    now[0] += 1.0  # its text is stored
    with journey.matching():
        now[0] += 0.0625
    now[0] += 2.0  # and its alerts
    journey.stored()
    stages = sums(metrics)
    wanted = {"cut": 0.6, "queued": 0.25, "heard": 0.5, "handed": 0.125, "matched": 0.0625, "stored": 3.0}
    assert stages == pytest.approx(wanted)
    whole = metrics.total("room_monitor_text_delay_seconds_sum")
    assert whole == pytest.approx(sum(wanted.values())) == pytest.approx(now[0] - ended)
    text = metrics.recent.spread("text")
    assert text is not None
    assert (text.count, text.most) == (1, pytest.approx(whole))


def test_what_has_no_words_has_no_last_word_and_what_is_not_heard_no_figures() -> None:
    metrics = Metrics()
    journeys = Journeys(metrics, lambda: 5.0, lambda: 5.0)
    silent = replace(transcript("u1"), words=())
    journeys.cut(silent.utterance)
    journeys.heard(silent, 0.0, 1.0).stored()
    assert metrics.total("room_monitor_text_delay_seconds_count") == 0
    assert metrics.totals(["room_monitor_stage_seconds_count{cut}", "room_monitor_stage_seconds_count{heard}"]) == {
        "room_monitor_stage_seconds_count{cut}": 0.0,
        "room_monitor_stage_seconds_count{heard}": 1.0,
    }
    vetoed = transcript("u2").utterance
    journeys.cut(vetoed)
    journeys.over(vetoed)
    journeys.heard(transcript("u2"), 0.0, 1.0)
    assert (
        metrics.total("room_monitor_stage_seconds_count") == 5 + 2
    )  # of the first: all but `cut`; of this one: queued and heard
