"""The audit log in the database. What makes it a chain is in monitor/audit/chain.py; here it is rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import asdict

from sqlalchemy import Connection, RowMapping, insert, select

from monitor.model import AuditEntry
from monitor.store.tables_audit import AUDIT
from monitor.store.writer import Tell
from monitor.store.writing import Writing

PAGE = 1000
"""Entries read at once."""


class AuditRecords(Writing):
    """The part of Store that keeps the audit log."""

    async def append_audit(self, make: Callable[[tuple[int, str] | None], AuditEntry]) -> AuditEntry:
        """Store what `make` gives for the newest entry's number and hash, all in one transaction."""

        def work(db: Connection, _: Tell) -> AuditEntry:
            newest = select(AUDIT.c.number, AUDIT.c.hash).order_by(AUDIT.c.number.desc()).limit(1)
            last = db.execute(newest).first()
            entry = make((last[0], last[1]) if last else None)
            db.execute(insert(AUDIT).values(asdict(entry)))
            return entry

        return await self._writer.write(work)

    async def last_audit(self) -> AuditEntry | None:
        rows = await self._rows(select(AUDIT).order_by(AUDIT.c.number.desc()).limit(1))
        return _entry(rows[0]) if rows else None

    async def audit_entry(self, number: int) -> AuditEntry | None:
        rows = await self._rows(select(AUDIT).where(AUDIT.c.number == number))
        return _entry(rows[0]) if rows else None

    async def audit_entries(self) -> AsyncIterator[AuditEntry]:
        """All of them, oldest first; those that come while they are read, too."""
        after = -(2**63)
        while rows := await self._rows(
            select(AUDIT).where(AUDIT.c.number > after).order_by(AUDIT.c.number).limit(PAGE)
        ):
            for row in rows:
                yield _entry(row)
            after = rows[-1]["number"]

    async def audit(
        self,
        limit: int = 100,
        *,
        before: int | None = None,
        subject: str | None = None,
        room: str | None = None,
        who: str | None = None,
        action: str | None = None,
    ) -> list[AuditEntry]:
        """Newest first. `action`: that one, or with a dot at its end, all that begin so ("evidence.")."""
        query = select(AUDIT).order_by(AUDIT.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(AUDIT.c.number < before)
        for column, wanted in ((AUDIT.c.subject, subject), (AUDIT.c.room, room), (AUDIT.c.who, who)):
            if wanted is not None:
                query = query.where(column == wanted)
        if action is not None:
            alike = action.endswith(".")
            query = query.where(
                AUDIT.c.action.startswith(action, autoescape=True) if alike else AUDIT.c.action == action
            )
        return [_entry(row) for row in await self._rows(query)]


def _entry(row: RowMapping) -> AuditEntry:
    return AuditEntry(**row)
