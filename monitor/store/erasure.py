"""Erasing all that is stored of a room, a speaker, a session or an alert: rows, and the messages of the feed that are
kept, whose payloads hold the same words and names.

Of the ledger the seconds stay, without a name: how much of a room was examined remains true, and is nobody's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Select, Table, Text, and_, cast, delete, func, literal, or_, select, tuple_, update

from monitor.evidence_model import Erased, Found, Kind, Scope
from monitor.store.evidence_rows import destroy_session
from monitor.store.retention import forget_notes
from monitor.store.review_records import forget_incidents
from monitor.store.spared import among
from monitor.store.tables import (
    ALERTS,
    EVENTS,
    GAPS,
    HITS,
    NEAR_MISSES,
    SPOKEN,
    TRACKS,
    UTTERANCES,
    VERDICTS,
    VOICES,
)
from monitor.store.tables_evidence import CLIPS, ROOM_SESSIONS, SESSION_TRACKS
from monitor.store.tables_review import INCIDENT_PLACES, INCIDENTS, REVISIONS, ROOM_ACTIONS

NOBODY = "(erased)"
_KEYED = ROOM_SESSIONS.c.key.is_not(None)


def find(db: Connection, scope: Scope) -> Found:
    """What a scope comes to now; empty where there is nothing of it."""
    match scope.kind:
        case Kind.ROOM:
            return _of_room(db, scope.subject)
        case Kind.SPEAKER:
            return _of_speaker(db, scope.subject, scope.room)
        case Kind.SESSION:
            return _of_session(db, scope.subject)
        case Kind.ALERT:
            return _of_alert(db, scope.subject)


def _of_room(db: Connection, room: str) -> Found:
    return Found(
        alerts=_ids(db, select(ALERTS.c.id).where(ALERTS.c.room == room)),
        sessions=_ids(db, select(ROOM_SESSIONS.c.id).where(ROOM_SESSIONS.c.room == room, _KEYED)),
        tracks=_ids(
            db,
            select(TRACKS.c.id).where(TRACKS.c.room == room),
            select(SESSION_TRACKS.c.track).where(SESSION_TRACKS.c.room == room),
            select(UTTERANCES.c.track).where(UTTERANCES.c.room == room),
        ),
        utterances=_ids(
            db,
            select(UTTERANCES.c.id).where(UTTERANCES.c.room == room),
            select(HITS.c.utterance).where(HITS.c.room == room),
            select(NEAR_MISSES.c.utterance).where(NEAR_MISSES.c.room == room),
        ),
        rooms=frozenset({room}),
        where=frozenset({room}),
    )


def _of_speaker(db: Connection, speaker: str, room: str) -> Found:
    def theirs(table: Table, column: str) -> Select[Any]:
        query = select(table.c[column]).where(table.c.speaker_id == speaker)
        return query.where(table.c.room == room) if room else query

    tables = (ALERTS, TRACKS, UTTERANCES, SESSION_TRACKS, CLIPS, HITS, VOICES)
    rooms = {room} if room else {each for table in tables for each in _ids(db, theirs(table, "room"))}
    tracks = _ids(db, theirs(TRACKS, "id"), theirs(SESSION_TRACKS, "track"), theirs(UTTERANCES, "track"))
    alone = select(SESSION_TRACKS.c.session).group_by(SESSION_TRACKS.c.session)
    alone = alone.having(func.sum(SESSION_TRACKS.c.track.not_in(among(tracks))) == 0)
    closed = ROOM_SESSIONS.c.closed_at.is_not(None), _KEYED, ROOM_SESSIONS.c.id.in_(alone)
    return Found(
        alerts=_ids(db, theirs(ALERTS, "id"), theirs(CLIPS, "alert")),
        sessions=_ids(db, select(ROOM_SESSIONS.c.id).where(*closed)),
        tracks=tracks,
        utterances=_ids(db, theirs(UTTERANCES, "id"), theirs(HITS, "utterance")),
        speakers=frozenset((each, speaker) for each in rooms),
        where=frozenset(rooms),
    )


def _of_session(db: Connection, session: str) -> Found:
    room = db.scalar(select(ROOM_SESSIONS.c.room).where(ROOM_SESSIONS.c.id == session))
    if room is None:
        return Found()
    tracks = _ids(db, select(SESSION_TRACKS.c.track).where(SESSION_TRACKS.c.session == session))
    utterances = _ids(db, select(UTTERANCES.c.id).where(UTTERANCES.c.track.in_(among(tracks))))
    return Found(
        alerts=_ids(
            db,
            select(CLIPS.c.alert).where(CLIPS.c.session == session),
            select(ALERTS.c.id).where(ALERTS.c.utterance.in_(among(utterances))),
        ),
        sessions=_ids(db, select(ROOM_SESSIONS.c.id).where(ROOM_SESSIONS.c.id == session, _KEYED)),
        tracks=tracks,
        utterances=utterances,
        where=frozenset({room}),
    )


def _of_alert(db: Connection, alert: str) -> Found:
    return Found(
        alerts=_ids(
            db, select(ALERTS.c.id).where(ALERTS.c.id == alert), select(CLIPS.c.alert).where(CLIPS.c.alert == alert)
        ),
        utterances=_ids(
            db,
            select(ALERTS.c.utterance).where(ALERTS.c.id == alert),
            select(HITS.c.utterance).where(HITS.c.alert == alert),
        ),
        where=frozenset(_ids(db, select(ALERTS.c.room).where(ALERTS.c.id == alert))),
    )


def erase(db: Connection, found: Found, at: float, who: str, why: str) -> Erased:
    """All in one transaction; the receipts of sessions' keys are written, that of the erasure is the caller's."""
    rows: dict[str, int] = {}
    _events(db, found, rows)
    _people(db, found, rows)
    _words(db, found, rows)
    _alerts(db, found, rows)
    for session in found.sessions:
        row = db.execute(select(ROOM_SESSIONS).where(ROOM_SESSIONS.c.id == session)).mappings().first()
        if row is not None and row["key"] is not None:
            destroy_session(db, row, at, who, why)
            _add(rows, "session keys", 1)
    db.execute(delete(SESSION_TRACKS).where(SESSION_TRACKS.c.track.in_(among(found.tracks))))
    db.execute(delete(SESSION_TRACKS).where(SESSION_TRACKS.c.session.in_(among(found.sessions))))
    forget_notes(db)
    forget_incidents(db)
    return Erased(found, rows)


def _words(db: Connection, found: Found, rows: dict[str, int]) -> None:
    said = among(found.utterances)
    mine = UTTERANCES.c.id.in_(said)
    _add(rows, "spoken", _gone(db, SPOKEN, SPOKEN.c.seq.in_(select(UTTERANCES.c.seq).where(mine))))
    gone_hits = or_(HITS.c.utterance.in_(said), HITS.c.alert.in_(among(found.alerts)))
    numbers = select(literal("hit-") + cast(HITS.c.id, Text)).where(gone_hits)
    db.execute(update(VERDICTS).where(VERDICTS.c.subject.in_(numbers)).values(note=""))
    _add(rows, "hits", _gone(db, HITS, gone_hits))
    _add(rows, "near_misses", _gone(db, NEAR_MISSES, NEAR_MISSES.c.utterance.in_(said)))
    _add(rows, "revisions", _gone(db, REVISIONS, REVISIONS.c.utterance.in_(said)))
    _add(rows, "utterances", _gone(db, UTTERANCES, mine))


def _alerts(db: Connection, found: Found, rows: dict[str, int]) -> None:
    ids = among(found.alerts)
    _add(rows, "alerts", _gone(db, ALERTS, ALERTS.c.id.in_(ids)))
    _add(rows, "clips", _gone(db, CLIPS, CLIPS.c.alert.in_(ids)))


def _people(db: Connection, found: Found, rows: dict[str, int]) -> None:
    """Names, and what is known of voices; the seconds of the ledger stay."""
    for table, track in ((TRACKS, "id"), (GAPS, "track")):
        mine = or_(table.c[track].in_(among(found.tracks)), _theirs(table, found))
        values = {"speaker_id": "", "speaker_name": NOBODY} if table is TRACKS else _NO_SPEAKER
        named = and_(mine, table.c.speaker_id.is_not(None), table.c.speaker_id != "")
        _add(rows, table.name, db.execute(update(table).where(named).values(values)).rowcount)
    _add(rows, "voices", _gone(db, VOICES, or_(VOICES.c.track.in_(among(found.tracks)), _theirs(VOICES, found))))
    for table in (INCIDENTS, ROOM_ACTIONS):
        db.execute(update(table).where(_theirs(table, found)).values(speaker_id="", speaker_name=NOBODY))
    db.execute(delete(INCIDENT_PLACES).where(_theirs(INCIDENT_PLACES, found)))


_NO_SPEAKER: dict[str, None] = {"speaker_id": None, "speaker_name": None}


def _theirs(table: Table, found: Found) -> Any:
    c = table.c
    return or_(c.room.in_(among(found.rooms)), tuple_(c.room, c.speaker_id).in_(sorted(found.speakers)))


def _events(db: Connection, found: Found, rows: dict[str, int]) -> None:
    """The feed's messages. One of each room's stays, without anybody in it: recovery reads the state there."""
    payload = EVENTS.c.payload
    newest = select(func.max(EVENTS.c.seq)).where(EVENTS.c.type == "room").group_by(EVENTS.c.room)
    count = 0
    for room in found.rooms:
        here = EVENTS.c.room == room, EVENTS.c.seq.not_in(newest)
        count += db.execute(delete(EVENTS).where(*here)).rowcount
    kinds = (
        (("heard",), "$.utterance", found.utterances),
        (("alert", "alert_changed"), "$.alert.id", found.alerts),
        (("canary",), "$.alert", found.alerts),
    )
    for types, path, ids in kinds:
        if ids:
            here = EVENTS.c.type.in_(types), EVENTS.c.room.in_(sorted(found.where))
            mine = func.json_extract(payload, path).in_(among(ids))
            count += db.execute(delete(EVENTS).where(*here, mine)).rowcount
    people = {*found.speakers, *_of_sessions(db, found)}
    for room, speaker in sorted(people):
        here = EVENTS.c.room == room, EVENTS.c.type.in_(("speaker", "voice", "gap"))
        count += db.execute(delete(EVENTS).where(*here, func.json_extract(payload, "$.speaker.id") == speaker)).rowcount
    rooms = found.rooms | {room for room, _ in people}
    _without_people(db, rooms, None if found.rooms else {speaker for _, speaker in people})
    count += _incident_events(db, rooms)
    _add(rows, "events", count)


def _of_sessions(db: Connection, found: Found) -> set[tuple[str, str]]:
    if not found.sessions or found.speakers or found.rooms:
        return set()
    t = SESSION_TRACKS.c
    return {
        (row[0], row[1]) for row in db.execute(select(t.room, t.speaker_id).where(t.track.in_(among(found.tracks))))
    }


def _without_people(db: Connection, rooms: Iterable[str], speakers: set[str] | None) -> None:
    """Who was in a room stands in its events; `speakers`: only these are taken out, None: all."""
    for room in rooms:
        query = select(EVENTS.c.seq, EVENTS.c.payload).where(EVENTS.c.type == "room", EVENTS.c.room == room)
        for seq, payload in db.execute(query).all():
            message = json.loads(payload)
            present = message["room"].get("speakers", [])
            kept = [each for each in present if speakers is not None and each["id"] not in speakers]
            if len(kept) != len(present):
                message["room"]["speakers"] = kept
                text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
                db.execute(update(EVENTS).where(EVENTS.c.seq == seq).values(payload=text))


def _incident_events(db: Connection, rooms: Iterable[str]) -> int:
    """Messages about incidents of these rooms: what stands of them is told anew where it changes."""
    wanted = set(rooms)
    gone = []
    for seq, payload in db.execute(select(EVENTS.c.seq, EVENTS.c.payload).where(EVENTS.c.type == "incidents")).all():
        if any(each["room"] in wanted for each in json.loads(payload)["incidents"]):
            gone.append(str(seq))
    newest = select(func.max(EVENTS.c.seq)).scalar_subquery()
    here = cast(EVENTS.c.seq, Text).in_(among(gone)), EVENTS.c.seq != newest
    return db.execute(delete(EVENTS).where(*here)).rowcount


def _ids(db: Connection, *queries: Select[Any]) -> tuple[str, ...]:
    return tuple(sorted({str(value) for query in queries for value in db.scalars(query)}))


def _gone(db: Connection, table: Table, where: Any) -> int:
    return db.execute(delete(table).where(where)).rowcount


def _add(rows: dict[str, int], name: str, count: int) -> None:
    if count:
        rows[name] = rows.get(name, 0) + count


def as_counts(rows: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(rows.items()))
