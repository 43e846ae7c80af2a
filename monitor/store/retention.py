"""Removing what is older than it may be kept."""

from __future__ import annotations

from sqlalchemy import Connection, Text, cast, delete, func, literal, or_, select, update

from monitor.store.review_records import forget_incidents
from monitor.store.tables import (
    ALERTS,
    EVENTS,
    GAPS,
    HIT_TALLY,
    HITS,
    NEAR_MISSES,
    SPOKEN,
    TRACKS,
    UTTERANCES,
    VERDICTS,
    VOICE_LABELS,
    VOICES,
)

TALLY_SECONDS = 400 * 86400
"""For how long counts without any word of a person are kept: a year can be compared with the one before."""


def purge(db: Connection, before: float) -> list[str]:
    """Remove what is older than `before` (wall time); gives the names of the clips whose alerts are gone.

    Two kinds of event stay whatever their age, because later code reads them: the newest of all (clients compare
    their number with it), and the newest room event of each room (recovery reads the state). List versions and
    verdicts stay too (on voices as well), but their notes may quote somebody: they go with the alert.
    """
    old = ALERTS.c.raised_at < before
    clips = [name for name in db.scalars(select(ALERTS.c.clip).where(old)) if name]
    db.execute(delete(ALERTS).where(old))
    _words(db, before)
    forget_incidents(db)
    db.execute(delete(GAPS).where(GAPS.c.at < before))
    db.execute(delete(TRACKS).where(TRACKS.c.closed_at < before))
    db.execute(delete(VOICES).where(VOICES.c.at < before))
    db.execute(delete(HIT_TALLY).where(HIT_TALLY.c.hour < (before - TALLY_SECONDS) // 3600))
    newest = select(func.max(EVENTS.c.seq)).scalar_subquery()
    rooms = select(func.max(EVENTS.c.seq)).where(EVENTS.c.type == "room").group_by(EVENTS.c.room)
    db.execute(delete(EVENTS).where(EVENTS.c.at < before, EVENTS.c.seq != newest, EVENTS.c.seq.not_in(rooms)))
    return clips


def _words(db: Connection, before: float) -> None:
    """What people said, wherever it stands."""
    gone = select(UTTERANCES.c.seq).where(UTTERANCES.c.at < before)
    db.execute(delete(SPOKEN).where(SPOKEN.c.seq.in_(gone)))
    # A hit is stored a moment after its utterance, so its own age would keep it a moment longer.
    of_gone = select(UTTERANCES.c.id).where(UTTERANCES.c.at < before)
    db.execute(delete(HITS).where(or_(HITS.c.at < before, HITS.c.utterance.in_(of_gone))))
    db.execute(delete(NEAR_MISSES).where(or_(NEAR_MISSES.c.at < before, NEAR_MISSES.c.utterance.in_(of_gone))))
    db.execute(delete(UTTERANCES).where(UTTERANCES.c.at < before))
    kept = select(ALERTS.c.id)
    hits = select(literal("hit-") + cast(HITS.c.id, Text))
    about_gone = VERDICTS.c.subject.not_in(kept), VERDICTS.c.subject.not_in(hits)
    db.execute(update(VERDICTS).where(VERDICTS.c.note != "", *about_gone).values(note=""))
    t = VOICE_LABELS.c
    db.execute(update(VOICE_LABELS).where(t.note != "", t.alert.not_in(kept)).values(note=""))
