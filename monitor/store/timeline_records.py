"""What a stretch of wall time holds: who was there, what was said, lost and alerted, and when the monitor was in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, func, select

from monitor.model import Coverage, Heard
from monitor.store import convert
from monitor.store.queries import Queries
from monitor.store.tables import ALERTS, EVENTS, GAPS, TRACKS, UTTERANCES

MOST = 20_000
"""Rows of a kind that one question gives; the newest of more."""


@dataclass(frozen=True, slots=True)
class PastVisit:
    """One speaker's track."""

    track: str
    room: str
    speaker: str  # id
    name: str
    opened: float
    closed: float | None  # None: open
    coverage: Coverage  # as it was saved last


@dataclass(frozen=True, slots=True)
class PastStretch:
    """Something that was heard (EXAMINED) or not."""

    room: str
    track: str
    began: float
    seconds: float
    state: Heard
    cause: str = ""


@dataclass(frozen=True, slots=True)
class PastAlert:
    id: str
    room: str
    speaker: str  # id
    spoken_at: float
    severity: str
    state: str
    phrase: str  # label of its first rule; empty: it is about a voice


@dataclass(frozen=True, slots=True)
class PastState:
    """The room's state from `at` on, until its next."""

    room: str
    at: float
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class Past:
    """All in order of time. `whole`: nothing was left out."""

    visits: tuple[PastVisit, ...]
    stretches: tuple[PastStretch, ...]
    alerts: tuple[PastAlert, ...]
    states: tuple[PastState, ...]
    whole: bool


class TimelineRecords(Queries):
    """The part of Store that time lines are made from."""

    async def past(self, since: float, until: float, room: str | None = None) -> Past:
        """What overlaps [since, until), wall time. `room`: only that one."""
        # Everything is stored when it is over, or later: what was stored before `since` can't reach into it.
        first = await self._value(select(func.min(EVENTS.c.seq)).where(EVENTS.c.at >= since))
        visits = await self._visits(since, until, room)
        states = await self._room_states(first, until, room)
        if first is None:
            return Past(visits, (), (), states, whole=True)
        heard = await self._heard(first, until, room)
        lost = await self._lost(first, until, room)
        alerts = await self._alerts_since(first, since, until, room)
        both = tuple(sorted((*heard, *lost), key=lambda one: one.began))
        whole = max(map(len, (visits, heard, lost, alerts, states))) < MOST
        return Past(visits, both, alerts, states, whole)

    async def delays(self, count: int = 200) -> list[float]:
        """Seconds from the last word to the alert, of the newest alerts about words."""
        query = select(ALERTS.c.raised_at - ALERTS.c.spoken_at).where(ALERTS.c.voice.is_(None))
        rows = await self._rows(query.order_by(ALERTS.c.seq.desc()).limit(count))
        return [max(0.0, float(next(iter(row.values())))) for row in rows]

    async def kept(self) -> tuple[int, int, float | None]:
        """How many utterances and alerts are kept, and the time of the oldest event."""
        utterances = await self._value(select(func.count()).select_from(UTTERANCES))
        alerts = await self._value(select(func.count()).select_from(ALERTS))
        return int(utterances), int(alerts), await self._value(select(func.min(EVENTS.c.at)))

    async def _visits(self, since: float, until: float, room: str | None) -> tuple[PastVisit, ...]:
        query = select(TRACKS).where(TRACKS.c.opened_at < until)
        query = query.where(TRACKS.c.closed_at.is_(None) | (TRACKS.c.closed_at > since))
        rows = await self._newest(query, TRACKS.c.room, TRACKS.c.opened_at, room)
        return tuple(
            PastVisit(
                track=row["id"],
                room=row["room"],
                speaker=row["speaker_id"],
                name=row["speaker_name"],
                opened=row["opened_at"],
                closed=row["closed_at"],
                coverage=convert.coverage([row["seconds"]]),
            )
            for row in rows
        )

    async def _heard(self, first: int, until: float, room: str | None) -> list[PastStretch]:
        wanted = (UTTERANCES.c.room, UTTERANCES.c.track, UTTERANCES.c.began, UTTERANCES.c.seconds)
        query = select(*wanted).where(UTTERANCES.c.seq >= first, UTTERANCES.c.began < until)
        rows = await self._newest(query, UTTERANCES.c.room, UTTERANCES.c.seq, room)
        return [PastStretch(row["room"], row["track"], row["began"], row["seconds"], Heard.EXAMINED) for row in rows]

    async def _lost(self, first: int, until: float, room: str | None) -> list[PastStretch]:
        query = select(GAPS).where(GAPS.c.seq >= first, GAPS.c.began < until)
        rows = await self._newest(query, GAPS.c.room, GAPS.c.seq, room)
        return [
            PastStretch(
                room=row["room"],
                track=row["track"] if row["speaker_id"] is not None else "",
                began=row["began"],
                seconds=row["seconds"],
                state=Heard(row["state"]),
                cause=row["cause"],
            )
            for row in rows
        ]

    async def _alerts_since(self, first: int, since: float, until: float, room: str | None) -> tuple[PastAlert, ...]:
        names = ("id", "room", "speaker_id", "spoken_at", "severity", "state")
        phrase = func.json_extract(ALERTS.c.hits, "$[0].phrase").label("phrase")
        query = select(*(ALERTS.c[name] for name in names), phrase)
        query = query.where(ALERTS.c.seq >= first, ALERTS.c.spoken_at < until, ALERTS.c.spoken_at >= since)
        rows = await self._newest(query, ALERTS.c.room, ALERTS.c.seq, room)
        return tuple(
            PastAlert(
                id=row["id"],
                room=row["room"],
                speaker=row["speaker_id"],
                spoken_at=row["spoken_at"],
                severity=row["severity"],
                state=row["state"],
                phrase=row["phrase"] or "",
            )
            for row in rows
        )

    async def _room_states(self, first: int | None, until: float, room: str | None) -> tuple[PastState, ...]:
        """With the state that each room was in before `first`."""
        begins = EVENTS.c.seq < first if first is not None else EVENTS.c.seq >= 0
        last = select(func.max(EVENTS.c.seq)).where(EVENTS.c.type == "room", begins).group_by(EVENTS.c.room)
        seqs = [next(iter(row.values())) for row in await self._rows(last)]
        before = await self._rows(_states(EVENTS.c.seq.in_(seqs)).order_by(EVENTS.c.seq))
        within: Sequence[RowMapping] = ()
        if first is not None:
            query = _states(EVENTS.c.type == "room", EVENTS.c.seq >= first, EVENTS.c.at < until)
            within = await self._newest(query, EVENTS.c.room, EVENTS.c.seq, room)
        rows = (row for row in (*before, *within) if room is None or row["room"] == room)
        return tuple(PastState(row["room"], row["at"], row["state"] or "", row["detail"] or "") for row in rows)

    async def _newest(
        self, query: Select[Any], column: ColumnElement[Any], order: ColumnElement[Any], room: str | None
    ) -> list[RowMapping]:
        """At most MOST of them, the newest ones, in order of time."""
        if room is not None:
            query = query.where(column == room)
        return list(reversed(await self._rows(query.order_by(order.desc()).limit(MOST))))


def _states(*where: ColumnElement[bool]) -> Select[Any]:
    state = func.json_extract(EVENTS.c.payload, "$.room.state").label("state")
    detail = func.json_extract(EVENTS.c.payload, "$.room.detail").label("detail")
    return select(EVENTS.c.room, EVENTS.c.at, state, detail).where(*where)
