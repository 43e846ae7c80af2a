"""Removing what is older than it may be kept."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, delete, func, literal, or_, select, update

from monitor.evidence_model import Hold
from monitor.store.evidence_rows import destroy_idle_sessions, drop_clips
from monitor.store.review_records import forget_incidents
from monitor.store.spared import among, spared, spared_utterances
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
from monitor.store.tables_consent import CONSENTS
from monitor.store.tables_evidence import ROOM_SESSIONS, SESSION_TRACKS

TALLY_SECONDS = 400 * 86400
"""For how long counts without any word of a person are kept: a year can be compared with the one before."""


def purge(
    db: Connection, before: float, gone: Sequence[tuple[str, str]] = (), holds: Sequence[Hold] = (), at: float = 0.0
) -> None:
    """Remove these alerts (id, and why) with the keys of their clips, and of the rest what is older than `before`.

    `holds`: those that stand; what they keep stays, whatever its age. `at`: wall time now. Receipts are written for
    keys. Two kinds of event stay whatever their age, because later code reads them: the newest of all (clients compare
    their number with it), and the newest room event of each room (recovery reads the state). List versions and
    verdicts stay too (on voices as well), but their notes may quote somebody: they go with the alert.
    """
    ids = [alert for alert, _ in gone]
    db.execute(delete(ALERTS).where(ALERTS.c.id.in_(among(ids))))
    drop_clips(db, gone, at)
    _words(db, before, holds)
    forget_incidents(db)
    db.execute(delete(GAPS).where(GAPS.c.at < before, ~spared(GAPS, holds)))
    db.execute(delete(TRACKS).where(TRACKS.c.closed_at < before, ~spared_tracks(holds)))
    db.execute(delete(VOICES).where(VOICES.c.at < before, ~spared(VOICES, holds)))
    db.execute(delete(HIT_TALLY).where(HIT_TALLY.c.hour < (before - TALLY_SECONDS) // 3600))
    _events(db, before, ids)
    to_latecomers = CONSENTS.c.act == "announce", func.json_array_length(CONSENTS.c.people) > 0
    db.execute(delete(CONSENTS).where(CONSENTS.c.at < before, *to_latecomers))
    destroy_idle_sessions(db, at)
    old = select(ROOM_SESSIONS.c.id).where(ROOM_SESSIONS.c.closed_at < before)
    of_old = SESSION_TRACKS.c.session.in_(old), SESSION_TRACKS.c.track.not_in(select(TRACKS.c.id))
    db.execute(delete(SESSION_TRACKS).where(*of_old))


def spared_tracks(holds: Sequence[Hold]) -> ColumnElement[bool]:
    """Tracks whose words stay, stay too."""
    t = SESSION_TRACKS.c
    of_sessions = select(t.track).where(t.session.in_(among(h.subject for h in holds if h.kind.value == "session")))
    return or_(spared(TRACKS, holds), TRACKS.c.id.in_(of_sessions))


def _events(db: Connection, before: float, alerts: Sequence[str]) -> None:
    newest = select(func.max(EVENTS.c.seq)).scalar_subquery()
    rooms = select(func.max(EVENTS.c.seq)).where(EVENTS.c.type == "room").group_by(EVENTS.c.room)
    of_gone = and_(
        EVENTS.c.type.in_(("alert", "alert_changed")),
        func.json_extract(EVENTS.c.payload, "$.alert.id").in_(among(alerts)),
    )
    old = EVENTS.c.at < before if not alerts else or_(EVENTS.c.at < before, of_gone)
    db.execute(delete(EVENTS).where(old, EVENTS.c.seq != newest, EVENTS.c.seq.not_in(rooms)))


def _words(db: Connection, before: float, holds: Sequence[Hold]) -> None:
    """What people said, wherever it stands; hits of an alert that is kept stay with it."""
    old = and_(UTTERANCES.c.at < before, ~spared(UTTERANCES, holds))
    db.execute(delete(SPOKEN).where(SPOKEN.c.seq.in_(select(UTTERANCES.c.seq).where(old))))
    # A hit is stored a moment after its utterance, so its own age would keep it a moment longer.
    of_old = select(UTTERANCES.c.id).where(old)
    held = spared_utterances(holds)
    aged = or_(and_(HITS.c.at < before, HITS.c.utterance.not_in(held)), HITS.c.utterance.in_(of_old))
    alerted = HITS.c.alert.in_(select(ALERTS.c.id))
    db.execute(delete(HITS).where(aged, ~alerted))
    t = NEAR_MISSES.c
    db.execute(delete(NEAR_MISSES).where(or_(and_(t.at < before, t.utterance.not_in(held)), t.utterance.in_(of_old))))
    db.execute(delete(UTTERANCES).where(old))
    forget_notes(db)


def forget_notes(db: Connection) -> None:
    """Notes on what is no longer there: they may quote it."""
    kept = select(ALERTS.c.id)
    hits = select(literal("hit-") + cast(HITS.c.id, Text))
    about_gone = VERDICTS.c.subject.not_in(kept), VERDICTS.c.subject.not_in(hits)
    db.execute(update(VERDICTS).where(VERDICTS.c.note != "", *about_gone).values(note=""))
    t = VOICE_LABELS.c
    db.execute(update(VOICE_LABELS).where(t.note != "", t.alert.not_in(kept)).values(note=""))
