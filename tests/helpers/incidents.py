"""An incident as the rules of grouping and deciding see it."""

from __future__ import annotations

from dataclasses import replace

from monitor.model import Severity
from monitor.review.incident import Incident
from tests.helpers.storing import ANN

NOW = 1_000.0


def incident(number: int = 1, **changes: object) -> Incident:
    first = Incident(
        id=number,
        severity=Severity.HIGH,
        room="lobby",
        speaker=ANN,
        list_name="scam",
        rule="free money",
        phrases=("free money",),
        rooms=("lobby",),
        room_count=1,
        alerts=1,
        withdrawn=0,
        opened_at=NOW,
        last_at=NOW,
        last_alert="a0",
    )
    return replace(first, **changes)  # type: ignore[arg-type]
