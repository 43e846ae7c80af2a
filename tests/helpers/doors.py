"""Doors of rooms for tests of who keeps them: they open, or refuse, as often as a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from monitor.model import RoomState, Speaker
from monitor.rooms.connector import Capabilities, Session, Track
from monitor.rooms.supervisor import RoomSupervisor


class Visit:
    """Somewhere where nobody is."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def tracks(self) -> AsyncIterator[Track]:
        await self.over.wait()
        return
        yield  # pragma: no cover

    def roster(self) -> tuple[Speaker, ...]:
        return ()

    async def announce(self, notice: str, to: tuple[Speaker, ...] = ()) -> str:
        return ""


class Door:
    """Refuses the first `errors` tries, each with its error."""

    capabilities = Capabilities(per_speaker_tracks=True, can_announce=True, reports_roster=True)

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.tries: list[float] = []

    @asynccontextmanager
    async def join(self) -> AsyncIterator[Session]:
        self.tries.append(asyncio.get_running_loop().time())
        if self._errors:
            raise self._errors.pop(0)
        yield Visit()


class Kept:
    """A supervisor whose changes are written down."""

    def __init__(self, door: Door, room: str = "lobby") -> None:
        self.told: list[tuple[RoomState, str]] = []
        self.door = door
        self.supervisor = RoomSupervisor(room, door, self._listen, self._tell)

    async def _listen(self, track: Track) -> None:
        async for _ in track.frames():
            pass

    async def _tell(self, state: RoomState, reason: str) -> None:
        self.told.append((state, reason))

    @property
    def states(self) -> list[RoomState]:
        return [state for state, _ in self.told]
