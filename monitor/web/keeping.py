"""The part of the API about keeping and erasing evidence: what goes tonight, holds, erasures, receipts, sessions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import Field

from monitor.access.roles import Permission, Person
from monitor.evidence_model import Hold, Kind, Receipt, RoomSession, Scope
from monitor.keeping import Going, Keeping, Tonight
from monitor.web.answers import Answer
from monitor.web.keyword_answers import LINE
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS

Keeper = Annotated[Person, needs(Permission.KEEP)]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Before = Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Only those with a lower number: the next page")]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most")]
OfRoom = Annotated[str | None, Query(description="Only this room")]
SHOWN = 1000
"""Alerts in a dry run, at most; the counts are of all."""
KindName = Literal["room", "speaker", "session", "alert"]


class About(Answer):
    """What a hold or an erasure is about."""

    kind: KindName
    subject: str = Field(min_length=1, max_length=200, description="Its id")
    room: str = Field("", max_length=200, description="Of a speaker: only there; empty: in all rooms")
    reason: str = Field(max_length=1000, pattern=LINE, description="One line; kept for good, so name nobody")

    @property
    def scope(self) -> Scope:
        return Scope(Kind(self.kind), self.subject, self.room if self.kind == "speaker" else "")


class NewHold(About):
    """Keeps it whatever retention says."""

    until: float = Field(ge=0, le=1e11, description="Unix time at which it runs out")


class Release(Answer):
    reason: str = Field(max_length=1000, pattern=LINE, description="One line; kept for good, so name nobody")


class HoldView(Answer):
    id: int
    kind: KindName
    subject: str
    room: str
    reason: str
    who: str
    at: float
    until: float
    released_at: float | None
    released_by: str
    release_reason: str


class HoldPage(Answer):
    """Newest first; also those that are over."""

    holds: list[HoldView]


class ReceiptView(Answer):
    """That a key was destroyed or data erased: numbered without holes, and chained."""

    id: int
    at: float
    kind: Literal["session", "clip", "erasure"]
    who: str
    why: str
    room: str
    session: str
    subject: str = Field(description="What was destroyed; a speaker by the hash of the id")
    detail: dict[str, Any] = Field(description="Counts, fingerprint of the key, what a look afterwards found")
    digest: str


class ReceiptPage(Answer):
    """Newest first."""

    receipts: list[ReceiptView]
    before: int | None = Field(description="Ask for ?before= this to get the next, older page; null: no more")


class ReceiptCheck(Answer):
    id: int
    holds: bool = Field(description="True: what it says is destroyed can't be found or opened")
    wrong: list[str]


class GoingView(Answer):
    """One alert whose time has come."""

    alert: str
    room: str
    severity: str
    raised_at: float
    due_at: float
    why: str
    clip: bool
    hold: int | None = Field(description="Number of the hold that keeps it all the same; null: it goes")


class RetentionView(Answer):
    """What retention would do now."""

    alerts: int = Field(description="That go, with their clips")
    held: int = Field(description="That would go, but for a hold")
    utterances: int
    events: int = Field(description="Messages of the feed")
    sessions: int = Field(description="Visits to rooms whose keys are destroyed")
    before: float = Field(description="Unix time; what was said earlier goes")
    going: list[GoingView] = Field(description="The alerts, at most 1,000")


class SessionView(Answer):
    """One visit of the monitor to a room."""

    id: str
    room: str
    opened_at: float
    closed_at: float | None
    key: Literal["kept", "destroyed"]
    destroyed_at: float | None
    clips: int


class SessionPage(Answer):
    """Newest first."""

    sessions: list[SessionView]


def keeping(keeper: Keeping) -> APIRouter:
    router = APIRouter(tags=["evidence"], responses=REFUSALS)
    _retention(router, keeper)
    _holds(router, keeper)
    _erasures(router, keeper)
    return router


def _retention(router: APIRouter, keeper: Keeping) -> None:
    @router.get("/api/retention", dependencies=[needs(Permission.KEEP)])
    async def dry_run() -> RetentionView:
        """What would go now. Nothing does."""
        return _tonight(await keeper.tonight())

    @router.post("/api/retention")
    async def retention_now(who: Keeper) -> RetentionView:
        """Let go now what has had its time; it is done every hour anyway."""
        return _tonight(await keeper.run())

    @router.get("/api/sessions", dependencies=[needs(Permission.KEEP)])
    async def sessions(room: OfRoom = None, limit: Limit = 100) -> SessionPage:
        """Visits to rooms, each with its own key, and whether that is still there."""
        return SessionPage(sessions=[_session(each) for each in await keeper.store.room_sessions(room, limit)])


def _holds(router: APIRouter, keeper: Keeping) -> None:
    @router.get("/api/holds", dependencies=[needs(Permission.KEEP)])
    async def holds() -> HoldPage:
        """Legal holds, those that stand and those that are over."""
        return HoldPage(holds=[_hold(each) for each in await keeper.store.holds()])

    @router.post("/api/holds", status_code=201)
    async def add_hold(given: NewHold, who: Keeper) -> HoldView:
        """Keep a room, speaker, session or alert until a day, whatever retention says. Nobody can erase it then."""
        return _hold(await keeper.hold(given.scope, given.until, given.reason, who.name))

    @router.post("/api/holds/{number}/release")
    async def release(number: Number, given: Release, who: Keeper) -> HoldPage:
        """End a hold before its time."""
        await keeper.release(number, given.reason, who.name)
        return HoldPage(holds=[_hold(each) for each in await keeper.store.holds()])


def _erasures(router: APIRouter, keeper: Keeping) -> None:
    @router.post("/api/erasures", status_code=201)
    async def erase(given: About, who: Keeper) -> ReceiptView:
        """Erase everything about a room, speaker, session or alert, for good, and say what a look afterwards found."""
        return _receipt(await keeper.erase(given.scope, given.reason, who.name))

    @router.get("/api/receipts", dependencies=[needs(Permission.KEEP)])
    async def receipts(
        limit: Limit = 100,
        before: Before = None,
        room: OfRoom = None,
        kind: Annotated[Literal["session", "clip", "erasure"] | None, Query(description="Only of this kind")] = None,
    ) -> ReceiptPage:
        """What was destroyed, when and why."""
        found = await keeper.store.receipts(limit, before=before, room=room, kind=kind)
        return ReceiptPage(
            receipts=[_receipt(each) for each in found], before=found[-1].id if len(found) == limit else None
        )

    @router.get("/api/receipts/{number}", dependencies=[needs(Permission.KEEP)])
    async def receipt(number: Number) -> ReceiptView:
        """One of them."""
        found = await keeper.store.receipt(number)
        if found is None:
            raise HTTPException(404, f"There is no receipt {number}.")
        return _receipt(found)

    @router.get("/api/receipts/{number}/check", dependencies=[needs(Permission.KEEP)])
    async def check(number: Number) -> ReceiptCheck:
        """Try again whether what the receipt says is destroyed can be found or opened."""
        wrong = await keeper.check_receipt(number)
        return ReceiptCheck(id=number, holds=not wrong, wrong=wrong)


def _tonight(found: Tonight) -> RetentionView:
    going = [each for each in found.going if each.hold is None]
    return RetentionView(
        alerts=len(going),
        held=len(found.going) - len(going),
        utterances=found.utterances,
        events=found.events,
        sessions=found.sessions,
        before=found.before,
        going=[_going(each) for each in found.going[:SHOWN]],
    )


def _going(each: Going) -> GoingView:
    return GoingView(
        alert=each.alert.id,
        room=each.alert.room,
        severity=each.alert.severity.value,
        raised_at=each.alert.raised_at,
        due_at=each.due.at,
        why=each.due.why,
        clip=bool(each.alert.session),
        hold=each.hold.id if each.hold else None,
    )


def _hold(hold: Hold) -> HoldView:
    return HoldView(
        id=hold.id,
        kind=hold.kind.value,
        subject=hold.subject,
        room=hold.room,
        reason=hold.reason,
        who=hold.who,
        at=hold.at,
        until=hold.until,
        released_at=hold.released_at,
        released_by=hold.released_by,
        release_reason=hold.release_reason,
    )


def _receipt(receipt: Receipt) -> ReceiptView:
    return ReceiptView(
        id=receipt.id,
        at=receipt.at,
        kind=receipt.kind,
        who=receipt.who,
        why=receipt.why,
        room=receipt.room,
        session=receipt.session,
        subject=receipt.subject,
        detail=dict(receipt.detail),
        digest=receipt.digest,
    )


def _session(session: RoomSession) -> SessionView:
    return SessionView(
        id=session.id,
        room=session.room,
        opened_at=session.opened_at,
        closed_at=session.closed_at,
        key="destroyed" if session.key is None else "kept",
        destroyed_at=session.destroyed_at,
        clips=session.clips,
    )
