"""Each alert into its incident, in the transaction that stores it: no alert is without one, also after a crash."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from monitor.model import Alert, AlertState, Severity
from monitor.review.incident import MOST_NAMED, Grouping, Incident, Standing, Status, opened_by
from monitor.store.review_rows import incident, standing_row
from monitor.store.tables import ALERTS
from monitor.store.tables_review import INCIDENT_PLACES, INCIDENTS
from monitor.store.writing import inserted

LOOKED_AT = 5
"""Incidents of one rule, and of one speaker, that a new alert may join: the newest."""

# Made once: alerts come by the hundred a second, and to put a statement together takes longer than to run it.
_T = INCIDENTS.c
_NEWEST = select(_T.id).where(_T.status != Status.DONE.value).order_by(_T.last_at.desc()).limit(LOOKED_AT)
_OF_SPEAKER = _NEWEST.where(
    _T.room == bindparam("room"), _T.speaker_id == bindparam("speaker"), _T.last_at >= bindparam("together")
)
_OF_RULE = _NEWEST.where(_T.list == bindparam("list"), _T.rule == bindparam("rule"), _T.last_at >= bindparam("across"))
_MAY_JOIN_VOICE = select(INCIDENTS).where(_T.id.in_(_OF_SPEAKER.scalar_subquery()))
_MAY_JOIN = select(INCIDENTS).where(
    or_(_T.id.in_(_OF_SPEAKER.scalar_subquery()), _T.id.in_(_OF_RULE.scalar_subquery()))
)
_NEW = insert(INCIDENTS)
_JOINED = update(INCIDENTS).where(_T.id == bindparam("number"))
_PLACE = upsert(INCIDENT_PLACES).on_conflict_do_nothing()


def place(db: Connection, alert: Alert, grouping: Grouping) -> int | None:
    """The incident of a new alert, made where there is none that it joins; None where it is no matter for staff."""
    if alert.room in grouping.apart:
        return None
    home = grouping.home(alert, _candidates(db, alert, grouping))
    return _open(db, alert) if home is None else _join(db, home, alert)


def _candidates(db: Connection, alert: Alert, grouping: Grouping) -> list[Incident]:
    name, rule = opened_by(alert)
    asked = {
        "room": alert.room,
        "speaker": alert.speaker.id,
        "together": alert.raised_at - grouping.together,
        "list": name,
        "rule": rule,
        "across": alert.raised_at - grouping.across,
    }
    return [incident(row) for row in db.execute(_MAY_JOIN if rule else _MAY_JOIN_VOICE, asked).mappings()]


def _open(db: Connection, alert: Alert) -> int:
    name, rule = opened_by(alert)
    row = {
        "rank": alert.severity.rank,
        "room": alert.room,
        "speaker_id": alert.speaker.id,
        "speaker_name": alert.speaker.name,
        "list": name,
        "rule": rule,
        "phrases": [rule] if rule else [],
        "rooms": [alert.room],
        "room_count": 1,
        "alerts": 1,
        "withdrawn": 0,
        "opened_at": alert.raised_at,
        "last_at": alert.raised_at,
        "last_alert": alert.id,
        "told": False,
        **standing_row(Standing()),
    }
    made = inserted(db, _NEW, row)
    _at(db, made, alert)
    return made


def _join(db: Connection, home: Incident, alert: Alert) -> int:
    rule = opened_by(alert)[1]
    values = {
        "rank": max(home.severity.rank, alert.severity.rank),
        "alerts": home.alerts + 1,
        "last_at": max(home.last_at, alert.raised_at),
        "last_alert": alert.id,
        "told": False,
    }
    if rule and rule not in home.phrases and len(home.phrases) < MOST_NAMED:
        values["phrases"] = [*home.phrases, rule]
    if (alert.room, alert.speaker.id) != (home.room, home.speaker.id) and _at(db, home.id, alert):
        there = select(func.count(INCIDENT_PLACES.c.room.distinct())).where(INCIDENT_PLACES.c.incident == home.id)
        values["room_count"] = db.scalar(there)
        if alert.room not in home.rooms and len(home.rooms) < MOST_NAMED:
            values["rooms"] = [*home.rooms, alert.room]
    db.execute(_JOINED, {"number": home.id, **values})
    return home.id


def _at(db: Connection, number: int, alert: Alert) -> bool:
    """Whether this speaker in this room is new to the incident."""
    row = {"room": alert.room, "incident": number, "speaker_id": alert.speaker.id}
    return db.execute(_PLACE, row).rowcount > 0


def placed(db: Connection, alert: Alert) -> tuple[Alert, bool]:
    """A stored alert that changes, with the incident that it is in, and whether that changes with it: `restate`."""
    t = ALERTS.c
    row = db.execute(select(t.incident, t.severity, t.state).where(t.id == alert.id)).first()
    if row is None:
        return alert, False
    gone = AlertState.WITHDRAWN
    changes = row.severity != alert.severity.value or (row.state == gone.value) != (alert.state is gone)
    return replace(alert, incident=row.incident), changes


def restate(db: Connection, number: int | None) -> None:
    """An alert of the incident has another severity, or was withdrawn or not: its own follows."""
    if number is None:
        return
    t = ALERTS.c
    found = db.execute(select(t.severity, t.state).where(t.incident == number)).all()
    stand = [severity for severity, state in found if state != AlertState.WITHDRAWN.value]
    ranks = [Severity(severity).rank for severity in stand or [severity for severity, _ in found]]
    if not ranks:
        return
    now = {"rank": max(ranks), "withdrawn": len(found) - len(stand)}
    c = INCIDENTS.c
    changed = or_(c.rank != now["rank"], c.withdrawn != now["withdrawn"])
    db.execute(update(INCIDENTS).where(c.id == number, changed).values({**now, "told": False}))
