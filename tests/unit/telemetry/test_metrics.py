"""Figures come out as they went in, and never with personal data."""

from __future__ import annotations

from monitor.model import Coverage, Heard, RoomState, Severity
from monitor.telemetry.metrics import Metrics
from tests.helpers.storing import ANN, alert, transcript


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"room_monitor_{name}", labels)


def test_a_room_is_in_one_state() -> None:
    metrics = Metrics()
    metrics.room("lobby", RoomState.JOINING)
    metrics.room("lobby", RoomState.LIVE)
    states = {s: value(metrics, "room_state", room="lobby", state=s.value) for s in RoomState}
    assert [s for s, v in states.items() if v] == [RoomState.LIVE]
    assert sum(v or 0 for v in states.values()) == 1


def test_alerts_are_counted_with_their_delay() -> None:
    metrics = Metrics()
    metrics.alert(alert("a1", severity=Severity.HIGH, spoken_at=10.0, raised_at=12.5))
    assert value(metrics, "alerts_total", list="scam", severity="high") == 1
    assert value(metrics, "alert_delay_seconds_sum") == 2.5


def test_transcripts_count_words_seconds_and_time_taken() -> None:
    metrics = Metrics()
    metrics.transcript(transcript("u1"))
    metrics.utterance("vetoed")
    assert value(metrics, "utterances_total", outcome="transcribed") == 1
    assert value(metrics, "utterances_total", outcome="vetoed") == 1
    assert value(metrics, "words_total", language="en") == 2
    assert value(metrics, "transcribed_seconds_total") == 2.0
    assert value(metrics, "recogniser_seconds_sum") == 0.4


def test_coverage_and_gaps_by_state() -> None:
    metrics = Metrics()
    metrics.coverage("lobby", Coverage({Heard.EXAMINED: 7.0, Heard.LOST_NETWORK: 1.0}))
    metrics.gap("lobby", "lost-network", 2.5)
    assert value(metrics, "coverage_seconds", room="lobby", state="examined") == 7.0
    assert value(metrics, "coverage_seconds", room="lobby", state="silence") == 0.0
    assert value(metrics, "gaps_total", room="lobby", state="lost-network") == 1
    assert value(metrics, "gap_seconds_total", room="lobby", state="lost-network") == 2.5


def test_every_metric_is_described_and_names_nobody() -> None:
    metrics = Metrics()
    metrics.alert(alert("a1"))
    metrics.transcript(transcript("u1"))
    metrics.gap("lobby", "lost-network", 2.5)
    metrics.speakers("lobby", 2)
    text = metrics.text().decode()
    assert ANN.name not in text
    assert ANN.id not in text.replace("seconds", "")
    assert "free money" not in text
    for family in metrics.registry.collect():
        assert family.name.startswith("room_monitor_")
        assert len(family.documentation) > 10


def test_two_objects_share_nothing() -> None:
    first, second = Metrics(), Metrics()
    first.waiting(3.0)
    assert value(second, "waiting_seconds") == 0.0
