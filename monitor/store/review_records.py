"""Incidents as people see them: the queue, decisions, what is told of them, and the words around an alert."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Select, delete, func, insert, select, tuple_, update

from monitor.errors import MonitorError, StoreFailed
from monitor.messages import HeardMessage, IncidentsChanged
from monitor.model import Alert, Severity
from monitor.review.decisions import Decision
from monitor.review.incident import Incident, Judgement, Status
from monitor.store import convert
from monitor.store.deciding import decide
from monitor.store.records import Revision, SavedView
from monitor.store.review_rows import decision, incident
from monitor.store.tables import ALERTS, UTTERANCES
from monitor.store.tables_review import DECISIONS, INCIDENT_PLACES, INCIDENTS, REVISIONS, SAVED_VIEWS
from monitor.store.writer import Tell
from monitor.store.writing import Writing, number
from monitor.views import incident_view

AT_ONCE = 100
"""Incidents in one message."""
LONGEST_UTTERANCE = 30.0
"""Seconds: an utterance that began earlier than this before a moment is over by then."""
VIEWS = 100
"""Saved views of one person."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which incidents. What is None or empty doesn't matter."""

    status: tuple[Status, ...] = (Status.OPEN, Status.ESCALATED)
    severity: Severity | None = None  # this and worse
    room: str | None = None
    speaker: str | None = None  # id; needs a room
    list_name: str | None = None
    rule: str | None = None
    verdict: Judgement | None = None
    since: float | None = None  # wall time of the newest alert
    until: float | None = None
    claim: Literal["any", "free", "held", "mine"] = "any"
    who: str = ""  # whose claim is "mine"
    now: float = 0.0  # wall time: claims that are over by then don't count
    order: Literal["newest", "worst"] = "newest"
    after: tuple[int, int] | None = None  # (rank, id) of the last one of the page before


class ReviewRecords(Writing):
    """The part of Store that knows incidents. `_untold` is set while there may be incidents to tell of."""

    _untold: asyncio.Event

    async def incident(self, incident_id: int) -> Incident | None:
        rows = await self._rows(select(INCIDENTS).where(INCIDENTS.c.id == incident_id))
        return incident(rows[0]) if rows else None

    async def incidents(self, wanted: Wanted, limit: int = 100) -> list[Incident]:
        """In the order wanted. One query for each status: an index has them in order then, whatever there is of it."""
        found: list[Incident] = []
        for status in wanted.status:
            found += [incident(row) for row in await self._rows(query(wanted, status).limit(limit))]
        key = (lambda one: (one.severity.rank, one.id)) if wanted.order == "worst" else (lambda one: (0, one.id))
        return sorted(found, key=key, reverse=True)[:limit]

    async def incident_counts(self) -> dict[tuple[Status, Severity], int]:
        """How many there are of what people are not done with."""
        t = INCIDENTS.c
        counts = select(t.status, t.rank, func.count().label("n")).group_by(t.status, t.rank)
        rows = await self._rows(counts.where(t.status.in_([Status.OPEN.value, Status.ESCALATED.value])))
        return {(Status(row["status"]), tuple(Severity)[row["rank"]]): row["n"] for row in rows}

    async def incident_alerts(self, incidents: Sequence[int]) -> list[tuple[int, Alert]]:
        """(number, alert) of all alerts of these incidents, oldest first."""
        rows = await self._rows(select(ALERTS).where(ALERTS.c.incident.in_(incidents)).order_by(ALERTS.c.seq))
        return [(row["seq"], convert.alert(row)) for row in rows]

    async def alerts_by_id(self, ids: Sequence[str]) -> list[Alert]:
        return [convert.alert(row) for row in await self._rows(select(ALERTS).where(ALERTS.c.id.in_(ids)))]

    async def decisions(self, incident_id: int) -> list[Decision]:
        """All, undone ones too, oldest first."""
        found = select(DECISIONS).where(DECISIONS.c.incident == incident_id).order_by(DECISIONS.c.id)
        return [decision(row) for row in await self._rows(found)]

    async def decide(self, asked: Decision, supervisor: bool = False) -> tuple[Incident, Decision]:
        """Raises IncidentUnknown, IncidentTaken: then nothing is written. See monitor/review/decisions.py."""

        def work(db: Connection, tell: Tell) -> tuple[Incident, Decision] | MonitorError:
            try:
                return decide(db, tell, asked, supervisor)
            except MonitorError as error:  # the writer goes on; whoever asked is told
                return error

        answer = await self._writer.write(work)
        if isinstance(answer, MonitorError):
            raise answer
        return answer

    # the feed

    async def untold_incidents(self) -> None:
        """Returns once there may be incidents that the feed doesn't know as they are."""
        await self._untold.wait()

    async def tell_incidents(self) -> int:
        """Tell of them, at most AT_ONCE in one message; how many it was. Call again while it gives AT_ONCE.

        Raises StoreFailed; they are told of the next time.
        """
        at = self._clock()
        self._untold.clear()

        def work(db: Connection, tell: Tell) -> int:
            untold = select(INCIDENTS).where(INCIDENTS.c.told.is_(False)).order_by(INCIDENTS.c.id).limit(AT_ONCE)
            found = [incident(row) for row in db.execute(untold).mappings()]
            if found:
                ids = [one.id for one in found]
                db.execute(update(INCIDENTS).where(INCIDENTS.c.id.in_(ids)).values(told=True))
                message = IncidentsChanged(seq=0, at=at, incidents=[incident_view(one) for one in found])
                rooms = {one.room for one in found}
                tell(number(db, message, rooms.pop() if len(rooms) == 1 else None))
            return len(found)

        try:
            told = await self._writer.write(work)
        except StoreFailed:
            self._untold.set()
            raise
        if told == AT_ONCE:
            self._untold.set()
        return told

    # words

    async def around(self, room: str, since: float, until: float, limit: int = 500) -> list[HeardMessage]:
        """What was said in a room between two wall times, in the order in which it began."""
        t = UTTERANCES.c
        said = select(UTTERANCES).where(t.room == room, t.began >= since - LONGEST_UTTERANCE, t.began <= until)
        rows = await self._rows(said.where(t.began + t.seconds >= since).order_by(t.began, t.seq).limit(limit))
        return [convert.utterance(row) for row in rows]

    async def add_revision(self, revision: Revision) -> None:
        """What another model heard in an utterance; the first hearing stays as it is."""
        row = {
            "utterance": revision.utterance,
            "at": self._clock(),
            "model": revision.model,
            "language": revision.language,
            "began": revision.began,
            "seconds": revision.seconds,
            "text": revision.text,
        }
        await self._writer.write(lambda db, _: db.execute(insert(REVISIONS).values(row)))

    async def revisions(self, utterances: Sequence[str]) -> list[Revision]:
        """Of these utterances, oldest first."""
        found = select(REVISIONS).where(REVISIONS.c.utterance.in_(utterances)).order_by(REVISIONS.c.id)
        return [Revision(**{k: v for k, v in row.items() if k != "id"}) for row in await self._rows(found)]

    # saved views

    async def saved_views(self, who: str) -> list[SavedView]:
        """In order of their names."""
        t = SAVED_VIEWS.c
        rows = await self._rows(select(t.name, t.query, t.at).where(t.who == who).order_by(t.name))
        return [SavedView(**row) for row in rows]

    async def save_view(self, who: str, name: str, text: str) -> SavedView | None:
        """In place of one with the same name. None: the person has VIEWS already."""
        now = self._clock()
        t = SAVED_VIEWS.c

        def work(db: Connection, _: Tell) -> SavedView | None:
            db.execute(delete(SAVED_VIEWS).where(t.who == who, t.name == name))
            if (db.scalar(select(func.count()).where(t.who == who)) or 0) >= VIEWS:
                return None
            db.execute(insert(SAVED_VIEWS).values(who=who, name=name, query=text, at=now))
            return SavedView(name, text, now)

        return await self._writer.write(work)

    async def drop_view(self, who: str, name: str) -> bool:
        """Whether there was one."""
        t = SAVED_VIEWS.c
        gone = delete(SAVED_VIEWS).where(t.who == who, t.name == name)
        return await self._writer.write(lambda db, _: db.execute(gone).rowcount > 0)


