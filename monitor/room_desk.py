"""The rooms' part of the HTTP API for the command line: of the running service, or of the register alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from monitor.config import Settings
from monitor.config_rooms import AnyRoom
from monitor.desk import Desk, door
from monitor.errors import ServiceSilent
from monitor.registered import Register
from monitor.room_routes import RoomEntry, room_routes
from monitor.web.answers import RoomList
from monitor.web.refusals import refuse_in_words


def room_desk(settings: Settings, url: str | None = None, token: str = "") -> AbstractAsyncContextManager[Desk]:
    """`url`: of a service that runs elsewhere. Without any service it is written down for the next start."""
    return door(settings.storage.data, url, lambda: _own(settings), token)


class Alone:
    """See `RoomKeeper`: no service runs."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def entries(self) -> list[RoomEntry]:
        fixed = [RoomEntry(origin="settings", room=room) for room in self._register.fixed]
        return fixed + [RoomEntry(origin="added", room=room) for room in self._register.added]

    async def add(self, room: AnyRoom) -> None:
        self._register.add(room)

    async def remove(self, room_id: str) -> AnyRoom:
        return self._register.remove(room_id)

    async def retry(self, room_id: str) -> None:
        raise ServiceSilent(f"No service runs here, so nothing tries to join {room_id!r}: start `room-monitor run`.")


@asynccontextmanager
async def _own(settings: Settings) -> AsyncIterator[FastAPI]:
    app = FastAPI()
    refuse_in_words(app)
    app.include_router(room_routes(Alone(Register(settings.storage.data, settings.rooms))))

    @app.get("/api/rooms")
    async def rooms() -> RoomList:
        return RoomList(rooms=[])

    yield app
