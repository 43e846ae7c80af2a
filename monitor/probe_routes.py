"""The part of the HTTP API that says where a join to a room fails. Beside `monitor.web`, as it speaks of settings."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from monitor.access.roles import Permission, Person
from monitor.audit.trail import Trail
from monitor.config_rooms import AnyRoom
from monitor.errors import Busy, RoomConflict, RoomUnknown, Step
from monitor.rooms.verdict import Report
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS

Id = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="Id of a room")]
Seconds = Annotated[float, Query(ge=1, le=30, description="How long to listen at most")]
Probe = Callable[[AnyRoom, float], Awaitable[Report]]
"""A room and the seconds to listen. Raises ConfigInvalid where a secret can't be read."""


class StepView(BaseModel):
    """One step on the way to hearing somebody."""

    step: Step
    outcome: Literal["ok", "failed", "not tried"]
    at: float | None = Field(description="Seconds since the beginning; null: not tried, or nobody knows")
    detail: str


class ProbeView(BaseModel):
    """How far a join came."""

    room: str
    at: float = Field(description="Unix time at which it was asked")
    failed: Step | None = Field(description="The first step that did; null: none")
    reason: str = Field(description="Why, or what remains open; empty: all is well")
    advice: str = Field(description="What to do about it")
    took: float = Field(description="Seconds")
    steps: list[StepView]
    present: list[str] = Field(description="Names of who is in the room")
    heard: list[str] = Field(description="Names of whom sound came from")


class ProbePage(BaseModel):
    probes: list[ProbeView]


class Prober:
    """Probes one room at a time and remembers the last verdict on each."""

    def __init__(
        self, rooms: Callable[[], dict[str, AnyRoom]], probe: Probe, refusal: Callable[[str], str] = lambda _: ""
    ) -> None:
        """`rooms`: what may be probed, by id; `refusal`: why nobody may listen in a room, not for a moment; empty:
        one may."""
        self._rooms = rooms
        self._probe = probe
        self._refusal = refusal
        self._running = False
        self._last: dict[str, ProbeView] = {}

    @property
    def last(self) -> list[ProbeView]:
        """The last verdict on each room that is there."""
        return [self._last[room] for room in self._rooms() if room in self._last]

    def knows(self, room_id: str) -> bool:
        return room_id in self._rooms()

    async def ask(self, room_id: str, seconds: float) -> ProbeView:
        """Raises RoomUnknown, RoomConflict, Busy, ConfigInvalid."""
        room = self._rooms().get(room_id)
        if room is None:
            raise RoomUnknown(f"There is no room {room_id!r} that could be probed.")
        if refusal := self._refusal(room_id):
            raise RoomConflict(f"A probe listens for a moment, and {refusal}.")
        if self._running:
            raise Busy("Another room is being probed: try again in a moment.")
        self._running = True
        at = time.time()
        try:
            found = await self._probe(room, seconds)
        finally:
            self._running = False
        self._last[room_id] = view = _view(room_id, at, found)
        return view


def probe_routes(prober: Prober, trail: Trail | None = None) -> APIRouter:
    router = APIRouter(responses=REFUSALS, tags=["rooms"])

    @router.get("/api/probes")
    async def probes(_: Annotated[Person, needs(Permission.HEALTH)]) -> ProbePage:
        """The last verdict on each room that was probed since the service began."""
        return ProbePage(probes=prober.last)

    @router.post("/api/rooms/{room}/probe")
    async def probe(room: Id, who: Annotated[Person, needs(Permission.ROOMS)], seconds: Seconds = 5) -> ProbeView:
        """Join as somebody of our own, listen for a few seconds, leave, and say which step failed. Nothing is kept."""
        if trail is not None and prober.knows(room):
            await trail.note(who.name, "room.probed", room, room)
        return await prober.ask(room, seconds)

    return router


def _view(room: str, at: float, found: Report) -> ProbeView:
    return ProbeView(
        room=room,
        at=at,
        failed=found.failed,
        reason=found.reason,
        advice=found.advice,
        took=round(found.took, 3),
        steps=[StepView(step=s.step, outcome=s.outcome, at=s.at, detail=s.detail) for s in found.steps],
        present=list(found.present),
        heard=[voice.name for voice in found.voices if voice.sound],
    )
