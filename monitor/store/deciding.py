"""One decision about an incident, inside a transaction: checked, written, and told at once."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, insert, select, update

from monitor.errors import IncidentUnknown
from monitor.messages import IncidentsChanged
from monitor.review.decisions import Act, Decision, refuse, standing
from monitor.review.incident import Incident
from monitor.store import convert, judging
from monitor.store.review_rows import decision, decision_row, incident, standing_row
from monitor.store.tables import ALERTS
from monitor.store.tables_review import DECISIONS, INCIDENTS
from monitor.store.writer import Tell
from monitor.store.writing import inserted, number
from monitor.views import incident_view


def incident_of(db: Connection, incident_id: int) -> Incident:
    """Raises IncidentUnknown."""
    row = db.execute(select(INCIDENTS).where(INCIDENTS.c.id == incident_id)).mappings().first()
    if row is None:
        raise IncidentUnknown(f"There is no incident {incident_id}; it may be older than they are kept.")
    return incident(row)


def made_before(db: Connection, incident_id: int) -> list[Decision]:
    query = select(DECISIONS).where(DECISIONS.c.incident == incident_id).order_by(DECISIONS.c.id)
    return [decision(row) for row in db.execute(query).mappings()]


def decide(db: Connection, tell: Tell, asked: Decision, supervisor: bool = False) -> tuple[Incident, Decision]:
    """The incident after it, and the decision with its id. Raises IncidentUnknown, IncidentTaken, with nothing written.

    A verdict on the incident is one on each of its alerts.
    """
    known, before = incident_of(db, asked.incident), made_before(db, asked.incident)
    refuse(known, asked, before, supervisor)
    of_incident = select(ALERTS).where(ALERTS.c.incident == asked.incident)
    alerts = [convert.alert(row) for row in db.execute(of_incident).mappings()]
    if asked.alert and asked.alert not in {one.id for one in alerts}:
        raise IncidentUnknown(f"There is no alert {asked.alert!r} in incident {asked.incident}.")
    made = replace(asked, id=inserted(db, insert(DECISIONS).values(decision_row(asked))))
    if made.act is Act.VERDICT:
        for one in alerts:
            if made.alert in ("", one.id):
                judging.judge_as(db, tell, one, made)
    elif made.act is Act.UNDO:
        judging.take_back(db, tell, made.undoes, made.at)
    now = replace(known, standing=standing([*before, made], len(alerts)))
    values = {**standing_row(now.standing), "told": True}
    db.execute(update(INCIDENTS).where(INCIDENTS.c.id == now.id).values(values))
    message = IncidentsChanged(seq=0, at=made.at, incidents=[incident_view(now)])
    tell(number(db, message, now.room))
    return now, made
