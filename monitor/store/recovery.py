"""After a crash: what was open is closed, and what was not heard goes on the record."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, func, select, update

from monitor.messages import RoomChanged
from monitor.model import Gap, Heard, RoomState, Speaker
from monitor.store import convert
from monitor.store.tables import EVENTS, SESSIONS, TRACKS

UNHEARD = "the service ended without closing; nothing was heard until the restart"
UNEXAMINED = "heard, but not examined yet when the service ended without closing"

_MONITORED = {RoomState.JOINING.value, RoomState.LIVE.value, RoomState.WAITING.value}


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
    last_known = dict.fromkeys(_rooms_live_at_the_end(db, crash), crash.beat)
    gaps: list[Gap] = []
    for track in tracks:
        gaps += _close(db, track)
        last_known[track["room"]] = min(last_known.get(track["room"], crash.beat), track["updated_at"])
    for room, since in sorted(last_known.items()):
        gaps.append(Gap(room, None, "", since, max(0.0, now - since), Heard.LOST_ERROR, UNHEARD))
    ended = update(SESSIONS).where(SESSIONS.c.id == crash.session)
    db.execute(ended.values(stopped_at=crash.beat, clean=False))
    return gaps


def _close(db: Connection, track: RowMapping) -> list[Gap]:
    seconds = dict(track["seconds"])
    pending = seconds.pop(Heard.PENDING.value, 0.0)
    until = track["updated_at"]
    gaps = []
    if pending > 0:
        lost = Heard.LOST_ERROR.value
        seconds[lost] = seconds.get(lost, 0.0) + pending
        speaker = Speaker(track["speaker_id"], track["speaker_name"])
        gap = Gap(track["room"], speaker, track["id"], until - pending, pending, Heard.LOST_ERROR, UNEXAMINED)
        gaps.append(gap)
    db.execute(update(TRACKS).where(TRACKS.c.id == track["id"]).values(seconds=seconds, closed_at=until))
    return gaps


def _rooms_live_at_the_end(db: Connection, crash: _Crash) -> list[str]:
    """Rooms whose last known state in that run means that somebody counts on them being heard."""
    newest = (
        select(func.max(EVENTS.c.seq))
        .where(EVENTS.c.type == "room", EVENTS.c.at >= crash.started)
        .group_by(EVENTS.c.room)
    )
    rows = db.execute(select(EVENTS).where(EVENTS.c.seq.in_(newest))).mappings().all()
    messages = [convert.event(row) for row in rows]
    return [m.room.id for m in messages if isinstance(m, RoomChanged) and m.room.state in _MONITORED]
