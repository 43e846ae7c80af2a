"""The review part of the API: the queue of incidents and what people decide about them."""

from __future__ import annotations

import re
import time
from enum import Enum
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Query

from monitor.access.roles import Permission, Person
from monitor.masking import hide
from monitor.messages import AlertView
from monitor.model import Severity
from monitor.review.decisions import Act, Decision
from monitor.review.incident import Incident, Judgement, Status
from monitor.reviewing import Reviews
from monitor.store.review_records import Wanted
from monitor.views import alert_view, incident_view
from monitor.web.deps import WebDeps
from monitor.web.keyword_answers import NAME
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS
from monitor.web.review_answers import (
    ByWhom,
    Decide,
    Decided,
    DecisionView,
    Escalate,
    GiveNote,
    HandOver,
    IncidentCount,
    IncidentCounts,
    IncidentDetail,
    IncidentPage,
    PlanView,
    Undo,
)

Sees = Annotated[Person, needs(Permission.SEE)]
Reviewer = Annotated[Person, needs(Permission.REVIEW)]
Number = Annotated[int, Path(ge=0, le=2**63 - 1, description="Id of an incident")]
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most")]
After = Annotated[
    str | None, Query(pattern=r"^[0-4]-\d{1,18}$", description="What the page before gave as `after`: the next page")
]
Which = Annotated[
    Literal["waiting", "open", "escalated", "done", "all"], Query(description="waiting: open and escalated")
]
Worst = Annotated[Severity | None, Query(description="This severity and worse")]
OfRoom = Annotated[str | None, Query(max_length=200, description="With an alert in this room")]
OfSpeaker = Annotated[str | None, Query(max_length=200, description="Of this speaker (id) in that room")]
OfList = Annotated[str | None, Query(alias="list", pattern=NAME, description="Opened by a rule of this list")]
OfRule = Annotated[str | None, Query(max_length=2000, description="Opened by the rule with this label")]
Said = Annotated[Judgement | None, Query(description="Decided so")]
Claim = Annotated[Literal["any", "free", "held", "mine"], Query(description="Whether somebody works on it")]
Order = Annotated[Literal["newest", "worst"], Query(description="worst: by severity, then newest")]
Since = Annotated[float | None, Query(ge=0, le=1e11, description="Unix time of the newest alert: from then on")]
Until = Annotated[float | None, Query(ge=0, le=1e11, description="The same: before then")]
TAGS: list[str | Enum] = ["review"]

_STATUS = {"waiting": (Status.OPEN, Status.ESCALATED), "all": tuple(Status)}
_CURSOR = re.compile(r"([0-4])-(\d{1,18})", re.ASCII)


def review(deps: WebDeps) -> APIRouter:
    router = APIRouter(responses=REFUSALS, tags=TAGS)
    _queue(router, deps)
    _decisions(router, deps, Reviews(deps.store, deps.trail, deps.review))
    return router


def _queue(router: APIRouter, deps: WebDeps) -> None:
    @router.get("/api/review/plan", dependencies=[needs(Permission.SEE)])
    async def plan() -> PlanView:
        """Reasons and actions to choose from, and how long things hold."""
        it = deps.review
        return PlanView(claim=it.claim, undo=it.undo, reasons=list(it.reasons), taken=list(it.taken))

    @router.get("/api/incidents")
    async def incidents(
        who: Sees,
        status: Which = "waiting",
        severity: Worst = None,
        room: OfRoom = None,
        speaker: OfSpeaker = None,
        name: OfList = None,
        rule: OfRule = None,
        verdict: Said = None,
        claim: Claim = "any",
        since: Since = None,
        until: Until = None,
        order: Order = "newest",
        limit: Limit = 100,
        after: After = None,
    ) -> IncidentPage:
        """The queue: alerts grouped into what is one matter."""
        wanted = Wanted(
            status=_STATUS.get(status) or (Status(status),),
            severity=severity,
            room=room,
            speaker=speaker,
            list_name=name,
            rule=rule,
            verdict=verdict,
            since=since,
            until=until,
            claim=claim,
            who=who.name,
            now=time.time(),
            order=order,
            after=_cursor(after),
        )
        found = await deps.store.incidents(wanted, limit)
        newest = await deps.store.alerts_by_id([one.last_alert for one in found])
        return IncidentPage(
            incidents=[incident_view(one) for one in found],
            alerts=[hide.alert(alert_view(one)) for one in newest],
            after=f"{found[-1].severity.rank}-{found[-1].id}" if len(found) == limit else None,
        )

    @router.get("/api/incidents/counts", dependencies=[needs(Permission.SEE)])
    async def counts() -> IncidentCounts:
        """How many wait, by status and severity."""
        found = await deps.store.incident_counts()
        views = [
            IncidentCount(status=status.value, severity=severity.value, count=count)
            for (status, severity), count in found.items()
        ]
        return IncidentCounts(counts=views)

    @router.get("/api/incidents/{incident}", dependencies=[needs(Permission.SEE)])
    async def one(incident: Number) -> IncidentDetail:
        """One incident, its alerts and what was decided."""
        found = await deps.store.incident(incident)
        if found is None:
            raise HTTPException(404, f"There is no incident {incident}; it may be older than they are kept.")
        return IncidentDetail(
            incident=incident_view(found), alerts=await _alerts(deps, found), decisions=await _history(deps, incident)
        )


