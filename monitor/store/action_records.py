"""Muting and removing people in rooms: asked for, undone, done. Every change is told."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, RowMapping, insert, select, update

from monitor.messages import RoomActionChanged
from monitor.model import Speaker
from monitor.review.actions import ActionState, RoomAct, RoomAction
from monitor.store.tables_review import ROOM_ACTIONS
from monitor.store.writer import Tell
from monitor.store.writing import Writing, inserted, number
from monitor.views import action_view


class ActionRecords(Writing):
    """The part of Store that knows actions in rooms."""

    async def add_action(self, action: RoomAction) -> RoomAction:
        """With its id."""

        def work(db: Connection, tell: Tell) -> RoomAction:
            made = replace(action, id=inserted(db, insert(ROOM_ACTIONS).values(_row(action))))
            _tell(db, tell, made, made.asked_at)
            return made

        return await self._writer.write(work)

    async def end_action(self, action_id: int, state: ActionState, detail: str = "") -> RoomAction | None:
        """One that waits is done, undone or failed now; None: there is none that waits."""
        now = self._clock()
        t = ROOM_ACTIONS.c

        def work(db: Connection, tell: Tell) -> RoomAction | None:
            waits = t.id == action_id, t.state == ActionState.WAITING.value
            ended = update(ROOM_ACTIONS).where(*waits).values(state=state.value, detail=detail, ended_at=now)
            if db.execute(ended).rowcount == 0:
                return None
            row = db.execute(select(ROOM_ACTIONS).where(t.id == action_id)).mappings().one()
            made = _action(row)
            _tell(db, tell, made, now)
            return made

        return await self._writer.write(work)

    async def actions(
        self, room: str | None = None, *, state: ActionState | None = None, limit: int = 100
    ) -> list[RoomAction]:
        """Newest first."""
        query = select(ROOM_ACTIONS).order_by(ROOM_ACTIONS.c.id.desc()).limit(limit)
        if room is not None:
            query = query.where(ROOM_ACTIONS.c.room == room)
        if state is not None:
            query = query.where(ROOM_ACTIONS.c.state == state.value)
        return [_action(row) for row in await self._rows(query)]


def _tell(db: Connection, tell: Tell, action: RoomAction, at: float) -> None:
    tell(number(db, RoomActionChanged(seq=0, at=at, action=action_view(action)), action.room))


def _row(action: RoomAction) -> dict[str, object]:
    return {
        "room": action.room,
        "speaker_id": action.speaker.id,
        "speaker_name": action.speaker.name,
        "action": action.act.value,
        "who": action.who,
        "why": action.why,
        "incident": action.incident,
        "asked_at": action.asked_at,
        "due_at": action.due_at,
        "state": action.state.value,
        "detail": action.detail,
        "ended_at": action.ended_at,
    }


def _action(row: RowMapping) -> RoomAction:
    return RoomAction(
        id=row["id"],
        room=row["room"],
        speaker=Speaker(row["speaker_id"], row["speaker_name"]),
        act=RoomAct(row["action"]),
        who=row["who"],
        why=row["why"],
        incident=row["incident"],
        asked_at=row["asked_at"],
        due_at=row["due_at"],
        state=ActionState(row["state"]),
        detail=row["detail"],
        ended_at=row["ended_at"],
    )
