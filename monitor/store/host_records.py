"""What came of one room, counted: for whoever is its host. Nothing of what was said is in it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from monitor.model import Coverage, Severity
from monitor.store import convert
from monitor.store.queries import Queries
from monitor.store.tables import ALERTS, TRACKS, UTTERANCES


@dataclass(frozen=True, slots=True)
class AlertNote:
    """That an alert was raised."""

    id: str
    severity: Severity
    raised_at: float  # wall time
    clip: bool  # audio is kept with it


@dataclass(frozen=True, slots=True)
class RoomTally:
    """All that is on the record of a room."""

    since: float  # wall time of the oldest track; 0: there is none
    heard: Coverage  # of all speakers together
    utterances: int
    alerts: tuple[AlertNote, ...]  # newest first
    alert_count: int
    clips: int


class HostRecords(Queries):
    """The part of Store that counts for hosts."""

    async def room_tally(self, room: str, alerts: int = 200) -> RoomTally:
        """`alerts`: how many of them at most; all are counted."""
        tracks = await self._rows(select(TRACKS.c.opened_at, TRACKS.c.seconds).where(TRACKS.c.room == room))
        mine, kept = ALERTS.c.room == room, ALERTS.c.clip != ""
        columns = (ALERTS.c.id, ALERTS.c.severity, ALERTS.c.raised_at, ALERTS.c.clip)
        newest = await self._rows(select(*columns).where(mine).order_by(ALERTS.c.seq.desc()).limit(alerts))
        return RoomTally(
            since=min((row["opened_at"] for row in tracks), default=0.0),
            heard=convert.coverage([row["seconds"] for row in tracks]),
            utterances=int(await self._value(select(func.count()).where(UTTERANCES.c.room == room))),
            alerts=tuple(
                AlertNote(row["id"], Severity(row["severity"]), row["raised_at"], bool(row["clip"])) for row in newest
            ),
            alert_count=int(await self._value(select(func.count()).where(mine))),
            clips=int(await self._value(select(func.count()).where(mine, kept))),
        )
