"""Entries of consent, and the links of hosts, in the database. What they mean is in monitor/consent/."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from monitor.consent_model import Act, Basis, ConsentEntry, HostLink
from monitor.model import Speaker
from monitor.store.tables_consent import CONSENTS, HOST_LINKS
from monitor.store.writing import Writing, inserted

USED = 60.0
"""Seconds between two notes of a link's use."""


class ConsentRecords(Writing):
    """The part of Store that knows what rooms agreed to."""

    async def add_consent(self, entry: ConsentEntry) -> ConsentEntry:
        """The entry with its number."""
        row = _row(entry)
        return replace(entry, id=await self._writer.write(lambda db, _: inserted(db, insert(CONSENTS).values(row))))

    async def consents(self, room: str) -> list[ConsentEntry]:
        """All that moves a room's standing, oldest first, with the newest showing of the notice to everybody.

        Showings are many (one at each visit, and for those who come later) and only the newest counts.
        """
        mine = CONSENTS.c.room == room
        shown = select(CONSENTS).where(mine, CONSENTS.c.act == Act.ANNOUNCE).order_by(CONSENTS.c.id.desc()).limit(50)
        newest = [row for row in await self._rows(shown) if not row["people"]][:1]
        moves = await self._rows(select(CONSENTS).where(mine, CONSENTS.c.act != Act.ANNOUNCE))
        return [_entry(row) for row in sorted([*newest, *moves], key=lambda row: int(row["id"]))]

    async def consent_history(self, room: str, limit: int = 100, before: int | None = None) -> list[ConsentEntry]:
        """All entries, newest first. `before`: only those with a lower number."""
        query = select(CONSENTS).where(CONSENTS.c.room == room).order_by(CONSENTS.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(CONSENTS.c.id < before)
        return [_entry(row) for row in await self._rows(query)]

    # links

    async def add_host_link(self, link: HostLink) -> None:
        await self._writer.write(lambda db, _: db.execute(insert(HOST_LINKS).values(asdict(link))))

    async def host_link(self, link_id: str) -> HostLink | None:
        rows = await self._rows(select(HOST_LINKS).where(HOST_LINKS.c.id == link_id))
        return HostLink(**rows[0]) if rows else None

    async def host_links(self, room: str | None = None, limit: int = 1000) -> list[HostLink]:
        """Newest first, also those that are out of force."""
        query = select(HOST_LINKS).order_by(HOST_LINKS.c.made_at.desc(), HOST_LINKS.c.id).limit(limit)
        if room is not None:
            query = query.where(HOST_LINKS.c.room == room)
        return [HostLink(**row) for row in await self._rows(query)]

    async def revoke_host_link(self, link_id: str, who: str) -> bool:
        """From now on it opens nothing. False where there is no such link, or it was revoked before."""
        now = self._clock()
        mine = (HOST_LINKS.c.id == link_id, HOST_LINKS.c.revoked_at == 0.0)
        statement = update(HOST_LINKS).where(*mine).values(revoked_at=now, revoked_by=who)
        return await self._writer.write(lambda db, _: db.execute(statement).rowcount > 0)

    async def use_host_link(self, link: HostLink) -> None:
        """Note that it was used, now and then."""
        now = self._clock()
        if now - link.used_at < USED:
            return
        statement = update(HOST_LINKS).where(HOST_LINKS.c.id == link.id).values(used_at=now)
        await self._writer.write(lambda db, _: db.execute(statement))


def _row(entry: ConsentEntry) -> dict[str, Any]:
    return {
        "room": entry.room,
        "at": entry.at,
        "act": entry.act.value,
        "who": entry.who,
        "basis": entry.basis.value,
        "notice": entry.notice,
        "language": entry.language,
        "way": entry.way,
        "people": list(entry.to),
        "speaker_id": entry.speaker.id if entry.speaker else None,
        "speaker_name": entry.speaker.name if entry.speaker else None,
    }


def _entry(row: RowMapping) -> ConsentEntry:
    speaker = None if row["speaker_id"] is None else Speaker(row["speaker_id"], row["speaker_name"])
    return ConsentEntry(
        room=row["room"],
        at=row["at"],
        act=Act(row["act"]),
        who=row["who"],
        basis=Basis(row["basis"]),
        notice=row["notice"],
        language=row["language"],
        way=row["way"],
        to=tuple(row["people"]),
        speaker=speaker,
        id=row["id"],
    )
