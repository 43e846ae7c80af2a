"""Removing what is older than it may be kept."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, select

from monitor.store.tables import ALERTS, EVENTS, GAPS, TRACKS, UTTERANCES


def purge(db: Connection, before: float) -> list[str]:
    """Remove what is older than `before` (wall time); gives the names of the clips whose alerts are gone.

    Two kinds of event stay whatever their age, because later code reads them: the newest of all (clients compare
    their number with it), and the newest room event of each room (recovery reads the state).
    """
    old = ALERTS.c.raised_at < before
    clips = [name for name in db.scalars(select(ALERTS.c.clip).where(old)) if name]
    db.execute(delete(ALERTS).where(old))
    db.execute(delete(UTTERANCES).where(UTTERANCES.c.at < before))
    db.execute(delete(GAPS).where(GAPS.c.at < before))
    db.execute(delete(TRACKS).where(TRACKS.c.closed_at < before))
    newest = select(func.max(EVENTS.c.seq)).scalar_subquery()
    rooms = select(func.max(EVENTS.c.seq)).where(EVENTS.c.type == "room").group_by(EVENTS.c.room)
    db.execute(delete(EVENTS).where(EVENTS.c.at < before, EVENTS.c.seq != newest, EVENTS.c.seq.not_in(rooms)))
    return clips
