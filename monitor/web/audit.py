"""The part of the API that answers for itself: the audit log, personal data shown with a reason, signed exports."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import Field
from starlette.responses import Response

from monitor.access.roles import Permission, Person
from monitor.audit.trail import Trail
from monitor.exporting import AROUND, Asked, Exporter
from monitor.messages import AlertView, HeardMessage
from monitor.model import AuditEntry
from monitor.store.store import Store
from monitor.views import alert_view
from monitor.web.answers import Answer, Trouble
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS

LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most")]
Before = Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Only entries with a lower number: the next page")]
Filter = Annotated[str | None, Query(max_length=200)]
May = Annotated[Person, needs(Permission.EXPORT)]
AlertId = Annotated[str, Path(max_length=100)]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Trouble}}
ZIP: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {}}, "description": "The archive"},
    **REFUSALS,
}
TAGS: list[str | Enum] = ["audit"]


class AuditView(Answer):
    """One entry of the audit log."""

    number: int = Field(description="1, 2, 3 … without a hole")
    at: float = Field(description="Unix time")
    who: str
    action: str = Field(description="What was done: `evidence.heard`, `alert.decided`, `list.saved` …")
    subject: str = Field(description="Id of what it was done to; may be empty")
    room: str = Field(description="Empty: about no single room")
    detail: dict[str, Any]
    previous: str = Field(description="SHA-256 of the entry before")
    hash: str = Field(description="SHA-256 of this one")


class AuditPage(Answer):
    """Newest first."""

    entries: list[AuditView]
    before: int | None = Field(description="Ask for ?before= this to get the next, older page; null: no more")


class FaultView(Answer):
    number: int = Field(description="The entry that it is about")
    kind: Literal["changed", "missing", "reordered", "cut", "head", "noted"]
    what: str = Field(description="Plain words")


class AuditVerdict(Answer):
    """Whether the audit log is what was written."""

    whole: bool
    entries: int
    head: str = Field(description="Number and hash of the newest entry: write it down elsewhere, and compare later")
    faults: list[FaultView]


class Why(Answer):
    reason: str = Field(
        min_length=3, max_length=500, pattern=LINE, description="Why it is needed; kept in the audit log"
    )


class Revealed(Answer):
    """An alert with all that was said, nothing masked."""

    alert: AlertView
    utterances: list[HeardMessage] = Field(description="What was said in the room from 30 s before to 30 s after")


def audit(store: Store, trail: Trail) -> APIRouter:
    router = APIRouter()
    _log(router, store, trail)
    _reveal(router, store, trail)
    return router


def _log(router: APIRouter, store: Store, trail: Trail) -> None:
    @router.get("/api/audit", tags=TAGS, dependencies=[needs(Permission.AUDIT)])
    async def entries(
        limit: Limit = 100,
        before: Before = None,
        subject: Filter = None,
        room: Filter = None,
        who: Filter = None,
        action: Filter = None,
    ) -> AuditPage:
        """Who did what, newest first. `action` with a dot at its end is all that begin so: `evidence.`"""
        found = await store.audit(limit, before=before, subject=subject, room=room, who=who, action=action)
        older = found[-1].number if len(found) == limit else None
        return AuditPage(entries=[entry_view(entry) for entry in found], before=older)

    @router.get("/api/audit/verify", tags=TAGS, dependencies=[needs(Permission.AUDIT)])
    async def verify() -> AuditVerdict:
        """Read the whole log, and say which entries were changed, moved, left out or cut off."""
        last = await store.last_audit()
        faults = await trail.faults()
        views = [FaultView.model_validate({"number": f.number, "kind": f.kind, "what": f.what}) for f in faults[:1000]]
        head = f"{last.number}:{last.hash}" if last else ""
        return AuditVerdict(whole=not faults, entries=last.number if last else 0, head=head, faults=views)


def entry_view(entry: AuditEntry) -> AuditView:
    try:
        detail = json.loads(entry.detail)
    except ValueError:  # somebody wrote into the database: `verify` says where
        detail = {"unreadable": entry.detail}
    return AuditView(
        number=entry.number,
        at=entry.at,
        who=entry.who,
        action=entry.action,
        subject=entry.subject,
        room=entry.room,
        detail=detail if isinstance(detail, dict) else {"unreadable": entry.detail},
        previous=entry.previous,
        hash=entry.hash,
    )


def _reveal(router: APIRouter, store: Store, trail: Trail) -> None:
    @router.post("/api/alerts/{alert}/reveal", responses=NOT_FOUND, tags=["alerts"])
    async def reveal(alert: AlertId, why: Why, who: Annotated[Person, needs(Permission.REVEAL)]) -> Revealed:
        """Show the personal data that is masked in an alert and in what was said around it. The reason is recorded."""
        found = await store.alert(alert)
        if found is None:
            raise HTTPException(404, f"There is no alert {alert!r}; it may be older than alerts are kept.")
        await trail.note(who.name, "evidence.revealed", alert, found.room, reason=why.reason)
        said = await store.around(found.room, found.spoken_at - AROUND, found.spoken_at + AROUND)
        return Revealed(alert=alert_view(found), utterances=said)


def exports(exporter: Exporter) -> APIRouter:
    router = APIRouter()

    @router.post("/api/alerts/{alert}/export", response_class=Response, responses=ZIP, tags=["alerts"])
    async def of_alert(alert: AlertId, why: Why, who: May) -> Response:
        """An alert as a signed archive: clip, transcript, rules, decisions, audit log. `room-monitor verify` checks it.

        No clip for whoever may not hear audio; personal data masked for whoever may not see it.
        """
        return _archive(await exporter.alert(alert, _asked(who, why)), f"alert-{alert}")

    @router.post("/api/incidents/{incident}/export", response_class=Response, responses=ZIP, tags=["incidents"])
    async def of_incident(incident: Annotated[int, Path(ge=0, le=2**63 - 1)], why: Why, who: May) -> Response:
        """The same for all alerts of an incident."""
        return _archive(await exporter.incident(incident, _asked(who, why)), f"incident-{incident}")

    @router.get("/api/export/key", tags=TAGS, dependencies=[needs(Permission.SEE)])
    async def key() -> ExportKey:
        """The public key with which exports can be checked."""
        return ExportKey(public=await exporter.public_key())

    return router


class ExportKey(Answer):
    public: str = Field(description="Ed25519, base64")


def _asked(who: Person, why: Why) -> Asked:
    return Asked(who.name, why.reason, audio=who.may(Permission.LISTEN), personal=who.may(Permission.REVEAL))


def _archive(content: bytes, name: str) -> Response:
    safe = "".join(character if character.isalnum() and character.isascii() else "-" for character in name)
    headers = {"Content-Disposition": f'attachment; filename="{safe}.zip"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/zip", headers=headers)
