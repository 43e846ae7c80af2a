"""Removing what is older than it may be kept.

In many small transactions, as writes wait in one line: a night's worth of alerts in one would keep rooms from storing
what they hear for seconds. What is to go is looked for outside of them (`old_…`, `events_of`), and they only take it
out by its keys. What a crash leaves is found by the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, Text, cast, delete, exists, func, literal, or_, select, update

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

Find = Callable[[Connection, float, Sequence[Hold]], list[int]]
Remove = Callable[[Connection, Sequence[int]], None]

_ALERTED = HITS.c.alert.in_(select(ALERTS.c.id))
_LATER = EVENTS.alias("later")
_TOLD_LATER = exists().where(_LATER.c.type == "room", _LATER.c.room == EVENTS.c.room, _LATER.c.seq > EVENTS.c.seq)
_LAST = select(func.max(_LATER.c.seq)).scalar_subquery()


def events_of(db: Connection, alerts: Iterable[str]) -> list[tuple[str, int]]:
    """Alert and number of each message of the feed about these alerts."""
    about = func.json_extract(EVENTS.c.payload, "$.alert.id")
    of_alerts = EVENTS.c.type.in_(("alert", "alert_changed")), about.in_(among(alerts))
    return [(str(alert), int(seq)) for alert, seq in db.execute(select(about, EVENTS.c.seq).where(*of_alerts))]


def purge_alerts(db: Connection, gone: Sequence[tuple[str, str]], events: Sequence[int], at: float) -> None:
    """Remove these alerts (id, and why) with the keys of their clips and these messages; `at`: wall time now.

    Receipts are written for keys.
    """
    db.execute(delete(ALERTS).where(ALERTS.c.id.in_(among(alert for alert, _ in gone))))
    drop_clips(db, gone, at)
    purge_events(db, events)


def old_utterances(db: Connection, before: float, holds: Sequence[Hold]) -> list[int]:
    """Numbers of what was said before, and no hold keeps."""
    old = select(UTTERANCES.c.seq).where(UTTERANCES.c.at < before, ~spared(UTTERANCES, holds))
    return list(db.scalars(old.order_by(UTTERANCES.c.seq)))


def purge_utterances(db: Connection, numbers: Sequence[int]) -> None:
    """What people said, wherever it stands; hits of an alert that is kept stay with it."""
    ids = select(UTTERANCES.c.id).where(UTTERANCES.c.seq.in_(among(numbers)))
    # A hit is stored a moment after its utterance, so its own age would keep it a moment longer.
    db.execute(delete(HITS).where(HITS.c.utterance.in_(ids), ~_ALERTED))
    db.execute(delete(NEAR_MISSES).where(NEAR_MISSES.c.utterance.in_(ids)))
    db.execute(delete(SPOKEN).where(SPOKEN.c.seq.in_(among(numbers))))
    db.execute(delete(UTTERANCES).where(UTTERANCES.c.seq.in_(among(numbers))))


def old_hits(db: Connection, before: float, holds: Sequence[Hold]) -> list[int]:
    """Numbers of hits without an alert, whose utterance is gone already."""
    aged = HITS.c.at < before, HITS.c.utterance.not_in(spared_utterances(holds)), ~_ALERTED
    return list(db.scalars(select(HITS.c.id).where(*aged)))


def purge_hits(db: Connection, numbers: Sequence[int]) -> None:
    db.execute(delete(HITS).where(HITS.c.id.in_(among(numbers))))


def old_near_misses(db: Connection, before: float, holds: Sequence[Hold]) -> list[int]:
    t = NEAR_MISSES.c
    return list(db.scalars(select(t.id).where(t.at < before, t.utterance.not_in(spared_utterances(holds)))))


def purge_near_misses(db: Connection, numbers: Sequence[int]) -> None:
    db.execute(delete(NEAR_MISSES).where(NEAR_MISSES.c.id.in_(among(numbers))))


def old_events(db: Connection, before: float, holds: Sequence[Hold]) -> list[int]:
    """Numbers of the feed's messages from before; no hold keeps any, as the rows that they tell of stay."""
    return list(db.scalars(select(EVENTS.c.seq).where(EVENTS.c.at < before).order_by(EVENTS.c.seq)))


def purge_events(db: Connection, numbers: Sequence[int]) -> None:
    """Two kinds of event stay whatever their age, because later code reads them: the newest of all (clients compare
    their number with it), and the newest room event of each room (recovery reads the state).
    """
    passing = or_(EVENTS.c.type != "room", _TOLD_LATER.correlate(EVENTS))
    db.execute(delete(EVENTS).where(EVENTS.c.seq.in_(among(numbers)), EVENTS.c.seq != _LAST, passing))


STEPS: Sequence[tuple[Find, Remove]] = (
    (old_utterances, purge_utterances),
    (old_hits, purge_hits),
    (old_near_misses, purge_near_misses),
    (old_events, purge_events),
)
"""What may be much, in this order: how it is found, and how some of it is removed."""


def purge_rest(db: Connection, before: float, holds: Sequence[Hold], at: float) -> None:
    """What is little, and what is left without what it belonged to.

    List versions and verdicts stay (on voices as well), but their notes may quote somebody: they go with the alert.
    """
    forget_notes(db)
    forget_incidents(db)
    db.execute(delete(GAPS).where(GAPS.c.at < before, ~spared(GAPS, holds)))
    db.execute(delete(TRACKS).where(TRACKS.c.closed_at < before, ~spared_tracks(holds)))
    db.execute(delete(VOICES).where(VOICES.c.at < before, ~spared(VOICES, holds)))
    db.execute(delete(HIT_TALLY).where(HIT_TALLY.c.hour < (before - TALLY_SECONDS) // 3600))
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


def forget_notes(db: Connection) -> None:
    """Notes on what is no longer there: they may quote it."""
    kept = select(ALERTS.c.id)
    hits = select(literal("hit-") + cast(HITS.c.id, Text))
    about_gone = VERDICTS.c.subject.not_in(kept), VERDICTS.c.subject.not_in(hits)
    db.execute(update(VERDICTS).where(VERDICTS.c.note != "", *about_gone).values(note=""))
    t = VOICE_LABELS.c
    db.execute(update(VOICE_LABELS).where(t.note != "", t.alert.not_in(kept)).values(note=""))
