"""Muting and removing people in rooms, over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from monitor.access.roles import Permission, Person
from monitor.messages import RoomActionView
from monitor.moderating import Moderation
from monitor.review.actions import RoomAct
from monitor.store.store import Store
from monitor.views import action_view
from monitor.web.answers import Answer
from monitor.web.keyword_answers import LINE
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS
from monitor.web.review import TAGS
from monitor.web.review_answers import ByWhom

Moderator = Annotated[Person, needs(Permission.MODERATE)]
Room = Annotated[str, Path(max_length=200, description="Id of a room")]
OfRoom = Annotated[str | None, Query(max_length=200, description="Only in this room")]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most")]


class AskAction(ByWhom):
    speaker: str = Field(min_length=1, max_length=200, description="Id of somebody who is in the room")
    action: Literal["mute", "remove"]
    why: str = Field(max_length=500, pattern=LINE, description="Goes into the audit log, for good")
    incident: int | None = Field(None, ge=1, le=2**63 - 1, description="What it is about")


class ActionPage(Answer):
    """Newest first."""

    actions: list[RoomActionView]


def room_actions(store: Store, moderation: Moderation) -> APIRouter:
    router = APIRouter(responses=REFUSALS, tags=TAGS)

    @router.post("/api/rooms/{room}/actions", status_code=202)
    async def ask(room: Room, given: AskAction, who: Moderator) -> RoomActionView:
        """Mute or remove somebody: not at once, so that it can be undone until `due_at`. The feed tells the rest.

        409 where the room can't do it: a room's `actions` say what it can.
        """
        name = who.signed(given.who)
        act = RoomAct(given.action)
        return action_view(await moderation.ask(room, act, given.speaker, name, given.why, given.incident))

    @router.post("/api/actions/{action}/undo")
    async def undo(
        action: Annotated[int, Path(ge=0, le=2**63 - 1)], who: Moderator, given: ByWhom | None = None
    ) -> RoomActionView:
        """It is not done after all. 409 where it is too late."""
        return action_view(await moderation.undo(action, who.signed(given.who if given else "")))

    @router.get("/api/actions", dependencies=[needs(Permission.SEE)])
    async def actions(room: OfRoom = None, limit: Limit = 100) -> ActionPage:
        """What was asked for, and what came of it."""
        return ActionPage(actions=[action_view(one) for one in await store.actions(room, limit=limit)])

    return router
