"""Muting and removing people in rooms: a person asks, it waits for as long as it can be undone, then it is done.

Nothing here decides by itself that somebody is muted: each action has the name of who asked for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from monitor.audit.trail import SYSTEM, Trail
from monitor.errors import IncidentTaken, IncidentUnknown, MonitorError, StoreFailed
from monitor.mailbox import Mailbox
from monitor.model import Speaker
from monitor.review.actions import ActionState, RoomAct, RoomAction
from monitor.store.store import Store

log = structlog.get_logger()

MOST = 64
"""Actions that may wait at one time."""
ANSWER_SECONDS = 10.0
"""How long a room may take to do it."""
RESTARTED = "the service was stopped before it was due: nothing was done"


class Rooms(Protocol):
    """What is needed of the rooms."""

    def can(self, room: str) -> frozenset[RoomAct]:
        """What the room lets us do now. Raises RoomUnknown."""
        ...

    def named(self, room: str, speaker: str) -> Speaker | None:
        """Somebody who is in the room; None: nobody with this id."""
        ...

    async def act(self, room: str, act: RoomAct, speaker: str) -> None:
        """Raises Refused, ConnectionLost, RoomUnknown."""
        ...


class Moderation:
    """`run` in one task, the rest while it runs."""

    def __init__(
        self, store: Store, trail: Trail, rooms: Rooms, undo: float, clock: Callable[[], float] = time.time
    ) -> None:
        """`undo`: seconds between asking and doing."""
        self._store = store
        self._trail = trail
        self._rooms = rooms
        self._undo = undo
        self._clock = clock
        self._asked: Mailbox[RoomAction] = Mailbox(MOST)

    async def run(self) -> None:
        """Do what is due, for ever. What a run before this one left is not done any more: it is too late to undo it."""
        for left in await self._store.actions(state=ActionState.WAITING, limit=MOST * 10):
            await self._store.end_action(left.id, ActionState.FAILED, RESTARTED)
        async with asyncio.TaskGroup() as tasks:
            async for action in self._asked:
                tasks.create_task(self._when_due(action))

    async def ask(
        self, room: str, act: RoomAct, speaker: str, who: str, why: str, incident: int | None = None
    ) -> RoomAction:
        """Raises RoomUnknown, IncidentUnknown (nobody with this id is there), IncidentTaken (the room can't do it)."""
        if act not in self._rooms.can(room):
            raise IncidentTaken(f"The room {room!r} doesn't let us {act.value} anybody now.")
        person = self._rooms.named(room, speaker)
        if person is None:
            raise IncidentUnknown(f"Nobody with the id {speaker!r} is in the room {room!r} now.")
        if len(self._asked) >= MOST:
            raise IncidentTaken("Too many actions wait already.")
        now = self._clock()
        await self._trail.note(who, f"room.{act.value}.asked", speaker, room, why=why, incident=incident or 0)
        asked = RoomAction(0, room, person, act, who, why, incident, now, now + self._undo)
        made = await self._store.add_action(asked)
        await self._asked.put(made)
        return made

    async def undo(self, action: int, who: str) -> RoomAction:
        """Raises IncidentTaken where it is too late."""
        await self._trail.note(who, "room.action.undone", str(action))
        made = await self._store.end_action(action, ActionState.UNDONE, f"by {who}")
        if made is None:
            raise IncidentTaken(f"Action {action} can't be undone any more.")
        return made

    async def _when_due(self, action: RoomAction) -> None:
        await asyncio.sleep(max(0.0, action.due_at - self._clock()))
        try:
            await self._do(action)
        except StoreFailed as error:  # what can't be written down is not done
            log.error("room.action_not_done", room=action.room, action=action.act.value, reason=str(error))

    async def _do(self, action: RoomAction) -> None:
        waits = await self._store.actions(action.room, state=ActionState.WAITING)
        if action.id not in {one.id for one in waits}:
            return
        await self._trail.note(SYSTEM, f"room.{action.act.value}", action.speaker.id, action.room, asked_by=action.who)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._rooms.act(action.room, action.act, action.speaker.id)
        except (MonitorError, TimeoutError) as error:
            detail = str(error) or f"the room gave no answer in {ANSWER_SECONDS:g} s"
            log.warning("room.action_failed", room=action.room, action=action.act.value)
            await self._store.end_action(action.id, ActionState.FAILED, detail)
        else:
            await self._store.end_action(action.id, ActionState.DONE)
