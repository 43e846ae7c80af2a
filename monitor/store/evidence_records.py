"""Keys, clips, holds and receipts in the database. What they mean is in monitor/vault.py and monitor/keeping.py."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select, update

from monitor.evidence_model import Clip, ClipState, Erased, Facts, Found, Hold, Kind, Receipt, RoomSession, Scope
from monitor.messages import EvidenceErased
from monitor.model import Severity
from monitor.store import erasure
from monitor.store.engines import BUSY
from monitor.store.evidence_rows import add_receipt, destroy_session, digest
from monitor.store.spared import among, spared
from monitor.store.tables import ALERTS, EVENTS, UTTERANCES, VERDICTS, VOICE_LABELS
from monitor.store.tables_evidence import CLIPS, HOLDS, RECEIPTS, ROOM_SESSIONS, SESSION_TRACKS
from monitor.store.writer import Tell
from monitor.store.writing import Writing, inserted, number
from monitor.voice_model import VoiceLabel

CHECKPOINTS = 50
"""Tries to empty the write-ahead log while readers are at it, a tenth of a second apart."""

PIECE = 1 << 20
LOOKED_FOR = 16
"""Ids and keys that are looked for in the file after an erasure, at most."""
RANDOM = 32
"""Bytes from which on an id or key is taken for a random one."""
_UNSAID = ("", 0.0)
_AS_VERDICT = {VoiceLabel.CONFIRMED.value: "right", VoiceLabel.DISMISSED.value: "wrong"}


class EvidenceRecords(Writing):
    """The part of Store that keeps keys, clips, holds and receipts."""

    # sessions

    async def add_room_session(self, session: RoomSession) -> None:
        row = {key: value for key, value in asdict(session).items() if key != "clips"}
        await self._writer.write(lambda db, _: db.execute(insert(ROOM_SESSIONS).values(row)))

    async def add_session_track(self, track: str, session: str, room: str, speaker: str) -> None:
        """A speaker's track belongs to a session; a track that goes on in a newer session belongs to that one."""
        row = {"track": track, "session": session, "room": room, "speaker_id": speaker}

        def work(db: Connection, _: Tell) -> None:
            if db.execute(update(SESSION_TRACKS).where(SESSION_TRACKS.c.track == track).values(row)).rowcount == 0:
                db.execute(insert(SESSION_TRACKS).values(row))

        await self._writer.write(work)

    async def close_room_session(self, session: str, at: float) -> None:
        values = {"closed_at": at}
        query = update(ROOM_SESSIONS).where(ROOM_SESSIONS.c.id == session).values(values)
        await self._writer.write(lambda db, _: db.execute(query))

    async def room_session(self, session: str) -> RoomSession | None:
        rows = await self._rows(_sessions().where(ROOM_SESSIONS.c.id == session))
        return _session(rows[0]) if rows else None

    async def room_sessions(self, room: str | None = None, limit: int = 100, **which: bool) -> list[RoomSession]:
        """Newest first. `which`: `open=True`, `keyed=True` for only those that are not closed, or that have a key."""
        query = _sessions().order_by(ROOM_SESSIONS.c.opened_at.desc(), ROOM_SESSIONS.c.id).limit(limit)
        if room is not None:
            query = query.where(ROOM_SESSIONS.c.room == room)
        if which.get("open"):
            query = query.where(ROOM_SESSIONS.c.closed_at.is_(None))
        if which.get("keyed"):
            query = query.where(ROOM_SESSIONS.c.key.is_not(None))
        return [_session(row) for row in await self._rows(query)]

    async def masters(self) -> set[str]:
        """Ids of the master keys that wrap anything."""
        query = select(ROOM_SESSIONS.c.master).where(ROOM_SESSIONS.c.key.is_not(None)).distinct()
        return {str(row["master"]) for row in await self._rows(query)}

    async def rewrap(self, wrapped: Mapping[str, bytes], master: str) -> None:
        """All of them under another master key, or none."""

        def work(db: Connection, _: Tell) -> None:
            for session, key in wrapped.items():
                here = ROOM_SESSIONS.c.id == session, ROOM_SESSIONS.c.key.is_not(None)
                db.execute(update(ROOM_SESSIONS).where(*here).values(key=key, master=master))

        await self._writer.write(work)

    async def destroy_session(self, session: str, at: float, who: str, why: str) -> Receipt | None:
        """Its key goes, with the keys of its clips. None: it was gone, or is not there."""

        def work(db: Connection, _: Tell) -> Receipt | None:
            row = db.execute(select(ROOM_SESSIONS).where(ROOM_SESSIONS.c.id == session)).mappings().first()
            if row is None or row["key"] is None:
                return None
            return destroy_session(db, row, at, who, why)

        return await self._writer.write(work)

    # clips

    async def add_clip(self, clip: Clip) -> None:
        """Before its alert: one without an alert is removed at the next start."""
        await self._writer.write(lambda db, _: db.execute(insert(CLIPS).values(_clip_row(clip))))

    async def change_clip(self, clip: Clip) -> None:
        query = update(CLIPS).where(CLIPS.c.alert == clip.alert).values(_clip_row(clip))
        await self._writer.write(lambda db, _: db.execute(query))

    async def clip(self, alert: str) -> Clip | None:
        rows = await self._rows(select(CLIPS).where(CLIPS.c.alert == alert))
        return _clip(rows[0]) if rows else None

    async def clips(self, session: str | None = None, state: ClipState | None = None) -> list[Clip]:
        query = select(CLIPS).order_by(CLIPS.c.alert)
        if session is not None:
            query = query.where(CLIPS.c.session == session)
        if state is not None:
            query = query.where(CLIPS.c.state == state.value)
        return [_clip(row) for row in await self._rows(query)]

    async def clips_without_alert(self) -> list[str]:
        query = select(CLIPS.c.alert).where(CLIPS.c.alert.not_in(select(ALERTS.c.id)))
        return [str(row["alert"]) for row in await self._rows(query)]

    async def drop_clips(self, alerts: Sequence[str]) -> None:
        """Their keys go. Without a receipt: nobody was told of these clips."""
        await self._writer.write(lambda db, _: db.execute(delete(CLIPS).where(CLIPS.c.alert.in_(alerts))))

    # holds

    async def add_hold(self, hold: Hold) -> Hold:
        """Its number is given here."""
        row = {**asdict(hold), "kind": hold.kind.value}
        row.pop("id")
        return replace(hold, id=await self._writer.write(lambda db, _: inserted(db, insert(HOLDS).values(row))))

    async def release_hold(self, number: int, at: float, who: str, why: str) -> bool:
        """False: there is none that stands."""
        here = HOLDS.c.id == number, HOLDS.c.released_at.is_(None)
        query = update(HOLDS).where(*here).values(released_at=at, released_by=who, release_reason=why)
        return bool(await self._writer.write(lambda db, _: db.execute(query).rowcount))

    async def holds(self, standing_at: float | None = None) -> list[Hold]:
        """Newest first; `standing_at`: only those that stand at this wall time."""
        query = select(HOLDS).order_by(HOLDS.c.id.desc())
        if standing_at is not None:
            query = query.where(HOLDS.c.released_at.is_(None), HOLDS.c.until > standing_at)
        return [Hold(**{**row, "kind": Kind(row["kind"])}) for row in await self._rows(query)]

    # receipts

    async def add_receipt(self, at: float, kind: str, who: str, why: str, **rest: Any) -> Receipt:
        """`rest`: room, session, subject, detail."""
        return await self._writer.write(lambda db, _: add_receipt(db, at, kind, who, why, **rest))

    async def receipt(self, number: int) -> Receipt | None:
        rows = await self._rows(select(RECEIPTS).where(RECEIPTS.c.id == number))
        return Receipt(**rows[0]) if rows else None

    async def receipts(
        self,
        limit: int = 100,
        *,
        before: int | None = None,
        room: str | None = None,
        session: str | None = None,
        kind: str | None = None,
    ) -> list[Receipt]:
        """Newest first."""
        query = select(RECEIPTS).order_by(RECEIPTS.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(RECEIPTS.c.id < before)
        for column, wanted in ((RECEIPTS.c.room, room), (RECEIPTS.c.session, session), (RECEIPTS.c.kind, kind)):
            if wanted is not None:
                query = query.where(column == wanted)
        return [Receipt(**row) for row in await self._rows(query)]

    async def broken_receipts(self) -> list[int]:
        """Numbers of receipts that are not as they were written, or before which one is missing."""
        broken, last, expected = [], "", 1
        for row in await self._rows(select(RECEIPTS).order_by(RECEIPTS.c.id)):
            values = {key: value for key, value in row.items() if key not in ("id", "digest")}
            if row["id"] != expected or row["digest"] != digest(last, values):
                broken.append(int(row["id"]))
            last, expected = row["digest"], int(row["id"]) + 1
        return broken

    # what retention looks at

    async def alert_facts(self, alerts: Sequence[str] | None = None, raised_before: float | None = None) -> list[Facts]:
        """Of all alerts, or of these. The newest verdict of anybody counts."""
        query = (
            select(
                ALERTS.c.id,
                ALERTS.c.room,
                ALERTS.c.speaker_id,
                func.coalesce(CLIPS.c.session, "").label("session"),
                ALERTS.c.severity,
                ALERTS.c.raised_at,
            )
            .select_from(ALERTS.outerjoin(CLIPS, CLIPS.c.alert == ALERTS.c.id))
            .order_by(ALERTS.c.raised_at)
        )
        if alerts is not None:
            query = query.where(ALERTS.c.id.in_(among(alerts)))
        if raised_before is not None:
            query = query.where(ALERTS.c.raised_at < raised_before)
        said = await self._said()
        return [
            Facts(
                id=row["id"],
                room=row["room"],
                speaker=row["speaker_id"],
                session=row["session"],
                severity=Severity(row["severity"]),
                raised_at=row["raised_at"],
                verdict=said.get(row["id"], _UNSAID)[0],
                verdict_at=said.get(row["id"], _UNSAID)[1],
            )
            for row in await self._rows(query)
        ]

    async def _said(self) -> dict[str, tuple[str, float]]:
        """The newest verdict on each alert, whoever gave it."""
        rule = select(VERDICTS.c.subject.label("alert"), VERDICTS.c.verdict.label("said"), VERDICTS.c.at)
        voice = select(VOICE_LABELS.c.alert, VOICE_LABELS.c.label.label("said"), VOICE_LABELS.c.at)
        rows = [row for query in (rule, voice) for row in await self._rows(query)]
        rows.sort(key=lambda row: float(row["at"]))
        return {str(row["alert"]): (_AS_VERDICT.get(row["said"], row["said"]), float(row["at"])) for row in rows}

    async def old(self, before: float, holds: Sequence[Hold], gone: Sequence[str]) -> tuple[int, int, int]:
        """Utterances and events that are older than that and not held, and sessions without any clip but of `gone`."""
        utterances = select(func.count()).where(UTTERANCES.c.at < before, ~spared(UTTERANCES, holds))
        events = select(func.count()).where(EVENTS.c.at < before)
        c = ROOM_SESSIONS.c
        left = select(CLIPS.c.session).where(CLIPS.c.alert.not_in(among(gone)))
        sessions = select(func.count()).where(c.closed_at.is_not(None), c.key.is_not(None), c.id.not_in(left))
        found = [int(await self._value(query)) for query in (utterances, events, sessions)]
        return found[0], found[1], found[2]

    # going

    async def found(self, scope: Scope) -> Found:
        """What an erasure would take."""
        async with self._reading.connect() as connection:
            return await connection.run_sync(erasure.find, scope)

    async def erase(self, scope: Scope, who: str, why: str) -> Erased:
        """All that is stored of it, in one transaction, and everybody is told that it is gone."""
        at = self._clock()

        def work(db: Connection, tell: Tell) -> Erased:
            done = erasure.erase(db, erasure.find(db, scope), at, who, why)
            message = EvidenceErased(seq=0, at=at, rooms=sorted(done.found.where), alerts=list(done.found.alerts))
            tell(number(db, message, None))
            return done

        return await self._writer.write(work)

    # the bytes

    async def forget_bytes(self) -> bool:
        """What was deleted is overwritten in the file already (secure_delete); empty the write-ahead log too, which has
        it as well. False: somebody reads all the time, so it is not empty yet.
        """
        path = Path(str(self._reading.url.database))
        for _ in range(CHECKPOINTS):
            if await asyncio.to_thread(_checkpoint, path):
                return True
            await asyncio.sleep(0.1)
        return False

    async def still_in_file(self, needles: Sequence[str | bytes]) -> int:
        """How many of some ids and keys that were erased are still among the bytes of the database and its log.

        Random ones alone, of which no other row has a copy; at most LOOKED_FOR of them, spread over all.
        """
        step = max(1, len(needles) // LOOKED_FOR)
        wanted = [n.encode() if isinstance(n, str) else n for n in needles[::step] if len(n) >= RANDOM]
        return await asyncio.to_thread(_in_files, Path(str(self._reading.url.database)), wanted)


def _in_files(path: Path, needles: Sequence[bytes]) -> int:
    found: set[bytes] = set()
    for file in (path, path.with_name(path.name + "-wal")):
        if needles and file.exists() and file.stat().st_size:
            found |= set(_in_file(file, needles))
    return len(found)


def _in_file(file: Path, needles: Sequence[bytes]) -> Iterator[bytes]:
    """By pieces, so that the event loop gets its turns."""
    before, overlap = b"", max(map(len, needles)) - 1
    with file.open("rb") as opened:
        while read := opened.read(PIECE):
            piece = before + read
            yield from (needle for needle in needles if needle in piece)
            before = piece[-overlap:]


def _sessions() -> Select[Any]:
    of = select(func.count()).select_from(CLIPS).where(CLIPS.c.session == ROOM_SESSIONS.c.id).scalar_subquery()
    return select(ROOM_SESSIONS, of.label("clips"))


def _session(row: RowMapping) -> RoomSession:
    return RoomSession(**row)


def _clip_row(clip: Clip) -> dict[str, Any]:
    row = {**asdict(clip), "state": clip.state.value, "speaker_id": clip.speaker}
    row.pop("speaker")
    return row


def _clip(row: RowMapping) -> Clip:
    values = {key: value for key, value in row.items() if key != "speaker_id"}
    return Clip(**{**values, "speaker": row["speaker_id"], "state": ClipState(row["state"])})


def _checkpoint(path: Path) -> bool:
    with closing(sqlite3.connect(path, timeout=BUSY / 1000, isolation_level=None)) as db:
        row: Iterable[int] = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return next(iter(row)) == 0
