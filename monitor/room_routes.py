"""The part of the HTTP API that adds and removes rooms. Beside `monitor.web`, as it speaks of settings."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, Field

from monitor.access.roles import Permission, Person
from monitor.config_rooms import AnyRoom
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS

Id = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="Id of a room")]
Operator = Annotated[Person, needs(Permission.ROOMS)]


class RoomEntry(BaseModel):
    """A room's settings. Secrets are references, so there is none in here."""

    origin: Literal["settings", "added"] = Field(description="added: at run time; can be removed the same way")
    room: AnyRoom


class RoomEntries(BaseModel):
    rooms: list[RoomEntry]


class RoomKeeper(Protocol):
    """What adds and removes: the service, or the register alone where no service runs. `who`: for the audit log."""

    def entries(self) -> list[RoomEntry]: ...

    async def add(self, room: AnyRoom, who: str) -> None:
        """Raises RoomConflict, ConfigInvalid."""
        ...

    async def remove(self, room_id: str, who: str) -> AnyRoom:
        """Raises RoomConflict, RoomUnknown."""
        ...

    async def retry(self, room_id: str) -> None:
        """Raises RoomUnknown."""
        ...


def room_routes(keeper: RoomKeeper) -> APIRouter:
    router = APIRouter(responses=REFUSALS, tags=["rooms"])

    @router.get("/api/room-settings", dependencies=[needs(Permission.ROOMS)])
    async def room_settings() -> RoomEntries:
        """The settings of all rooms, and where each comes from."""
        return RoomEntries(rooms=keeper.entries())

    @router.post("/api/rooms", status_code=201)
    async def add(room: Annotated[AnyRoom, Body()], who: Operator) -> RoomEntry:
        """Monitor one more room, from now on and after every start. How it goes on is in the feed."""
        await keeper.add(room, who.name)
        return RoomEntry(origin="added", room=room)

    @router.delete("/api/rooms/{room}")
    async def remove(room: Id, who: Operator) -> RoomEntry:
        """Leave a room that was added at run time. What was heard there stays on the record."""
        return RoomEntry(origin="added", room=await keeper.remove(room, who.name))

    @router.post("/api/rooms/{room}/retry", status_code=202, dependencies=[needs(Permission.ROOMS)])
    async def retry(room: Id) -> None:
        """Where the room waits or failed: try again now."""
        await keeper.retry(room)

    return router