def query(wanted: Wanted, status: Status) -> Select[Any]:
    """The incidents of one status, in order."""
    t = INCIDENTS.c
    found = select(INCIDENTS).where(t.status == status.value)
    if wanted.room is not None:
        places = INCIDENT_PLACES.c
        there = select(places.incident).where(places.room == wanted.room)
        if wanted.speaker is not None:
            there = there.where(places.speaker_id == wanted.speaker)
        found = found.where(t.id.in_(there))
    if wanted.severity is not None:
        # Not as a range of the index where that is not the order: all that is as bad would be read, and sorted.
        rank = t.rank if wanted.order == "worst" else t.rank + 0
        found = found.where(rank >= wanted.severity.rank)
    for column, value in ((t.list, wanted.list_name), (t.rule, wanted.rule)):
        if value is not None:
            found = found.where(column == value)
    if wanted.verdict is not None:
        found = found.where(t.verdict == wanted.verdict.value)
    if wanted.since is not None:
        found = found.where(t.last_at >= wanted.since)
    if wanted.until is not None:
        found = found.where(t.last_at < wanted.until)
    found = _claimed(found, wanted)
    if wanted.order == "worst":
        found = found.order_by(t.rank.desc(), t.id.desc())
        return found if wanted.after is None else found.where(tuple_(t.rank, t.id) < wanted.after)
    found = found.order_by(t.id.desc())
    return found if wanted.after is None else found.where(t.id < wanted.after[1])


def _claimed(found: Select[Any], wanted: Wanted) -> Select[Any]:
    t = INCIDENTS.c
    match wanted.claim:
        case "free":
            return found.where(t.claimed_until <= wanted.now)
        case "held":
            return found.where(t.claimed_until > wanted.now)
        case "mine":
            return found.where(t.claimed_until > wanted.now, t.claimed_by == wanted.who)
    return found


def forget_incidents(db: Connection) -> None:
    """Incidents without any alert left go, with what was decided of them: the audit log has who did what."""
    t, a = INCIDENTS.c, ALERTS.c
    left = select(a.incident).where(a.incident.is_not(None))
    db.execute(delete(INCIDENTS).where(t.id.not_in(left)))
    kept = select(t.id)
    db.execute(delete(INCIDENT_PLACES).where(INCIDENT_PLACES.c.incident.not_in(kept)))
    db.execute(delete(DECISIONS).where(DECISIONS.c.incident.not_in(kept)))
    db.execute(delete(REVISIONS).where(REVISIONS.c.utterance.not_in(select(UTTERANCES.c.id))))
