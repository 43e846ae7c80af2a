"""The part of the API about webhooks: how they stand, and letters that were given up."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from monitor.access.roles import Permission, Person
from monitor.audit.trail import Trail
from monitor.couriers import Couriers
from monitor.store.outbox_records import HookState, Waiting
from monitor.web.answers import Answer
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS

TAGS: list[str | Enum] = ["webhooks"]
Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Operator = Annotated[Person, needs(Permission.HEALTH)]


class HookView(Answer):
    """How one webhook stands."""

    name: str
    sent: int = Field(description="Letters that were taken, ever")
    sent_at: float = Field(description="Unix time of the last one; 0: none yet")
    waiting: int = Field(description="Letters that wait, for their first try or another one")
    oldest: float = Field(description="Unix time at which the oldest of these was made; 0: none waits")
    dead: int = Field(description="Letters that were given up: replay or drop them")
    error: str = Field(description="Of the newest letter that failed, while it waits or is dead")


class HookPage(Answer):
    webhooks: list[HookView]


class LetterView(Answer):
    """A letter that was given up. It holds no words: it is made of its alert when it is sent."""

    id: int
    webhook: str
    message: str = Field(description="`webhook-id`, the same through all tries")
    kind: str = Field(description="`alert.raised`, `alert.changed`, `incident.changed` or `test`")
    subject: str = Field(description="Id of the alert or incident")
    made_at: float = Field(description="Unix time")
    tries: int
    error: str = Field(description="Of the last try")


class LetterPage(Answer):
    """Newest first."""

    letters: list[LetterView]
    before: int | None = Field(description="Ask for ?before= this to get the next, older page; null: no more")


class Count(Answer):
    letters: int = Field(description="How many")


def webhooks(couriers: Couriers, trail: Trail) -> APIRouter:
    router = APIRouter(responses=REFUSALS)

    @router.get("/api/webhooks", tags=TAGS, dependencies=[needs(Permission.HEALTH)])
    async def hooks() -> HookPage:
        """Who else is told of alerts, and how that goes."""
        return HookPage(webhooks=[_hook(state) for state in await couriers.states()])

    @router.get("/api/webhooks/dead", tags=TAGS, dependencies=[needs(Permission.HEALTH)])
    async def dead(
        limit: Annotated[int, Query(ge=1, le=1000, description="How many at most")] = 100,
        before: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Only those with a lower id")] = None,
        webhook: Annotated[str | None, Query(max_length=64, description="Only of this one")] = None,
    ) -> LetterPage:
        """Letters that nobody took in all their tries."""
        found = await couriers.dead(webhook, limit, before)
        return LetterPage(letters=[_letter(one) for one in found], before=found[-1].id if len(found) == limit else None)

    _changes(router, couriers, trail)
    return router


def _changes(router: APIRouter, couriers: Couriers, trail: Trail) -> None:
    @router.post("/api/webhooks/{name}/replay", tags=TAGS)
    async def replay(
        name: Name,
        who: Operator,
        letter: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Only this one; all without it")] = None,
    ) -> Count:
        """Try letters that were given up again, now."""
        await trail.note(who.name, "webhook.replayed", name, letter=letter)
        return Count(letters=await couriers.replay(name, letter))

    @router.delete("/api/webhooks/{name}/dead", tags=TAGS)
    async def drop(name: Name, who: Operator) -> Count:
        """Forget letters that were given up."""
        await trail.note(who.name, "webhook.dropped", name)
        return Count(letters=await couriers.drop(name))

    @router.post("/api/webhooks/{name}/test", tags=TAGS, dependencies=[needs(Permission.HEALTH)])
    async def test(name: Name) -> Count:
        """Send a letter that says it is a test, on the same way as all others."""
        await couriers.test(name)
        return Count(letters=1)


def _hook(state: HookState) -> HookView:
    return HookView(
        name=state.name,
        sent=state.sent,
        sent_at=state.sent_at,
        waiting=state.waiting,
        oldest=state.oldest,
        dead=state.dead,
        error=state.error,
    )


def _letter(letter: Waiting) -> LetterView:
    return LetterView(
        id=letter.id,
        webhook=letter.hook,
        message=letter.message,
        kind=letter.kind,
        subject=letter.subject,
        made_at=letter.made_at,
        tries=letter.tries,
        error=letter.error,
    )
