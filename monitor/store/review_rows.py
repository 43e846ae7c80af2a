"""Incidents and decisions ↔ rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping

from monitor.model import Severity, Speaker
from monitor.review.decisions import Act, Decision
from monitor.review.incident import Incident, Judgement, Standing, Status

Row = dict[str, Any]
SEVERITIES = tuple(Severity)


def incident(row: RowMapping) -> Incident:
    return Incident(
        id=row["id"],
        severity=SEVERITIES[row["rank"]],
        room=row["room"],
        speaker=Speaker(row["speaker_id"], row["speaker_name"]),
        list_name=row["list"],
        rule=row["rule"],
        phrases=tuple(row["phrases"]),
        rooms=tuple(row["rooms"]),
        room_count=row["room_count"],
        alerts=row["alerts"],
        withdrawn=row["withdrawn"],
        opened_at=row["opened_at"],
        last_at=row["last_at"],
        last_alert=row["last_alert"],
        standing=Standing(
            status=Status(row["status"]),
            claimed_by=row["claimed_by"],
            claimed_until=row["claimed_until"],
            escalated_to=row["escalated_to"],
            verdict=Judgement(row["verdict"]) if row["verdict"] else None,
            reason=row["reason"],
            taken=row["taken"],
            decided_by=row["decided_by"],
            decided_at=row["decided_at"],
        ),
    )


def standing_row(standing: Standing) -> Row:
    return {
        "status": standing.status.value,
        "claimed_by": standing.claimed_by,
        "claimed_until": standing.claimed_until,
        "escalated_to": standing.escalated_to,
        "verdict": standing.verdict.value if standing.verdict else None,
        "reason": standing.reason,
        "taken": standing.taken,
        "decided_by": standing.decided_by,
        "decided_at": standing.decided_at,
    }


def decision_row(decision: Decision) -> Row:
    """Without id: the database gives it."""
    return {
        "incident": decision.incident,
        "act": decision.act.value,
        "who": decision.who,
        "at": decision.at,
        "alert": decision.alert,
        "until": decision.until,
        "to": decision.to,
        "verdict": decision.verdict.value if decision.verdict else None,
        "reason": decision.reason,
        "taken": decision.taken,
        "note": decision.note,
        "undoes": decision.undoes,
    }


def decision(row: RowMapping) -> Decision:
    verdict = Judgement(row["verdict"]) if row["verdict"] else None
    return Decision(**{**row, "act": Act(row["act"]), "verdict": verdict})
