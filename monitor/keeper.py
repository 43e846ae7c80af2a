"""The rooms that the service is in: begun one after another, each on its own, more or fewer of them at run time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from monitor.errors import ConnectionLost
from monitor.review.actions import RoomAct
from monitor.rooms.supervisor import RoomSupervisor

STAGGER = 0.1
"""Seconds between the first joins of two rooms: each costs machine and server some hundredths of one."""
AGAIN = 180.0
"""Seconds after which a room is tried again that refused us or broke."""


class Keeper:
    """`run` in one task; the rest may be called while it runs."""

    def __init__(self, again: float = AGAIN, stagger: float = STAGGER) -> None:
        self._again = again
        self._stagger = stagger
        self._group: asyncio.TaskGroup | None = None
        self._kept: dict[str, tuple[RoomSupervisor, asyncio.Task[None]]] = {}
        self._stopping = asyncio.Event()

    async def run(self, rooms: Iterable[RoomSupervisor]) -> None:
        """Returns once `stop` was called and all rooms are left."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            for number, supervisor in enumerate(rooms):
                self.begin(supervisor, number * self._stagger)
            await self._stopping.wait()
            for supervisor, _ in self._kept.values():
                supervisor.stop()
        self._group = None

    def begin(self, supervisor: RoomSupervisor, after: float = 0.0) -> None:
        """One more, in so many seconds. Once stopped nothing begins any more."""
        if self._group is None or self._stopping.is_set():
            return
        task = self._group.create_task(supervisor.keep(self._again, after=after))
        self._kept[supervisor.room_id] = supervisor, task

    async def end(self, room_id: str) -> None:
        """Leave a room; returns when its tracks have been listened to the end. Nothing happens where there is none."""
        if found := self._kept.pop(room_id, None):
            supervisor, task = found
            supervisor.stop()
            await asyncio.wait([task])

    async def announce(self, room_id: str, notice: str) -> None:
        """What the room is told from now on. Nothing happens where there is none."""
        if found := self._kept.get(room_id):
            await found[0].announce(notice)

    def acts(self, room_id: str) -> frozenset[RoomAct]:
        """What staff can have done to people there now."""
        found = self._kept.get(room_id)
        return found[0].acts if found else frozenset()

    async def act(self, room_id: str, act: RoomAct, speaker: str) -> None:
        """Raises Refused, ConnectionLost."""
        found = self._kept.get(room_id)
        if found is None:
            raise ConnectionLost("the room is no longer monitored")
        await found[0].act(act, speaker)

    def retry(self, room_id: str) -> bool:
        """Where the room waits or failed: try again now. False where there is no such room."""
        found = self._kept.get(room_id)
        if found is not None:
            found[0].retry()
        return found is not None

    def stop(self) -> None:
        self._stopping.set()
