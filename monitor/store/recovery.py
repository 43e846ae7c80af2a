"""After a crash: what was open is closed, and what was not heard goes on the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, func, select, update

from monitor.messages import RoomChanged
from monitor.model import RATE, Gap, Heard, RoomState, Speaker
from monitor.store import convert
from monitor.store.tables import EVENTS, GAPS, SESSIONS, TRACKS

UNHEARD = "the service ended without closing; nothing was heard until the restart"
UNEXAMINED = "heard, but not examined yet when the service ended without closing"
UNTOLD = "lost during the visit, in holes that had no entry yet when the service ended without closing"
OUTSIDE = "the monitor was not in the room, nor until the restart"

_OUTSIDE = {RoomState.JOINING.value, RoomState.WAITING.value, RoomState.FAILED.value}
"""States in which somebody counts on the room being heard, and it isn't."""


@dataclass(frozen=True, slots=True)
class _Crash:
    session: int
    started: float
    beat: float  # last sign of life


def recover(db: Connection, now: float, current: int | None) -> list[Gap]:
    """Close every session but `current` that has no stop, with its tracks. The gaps are returned, not written."""
    query = select(SESSIONS).where(SESSIONS.c.stopped_at.is_(None))
    if current is not None:
        query = query.where(SESSIONS.c.id != current)
    gaps: list[Gap] = []
    for row in db.execute(query.order_by(SESSIONS.c.id)).mappings().all():
        gaps += _bury(db, _Crash(row["id"], row["started_at"], row["beat_at"]), now)
    return gaps


def _bury(db: Connection, crash: _Crash, now: float) -> list[Gap]:
    query = select(TRACKS).where(TRACKS.c.session == crash.session, TRACKS.c.closed_at.is_(None))
    tracks = db.execute(query.order_by(TRACKS.c.opened_at)).mappings().all()
    # The ledger of a track is known up to its last save; from then on the room counts as unheard.
    last_known, outside = _rooms_at_the_end(db, crash)
    gaps: list[Gap] = []
    for track in tracks:
        gaps += _close(db, track)
        last_known[track["room"]] = min(last_known.get(track["room"], crash.beat), track["updated_at"])
    for room, since in sorted(last_known.items()):
        cause = UNHEARD
        if room in outside:
            since, cause = min(since, outside[room]), OUTSIDE
        gaps.append(Gap(room, None, "", since, max(0.0, now - since), Heard.LOST_ERROR, cause))
    ended = update(SESSIONS).where(SESSIONS.c.id == crash.session)
    db.execute(ended.values(stopped_at=crash.beat, clean=False))
    return gaps


def _close(db: Connection, track: RowMapping) -> list[Gap]:
    seconds = dict(track["seconds"])
    gaps = _untold(db, track, seconds)
    pending = seconds.pop(Heard.PENDING.value, 0.0)
    until = track["updated_at"]
    if pending > 0:
        lost = Heard.LOST_ERROR.value
        seconds[lost] = seconds.get(lost, 0.0) + pending
        gaps.append(_gap(track, until - pending, pending, Heard.LOST_ERROR, UNEXAMINED))
    # A track that had ended, but was not settled yet, has saves after its end; its ledger knows how long it was open.
    closed = min(until, track["opened_at"] + sum(seconds.values()))
    db.execute(update(TRACKS).where(TRACKS.c.id == track["id"]).values(seconds=seconds, closed_at=closed))
    return gaps


def _untold(db: Connection, track: RowMapping, seconds: Mapping[str, float]) -> list[Gap]:
    """Short holes get their entry when the speaker leaves: these speakers were never seen to leave."""
    query = select(GAPS.c.state, func.sum(GAPS.c.seconds)).where(GAPS.c.track == track["id"]).group_by(GAPS.c.state)
    told: dict[str, float] = {row[0]: row[1] for row in db.execute(query)}
    gaps = []
    for state in (Heard.LOST_NETWORK, Heard.LOST_OVERLOAD, Heard.LOST_ERROR):
        missing = seconds.get(state.value, 0.0) - told.get(state.value, 0.0)
        if missing >= 1 / RATE:
            gaps.append(_gap(track, track["opened_at"], missing, state, UNTOLD))
    return gaps


def _gap(track: RowMapping, began: float, seconds: float, state: Heard, cause: str) -> Gap:
    speaker = Speaker(track["speaker_id"], track["speaker_name"])
    return Gap(track["room"], speaker, track["id"], began, seconds, state, cause)


def _rooms_at_the_end(db: Connection, crash: _Crash) -> tuple[dict[str, float], dict[str, float]]:
    """Rooms that somebody counted on when that run ended: until when they were known, and which were not heard since.

    The second has the moment from which the monitor was outside: that gap is written when it is in again, so not yet.
    """
    query = select(EVENTS).where(EVENTS.c.type == "room", EVENTS.c.at >= crash.started).order_by(EVENTS.c.seq)
    known: dict[str, float] = {}
    outside: dict[str, float] = {}
    for row in db.execute(query).mappings():
        message = convert.event(row)
        if not isinstance(message, RoomChanged):
            continue
        room, state = message.room.id, message.room.state
        if state in _OUTSIDE:
            outside.setdefault(room, message.at)
        else:
            outside.pop(room, None)
        known.pop(room, None)
        if state in _OUTSIDE or state == RoomState.LIVE.value:
            known[room] = crash.beat
    return known, outside
