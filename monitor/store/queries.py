"""What can be asked of the database. Reads have their own connections and never wait for a write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, Select, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.errors import StoreFailed
from monitor.messages import GapNoted, HeardMessage, Numbered
from monitor.model import Alert, Coverage, Severity
from monitor.store import convert
from monitor.store.tables import ALERTS, EVENTS, GAPS, LISTS, TRACKS, UTTERANCES


class Queries:
    """The reading half of Store. Raises StoreFailed when the file can't be read."""

    def __init__(self, reads: AsyncEngine) -> None:
        self._reading = reads

    async def events(self, after: int, limit: int) -> list[Numbered]:
        """Up to `limit` events with a number above `after`, oldest first."""
        query = select(EVENTS).where(EVENTS.c.seq > after).order_by(EVENTS.c.seq).limit(limit)
        return [convert.event(row) for row in await self._rows(query)]

    async def last_seq(self) -> int:
        """The newest number ever given; 0 before the first."""
        return int(await self._value(select(func.max(EVENTS.c.seq))) or 0)

    async def first_seq(self) -> int:
        """The oldest number that is kept; 1 before the first event. See `complete_after` for holes behind it."""
        return int(await self._value(select(func.min(EVENTS.c.seq))) or 1)

    async def complete_after(self, after: int) -> bool:
        """Whether every event after this number is kept (retention removes old ones, but for a few)."""
        kept = await self._value(select(func.count()).select_from(EVENTS).where(EVENTS.c.seq > after))
        return int(kept) >= await self.last_seq() - after

    async def tail_after(self, count: int) -> int:
        """A number after which at most `count` events follow."""
        query = select(EVENTS.c.seq).order_by(EVENTS.c.seq.desc()).offset(count).limit(1)
        return int(await self._value(query) or 0)

    async def alert(self, alert_id: str) -> Alert | None:
        rows = await self._rows(select(ALERTS).where(ALERTS.c.id == alert_id))
        return convert.alert(rows[0]) if rows else None

    async def alerts(
        self,
        limit: int = 100,
        *,
        before: int | None = None,
        room: str | None = None,
        severity: Severity | None = None,
        without: Sequence[str] = (),
        speaker: str | None = None,
        named: str | None = None,
        list_name: str | None = None,
        rule: str | None = None,
        incident: int | None = None,
    ) -> list[tuple[int, Alert]]:
        """(number, alert), newest first. `before`: only numbers below; `severity`: that one and worse; `without`: rooms
        that are left out; `speaker`: id, `named`: name; `list_name`, `rule`: of the hit that raised it.
        """
        t = ALERTS.c
        query = select(ALERTS).where(t.room.not_in(without))
        asked = (
            (t.speaker_id, speaker),
            (t.speaker_name, named),
            (t.list, list_name),
            (t.rule, rule),
            (t.incident, incident),
        )
        for column, value in asked:
            if value is not None:
                query = query.where(column == value)
        if severity is not None:
            query = query.where(ALERTS.c.severity.in_([s.value for s in Severity if s.rank >= severity.rank]))
        rows = await self._page(query, ALERTS.c, limit, before, room)
        return [(row["seq"], convert.alert(row)) for row in rows]

    async def utterances(
        self, room: str | None = None, limit: int = 100, *, before: int | None = None
    ) -> list[HeardMessage]:
        """Newest first."""
        rows = await self._page(select(UTTERANCES), UTTERANCES.c, limit, before, room)
        return [convert.utterance(row) for row in rows]

    async def gaps(self, room: str | None = None, limit: int = 100, *, before: int | None = None) -> list[GapNoted]:
        """Newest first."""
        return [convert.gap(row) for row in await self._page(select(GAPS), GAPS.c, limit, before, room)]

    async def coverage(self, room: str) -> Coverage:
        """The saved ledger of a room, over all its tracks that are kept."""
        return convert.coverage([row["seconds"] for row in await self._rows(_seconds().where(TRACKS.c.room == room))])

    async def coverages(self) -> dict[str, Coverage]:
        """The saved ledger of each room."""
        rooms: dict[str, list[dict[str, float]]] = {}
        for row in await self._rows(_seconds()):
            rooms.setdefault(row["room"], []).append(row["seconds"])
        return {room: convert.coverage(seconds) for room, seconds in sorted(rooms.items())}

    async def lists(self) -> list[tuple[str, str, float]]:
        """(name, version, first time in force) of all keyword lists that ever were, oldest first."""
        rows = await self._rows(select(LISTS).order_by(LISTS.c.at, LISTS.c.name))
        return [(row["name"], row["version"], row["at"]) for row in rows]

    async def _page(
        self, query: Select[Any], columns: Any, limit: int, before: int | None, room: str | None
    ) -> Sequence[RowMapping]:
        if before is not None:
            query = query.where(columns.seq < before)
        if room is not None:
            query = query.where(columns.room == room)
        return await self._rows(query.order_by(columns.seq.desc()).limit(limit))

    async def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        try:
            async with self._reading.connect() as connection:
                rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
        except OperationalError as error:
            raise StoreFailed(f"the database can't be read: {error.orig}") from error
        return rows

    async def _value(self, query: Select[Any]) -> Any:
        rows = await self._rows(query)
        return next(iter(rows[0].values())) if rows else None


def _seconds() -> Select[Any]:
    return select(TRACKS.c.room, TRACKS.c.seconds)
