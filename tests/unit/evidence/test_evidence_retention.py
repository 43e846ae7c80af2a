from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.evidence.retention import DAY, Terms, covers, due, held_by, standing
from monitor.evidence_model import Facts, Hold, Kind
from monitor.model import Severity

TERMS = Terms(dict.fromkeys(Severity, 30.0) | {Severity.INFO: 7.0}, right=180.0, wrong=3.0, record=30.0)
ALERT = Facts("a1", "hall", "ann", "s1", Severity.HIGH, raised_at=10 * DAY)
HOLD = Hold(1, Kind.ROOM, "hall", "", "case", "Eve", 0.0, 100.0)


@pytest.mark.parametrize(
    ("severity", "verdict", "said", "days", "why"),
    [
        (Severity.HIGH, "", 0.0, 40.0, "high: 30 days"),
        (Severity.INFO, "", 0.0, 17.0, "info: 7 days"),
        (Severity.HIGH, "unsure", 12.0, 40.0, "high: 30 days"),
        (Severity.HIGH, "wrong", 12.0, 15.0, "judged wrong: 3 days from then"),
        (Severity.HIGH, "wrong", 39.0, 40.0, "high: 30 days"),
        (Severity.HIGH, "right", 12.0, 192.0, "judged right: 180 days from then"),
        (Severity.INFO, "right", 12.0, 192.0, "judged right: 180 days from then"),
    ],
)
def test_severity_and_verdict_say_when(severity: Severity, verdict: str, said: float, days: float, why: str) -> None:
    end = due(replace(ALERT, severity=severity, verdict=verdict, verdict_at=said * DAY), TERMS)
    assert (end.at, end.why) == (days * DAY, why)
    assert TERMS.shortest == 3.0


@pytest.mark.parametrize(
    ("kind", "subject", "room", "covered"),
    [
        (Kind.ROOM, "hall", "", True),
        (Kind.ROOM, "den", "", False),
        (Kind.SPEAKER, "ann", "", True),
        (Kind.SPEAKER, "ann", "hall", True),
        (Kind.SPEAKER, "ann", "den", False),
        (Kind.SPEAKER, "bob", "", False),
        (Kind.SESSION, "s1", "", True),
        (Kind.SESSION, "s2", "", False),
        (Kind.ALERT, "a1", "", True),
        (Kind.ALERT, "a2", "", False),
    ],
)
def test_a_hold_covers_what_it_is_about(kind: Kind, subject: str, room: str, covered: bool) -> None:
    assert covers(replace(HOLD, kind=kind, subject=subject, room=room), ALERT) is covered


def test_a_hold_stands_until_it_runs_out_or_is_released() -> None:
    longer = replace(HOLD, id=2, until=200.0)
    released = replace(HOLD, id=3, until=900.0, released_at=5.0)
    assert [hold.id for hold in standing([HOLD, longer, released], 99.0)] == [1, 2]
    assert [hold.id for hold in standing([HOLD, longer, released], 100.0)] == [2]
    found = held_by(ALERT, [HOLD, longer])
    assert found is longer
    assert held_by(replace(ALERT, room="den"), [HOLD, longer]) is None
