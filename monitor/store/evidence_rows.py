"""Destroying keys and writing receipts, inside a transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from monitor.evidence_model import Receipt
from monitor.store.tables_evidence import CLIPS, RECEIPTS, ROOM_SESSIONS, SESSION_TRACKS
from monitor.store.writing import inserted

OURSELVES = "room-monitor"


def drop_clips(db: Connection, gone: Sequence[tuple[str, str]], at: float) -> None:
    """The keys of the clips of these alerts (id, and why they go), each with a receipt."""
    for alert, why in gone:
        row = db.execute(select(CLIPS).where(CLIPS.c.alert == alert)).mappings().first()
        if row is not None:
            db.execute(delete(CLIPS).where(CLIPS.c.alert == alert))
            where = {"room": row["room"], "session": row["session"], "subject": alert}
            add_receipt(db, at, "clip", OURSELVES, why, **where, detail={"samples": row["samples"]})


def destroy_idle_sessions(db: Connection, at: float) -> None:
    """The keys of visits that are over and of which no clip is kept any more."""
    c = ROOM_SESSIONS.c
    idle = c.closed_at.is_not(None), c.key.is_not(None), c.id.not_in(select(CLIPS.c.session))
    for row in db.execute(select(ROOM_SESSIONS).where(*idle)).mappings().all():
        destroy_session(db, row, at, OURSELVES, "its last clip is gone")


def destroy_session(db: Connection, row: RowMapping, at: float, who: str, why: str) -> Receipt:
    """The key of a session and those of its clips; with the receipt."""
    session = str(row["id"])
    clips = db.scalar(select(func.count()).select_from(CLIPS).where(CLIPS.c.session == session)) or 0
    tracks = db.scalar(select(func.count()).select_from(SESSION_TRACKS).where(SESSION_TRACKS.c.session == session))
    db.execute(delete(CLIPS).where(CLIPS.c.session == session))
    closed = row["closed_at"] if row["closed_at"] is not None else at
    gone = update(ROOM_SESSIONS).where(ROOM_SESSIONS.c.id == session)
    db.execute(gone.values(key=None, destroyed_at=at, closed_at=closed))
    detail = {
        "opened_at": row["opened_at"],
        "closed_at": closed,
        "tracks": tracks or 0,
        "clips": clips,
        "fingerprint": row["fingerprint"],
    }
    return add_receipt(db, at, "session", who, why, room=row["room"], session=session, subject=session, detail=detail)


def add_receipt(
    db: Connection,
    at: float,
    kind: str,
    who: str,
    why: str,
    *,
    room: str = "",
    session: str = "",
    subject: str = "",
    detail: Mapping[str, Any],
) -> Receipt:
    last = db.scalar(select(RECEIPTS.c.digest).order_by(RECEIPTS.c.id.desc()).limit(1)) or ""
    values: dict[str, Any] = {
        "at": at,
        "kind": kind,
        "who": who,
        "why": why,
        "room": room,
        "session": session,
        "subject": subject,
        "detail": json.loads(json.dumps(detail)),
    }
    mark = digest(last, values)
    number = inserted(db, insert(RECEIPTS).values(**values, digest=mark))
    return Receipt(id=number, digest=mark, **values)


def digest(last: str, values: Mapping[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{last}\n{text}".encode()).hexdigest()