def _decisions(router: APIRouter, deps: WebDeps, reviews: Reviews) -> None:
    @router.post("/api/incidents/{incident}/claim")
    async def claim(incident: Number, who: Reviewer, given: ByWhom | None = None) -> IncidentDetail:
        """Work on it: for a while nobody else can decide it. 409 where somebody does already; say who in `detail`."""
        found = await reviews.claim(incident, who.signed(given.who if given else ""))
        return IncidentDetail(
            incident=incident_view(found), alerts=await _alerts(deps, found), decisions=await _history(deps, incident)
        )

    @router.post("/api/incidents/{incident}/release")
    async def release(incident: Number, who: Reviewer, given: ByWhom | None = None) -> Decided:
        """Let somebody else have it."""
        name = who.signed(given.who if given else "")
        return _decided(await reviews.do(Decision(incident, Act.RELEASE, name, time.time()), _supervises(who)))

    @router.post("/api/incidents/{incident}/hand")
    async def hand(incident: Number, given: HandOver, who: Reviewer) -> Decided:
        """Hand it over to somebody, who has it then."""
        return _decided(
            await reviews.hand(incident, who.signed(given.who), given.to, given.note, supervisor=_supervises(who))
        )

    @router.post("/api/incidents/{incident}/escalate")
    async def escalate(incident: Number, given: Escalate, who: Reviewer) -> Decided:
        """Have it decided by somebody else. It is nobody's then."""
        asked = Decision(incident, Act.ESCALATE, who.signed(given.who), time.time(), to=given.to, note=given.note)
        return _decided(await reviews.do(asked))

    @router.post("/api/incidents/{incident}/note")
    async def note(incident: Number, given: GiveNote, who: Reviewer) -> Decided:
        """Say something about it. Anybody may, whoever works on it."""
        return _decided(
            await reviews.do(Decision(incident, Act.NOTE, who.signed(given.who), time.time(), note=given.note))
        )

    @router.post("/api/incidents/{incident}/verdict")
    async def verdict(incident: Number, given: Decide, who: Reviewer) -> Decided:
        """Right, wrong or unsure: said of each of its alerts, from which the precision of their rules follows."""
        asked = Decision(
            incident,
            Act.VERDICT,
            who.signed(given.who),
            time.time(),
            alert=given.alert,
            verdict=Judgement(given.verdict),
            reason=given.reason,
            taken=given.taken,
            note=given.note,
        )
        return _decided(await reviews.do(asked))

    @router.post("/api/incidents/{incident}/undo")
    async def undo(incident: Number, given: Undo, who: Reviewer) -> Decided:
        """Take back one's own verdict, escalation or hand-over. Both stay on the record."""
        asked = Decision(incident, Act.UNDO, who.signed(given.who), time.time(), undoes=given.decision)
        return _decided(await reviews.do(asked, _supervises(who)))


def _supervises(who: Person) -> bool:
    """Whether they may take back what others decided."""
    return who.may(Permission.USERS)


async def _alerts(deps: WebDeps, incident: Incident) -> list[AlertView]:
    return [hide.alert(alert_view(one)) for _, one in await deps.store.incident_alerts([incident.id])]


async def _history(deps: WebDeps, incident: int) -> list[DecisionView]:
    found = await deps.store.decisions(incident)
    undone = {each.undoes for each in found if each.act is Act.UNDO}
    return [_decision(each, each.id in undone) for each in found]


def _decided(made: tuple[Incident, Decision]) -> Decided:
    return Decided(incident=incident_view(made[0]), decision=_decision(made[1], False))


def _decision(one: Decision, undone: bool) -> DecisionView:
    return DecisionView(
        id=one.id,
        act=one.act.value,
        who=one.who,
        at=one.at,
        alert=one.alert,
        until=one.until,
        to=one.to,
        verdict=one.verdict.value if one.verdict else None,
        reason=one.reason,
        taken=one.taken,
        note=hide.text(one.note),
        undoes=one.undoes,
        undone=undone,
    )


def _cursor(after: str | None) -> tuple[int, int] | None:
    found = _CURSOR.fullmatch(after or "")
    return (int(found[1]), int(found[2])) if found else None
