"""The rooms' part of the HTTP API for the command line: of the running service, or of the register alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from monitor.audit.trail import Trail
from monitor.config import Settings
from monitor.config_rooms import AnyRoom
from monitor.desk import Desk, door
from monitor.errors import ServiceSilent
from monitor.registered import Register
from monitor.room_routes import RoomEntry, room_routes
from monitor.store.schema import migrate, schema_version
from monitor.store.store import Store
from monitor.web.answers import RoomList
from monitor.web.refusals import refuse_in_words

Note = Callable[[str, str, AnyRoom], Awaitable[None]]
"""Who, what they do, and the room."""


def room_desk(settings: Settings, url: str | None = None, token: str = "") -> AbstractAsyncContextManager[Desk]:
    """`url`: of a service that runs elsewhere. Without any service it is written down for the next start."""
    return door(settings.storage.data, url, lambda: _own(settings), token)


class Alone:
    """See `RoomKeeper`: no service runs."""

    def __init__(self, register: Register, note: Note) -> None:
        """`note` writes into the audit log."""
        self._register = register
        self._note = note

    def entries(self) -> list[RoomEntry]:
        fixed = [RoomEntry(origin="settings", room=room) for room in self._register.fixed]
        return fixed + [RoomEntry(origin="added", room=room) for room in self._register.added]

    async def add(self, room: AnyRoom, who: str) -> None:
        self._register.check(room)
        await self._note(who, "rooms.added", room)
        self._register.add(room)

    async def remove(self, room_id: str, who: str) -> AnyRoom:
        await self._note(who, "rooms.removed", self._register.removable(room_id))
        return self._register.remove(room_id)

    async def retry(self, room_id: str) -> None:
        raise ServiceSilent(f"No service runs here, so nothing tries to join {room_id!r}: start `room-monitor run`.")


@asynccontextmanager
async def _own(settings: Settings) -> AsyncIterator[FastAPI]:
    data = settings.storage.data
    register = Register(data, settings.rooms)

    async def note(who: str, action: str, room: AnyRoom) -> None:
        database = data / "monitor.db"
        if schema_version(database) is None:  # rooms may be added before the first start
            await asyncio.to_thread(migrate, database)
        async with Store.open(database, lambda _: None) as store:
            trail = Trail(store, data)
            await trail.begin()
            await trail.note(who, action, room.id, room.id, kind=room.kind)

    app = FastAPI()
    refuse_in_words(app)
    app.include_router(room_routes(Alone(register, note)))

    @app.get("/api/rooms")
    async def rooms() -> RoomList:
        return RoomList(rooms=[])

    yield app
