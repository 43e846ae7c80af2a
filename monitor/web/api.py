"""The HTTP API: what is stored, what is so now, and how the service is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import JSONResponse, Response

from monitor.access.roles import Permission, Person
from monitor.errors import StoreFailed
from monitor.masking import hide
from monitor.messages import AlertView
from monitor.model import Severity
from monitor.telemetry.metrics import CONTENT_TYPE
from monitor.views import alert_view, coverage_view
from monitor.web.answers import (
    AlertPage,
    CoverageList,
    GapPage,
    Health,
    RoomCoverage,
    RoomInfo,
    RoomList,
    Trouble,
    UtterancePage,
)
from monitor.web.deps import WebDeps
from monitor.web.permits import needs

Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most")]
Before = Annotated[
    int | None, Query(ge=0, le=2**63 - 1, description="Only those with a lower event number: the next page")
]
OfRoom = Annotated[str | None, Query(description="Only this room")]
Worst = Annotated[Severity | None, Query(description="This severity and worse")]
OfSpeaker = Annotated[str | None, Query(max_length=200, description="Only this speaker (id); give the room, too")]
Named = Annotated[str | None, Query(max_length=200, description="Only speakers of this name; give the room, too")]
OfList = Annotated[str | None, Query(alias="list", max_length=64, description="Only those that this list raised")]
OfRule = Annotated[str | None, Query(max_length=2000, description="Only those that the rule with this label raised")]
OfIncident = Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Only those of this incident")]
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Trouble}}


def api(deps: WebDeps) -> APIRouter:
    router = APIRouter()
    _service(router, deps)
    _rooms(router, deps)
    _alerts(router, deps)
    _record(router, deps)
    return router


def _service(router: APIRouter, deps: WebDeps) -> None:
    @router.get(
        "/healthz",
        response_model=Health,
        responses={503: {"model": Health}},
        tags=["service"],
    )
    async def healthz(who: Annotated[Person, needs(Permission.PUBLIC)]) -> Response:
        """How the service is: 200 when all is well, 503 otherwise; the reasons are for those who may see the rooms."""
        reasons = list(deps.health())
        seq = deps.feed.seq
        try:
            seq = await deps.store.last_seq()
        except StoreFailed as error:
            reasons.append(str(error))
        status = "degraded" if reasons else "ok"
        told = reasons if who.may(Permission.SEE) else []  # they name rooms
        health = Health(status=status, reasons=told, version=deps.hello().version, seq=seq)
        return JSONResponse(health.model_dump(), status_code=503 if reasons else 200)

    @router.get("/metrics", response_class=Response, tags=["service"], dependencies=[needs(Permission.HEALTH)])
    async def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(deps.metrics.text(), media_type=CONTENT_TYPE)


def _rooms(router: APIRouter, deps: WebDeps) -> None:
    @router.get("/api/rooms", tags=["rooms"], dependencies=[needs(Permission.SEE)])
    async def rooms() -> RoomList:
        """The monitored rooms as they are now."""
        return RoomList(rooms=deps.hello().rooms)

    @router.get("/api/rooms/{room}", responses=NOT_FOUND, tags=["rooms"], dependencies=[needs(Permission.PUBLIC)])
    async def room(room: str) -> RoomInfo:
        """A room that can be joined with a browser: its notice and who is in it."""
        info = deps.room_info(room)
        if info is None:
            raise HTTPException(404, f"There is no built-in room {room!r}.")
        return RoomInfo(id=room, name=info["name"], notice=info["notice"], participants=info["participants"])


def _alerts(router: APIRouter, deps: WebDeps) -> None:
    @router.get("/api/alerts", tags=["alerts"], dependencies=[needs(Permission.SEE)])
    async def alerts(
        limit: Limit = 100,
        before: Before = None,
        room: OfRoom = None,
        severity: Worst = None,
        speaker: OfSpeaker = None,
        named: Named = None,
        name: OfList = None,
        rule: OfRule = None,
        incident: OfIncident = None,
    ) -> AlertPage:
        """Alerts with their reasons, newest first. Those of the canary's room only where that room is asked for."""
        without = [] if room else [each.id for each in deps.hello().rooms if each.canary]
        rows = await deps.store.alerts(
            limit,
            before=before,
            room=room,
            severity=severity,
            without=without,
            speaker=speaker,
            named=named,
            list_name=name,
            rule=rule,
            incident=incident,
        )
        return AlertPage(
            alerts=[hide.alert(alert_view(alert)) for _, alert in rows],
            before=rows[-1][0] if len(rows) == limit else None,
        )

    @router.get("/api/alerts/{alert}", responses=NOT_FOUND, tags=["alerts"], dependencies=[needs(Permission.SEE)])
    async def one_alert(alert: str) -> AlertView:
        """One alert with its reasons."""
        found = await deps.store.alert(alert)
        if found is None:
            raise HTTPException(404, f"There is no alert {alert!r}; it may be older than alerts are kept.")
        return hide.alert(alert_view(found))


def _record(router: APIRouter, deps: WebDeps) -> None:
    @router.get("/api/utterances", tags=["record"], dependencies=[needs(Permission.SEE)])
    async def utterances(limit: Limit = 100, before: Before = None, room: OfRoom = None) -> UtterancePage:
        """What was said, newest first."""
        found = await deps.store.utterances(room, limit, before=before)
        return UtterancePage(
            utterances=[hide.heard(one) for one in found], before=found[-1].seq if len(found) == limit else None
        )

    @router.get("/api/coverage", tags=["record"], dependencies=[needs(Permission.SEE)])
    async def coverage() -> CoverageList:
        """How much of each room was examined, and what became of the rest."""
        rooms = await deps.store.coverages()
        return CoverageList(rooms=[RoomCoverage(room=room, coverage=coverage_view(c)) for room, c in rooms.items()])

    @router.get("/api/gaps", tags=["record"], dependencies=[needs(Permission.SEE)])
    async def gaps(limit: Limit = 100, before: Before = None, room: OfRoom = None) -> GapPage:
        """What was not examined, and why, newest first."""
        found = await deps.store.gaps(room, limit, before=before)
        return GapPage(gaps=[hide.gap(one) for one in found], before=found[-1].seq if len(found) == limit else None)
