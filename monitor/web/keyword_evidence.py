"""The part of the API that tells how good rules are: hits, verdicts, precision, near misses, suggestions."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query

from monitor.access.roles import Permission, Person
from monitor.catalog.catalog import Catalog
from monitor.catalog.parts import Parts
from monitor.catalog.quality import Quality, RuleQuality
from monitor.keywords.suggest import Suggestion
from monitor.masking import hide
from monitor.model import RuleState
from monitor.store.records import Judgement
from monitor.web import keyword_views as views
from monitor.web.evidence_answers import (
    FromNearMiss,
    GiveVerdict,
    HitCountPage,
    NearMissPage,
    PrecisionPage,
    PrecisionView,
    StoredHitPage,
    SuggestionPage,
    SuggestionView,
    VerdictPage,
    VerdictView,
)
from monitor.web.keyword_answers import NAME, WrittenView
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS

OfList = Annotated[str | None, Query(alias="list", pattern=NAME, description="Only this list")]
OfRule = Annotated[str | None, Query(max_length=2000, description="Only the rule with this label")]
OfState = Annotated[RuleState | None, Query(description="Only of rules that were in this state then")]
Since = Annotated[float, Query(ge=0, le=1e11, description="Unix time")]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most")]
Before = Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Only those with a lower id: the next page")]
Number = Annotated[int, Path(ge=0, le=2**63 - 1)]
Reviewer = Annotated[Person, needs(Permission.REVIEW)]
Editor = Annotated[Person, needs(Permission.LISTS)]
TAGS: list[str | Enum] = ["keyword evidence"]


def evidence(catalog: Catalog) -> APIRouter:
    router = APIRouter(responses=REFUSALS)
    _verdicts(router, catalog)
    _hits(router, catalog)
    _near_misses(router, catalog)
    return router


def _verdicts(router: APIRouter, catalog: Catalog) -> None:
    @router.post("/api/alerts/{alert}/verdict", tags=["alerts"])
    async def alert_verdict(alert: str, given: GiveVerdict, who: Reviewer) -> VerdictView:
        """Say whether an alert was right. A newer verdict of the same person stands in the older one's place."""
        found = await catalog.store.alert(alert)
        if found is None:
            raise HTTPException(404, f"There is no alert {alert!r}; it may be older than alerts are kept.")
        await catalog.note(who.signed(given.who), "alert.decided", alert, found.room, verdict=given.verdict)
        return await _judge(catalog, alert, given, who)

    @router.get("/api/alerts/{alert}/verdicts", tags=["alerts"], dependencies=[needs(Permission.SEE)])
    async def alert_verdicts(alert: str) -> VerdictPage:
        """All that was said of an alert, also what was replaced since, newest first."""
        found = await catalog.store.verdicts(alert)
        return VerdictPage(verdicts=[views.verdict_view(verdict) for verdict in found])

    @router.post("/api/keywords/hits/{hit}/verdict", tags=TAGS)
    async def hit_verdict(hit: Number, given: GiveVerdict, who: Reviewer) -> VerdictView:
        """The same for a hit that raised no alert: of a rule in shadow, say."""
        await catalog.note(who.signed(given.who), "hit.decided", f"hit-{hit}", verdict=given.verdict)
        return await _judge(catalog, f"hit-{hit}", given, who)

    @router.get("/api/keywords/precision", tags=TAGS, dependencies=[needs(Permission.SEE)])
    async def precision(name: OfList = None, since: Since = 0) -> PrecisionPage:
        """Verdicts on each rule's alerts and hits, and the precision that follows."""
        found = await Quality(catalog).precision(name, since)
        return PrecisionPage(rules=[_precision(one) for one in found])


async def _judge(catalog: Catalog, subject: str, given: GiveVerdict, who: Person) -> VerdictView:
    verdict = await catalog.store.add_verdict(subject, Judgement(given.verdict), who.signed(given.who), given.note)
    if verdict is None:
        raise HTTPException(404, f"There is no alert or hit {subject!r}; it may be older than they are kept.")
    return views.verdict_view(verdict)


def _precision(quality: RuleQuality) -> PrecisionView:
    judged = quality.judged
    return PrecisionView(
        list_name=judged.list_name,
        rule=judged.rule,
        right=judged.right,
        wrong=judged.wrong,
        unsure=judged.unsure,
        value=judged.value,
        low=judged.low,
        high=judged.high,
        floor=quality.floor,
        state=quality.state,
    )


def _hits(router: APIRouter, catalog: Catalog) -> None:
    @router.get("/api/keywords/hits", tags=TAGS, dependencies=[needs(Permission.SEE)])
    async def hits(
        name: OfList = None,
        rule: OfRule = None,
        state: OfState = None,
        since: Since = 0,
        limit: Limit = 100,
        before: Before = None,
    ) -> StoredHitPage:
        """What was found, with or without an alert, newest first."""
        found = await catalog.store.stored_hits(name, rule, state=state, since=since, limit=limit, before=before)
        older = found[-1].id if len(found) == limit else None
        return StoredHitPage(hits=[views.stored_hit_view(hit) for hit in found], before=older)

    @router.get("/api/keywords/counts", tags=TAGS, dependencies=[needs(Permission.SEE)])
    async def counts(name: OfList = None, since: Since = 0) -> HitCountPage:
        """How often each rule was found, by its state at the time and by grade."""
        found = await catalog.store.hit_counts(since, name)
        return HitCountPage(since=since, counts=[views.count_view(count) for count in found])

    @router.get("/api/keywords/lists/{name}/suggestions", tags=TAGS, dependencies=[needs(Permission.SEE)])
    async def suggestions(name: Annotated[str, Path(pattern=NAME)]) -> SuggestionPage:
        """Exceptions that would have spared hits that were judged wrong."""
        found = await Quality(catalog).suggestions(name)
        return SuggestionPage(suggestions=[_suggestion(rule, suggestion) for rule, suggestion in found])


def _suggestion(rule: str, found: Suggestion) -> SuggestionView:
    return SuggestionView(
        rule=rule,
        exception=found.exception,
        wrong=found.wrong,
        share=found.share,
        examples=[hide.text(example) for example in found.examples],
    )


def _near_misses(router: APIRouter, catalog: Catalog) -> None:
    @router.get("/api/keywords/near-misses", tags=TAGS, dependencies=[needs(Permission.SEE)])
    async def near_misses(
        name: OfList = None, since: Since = 0, limit: Limit = 100, before: Before = None
    ) -> NearMissPage:
        """What almost was a hit, newest first."""
        found = await catalog.store.near_misses(name, since=since, limit=limit, before=before)
        older = found[-1].id if len(found) == limit else None
        return NearMissPage(near_misses=[views.near_miss_view(miss) for miss in found], before=older)

    @router.post("/api/keywords/near-misses/{number}/rule", tags=TAGS)
    async def rule_of(number: Number, asked: FromNearMiss, who: Editor) -> WrittenView:
        """From now on it is a hit: its words become a phrase of the list that they nearly hit."""
        written = await Parts(catalog).rule_from_near_miss(
            number, asked.text, asked.severity, who.signed(asked.who), asked.why
        )
        return views.written_view(written)

    @router.post("/api/keywords/near-misses/{number}/exception", tags=TAGS)
    async def exception_of(number: Number, asked: FromNearMiss, who: Editor) -> WrittenView:
        """It will not become a hit either: its words become an exception."""
        return views.written_view(
            await Parts(catalog).exception_from_near_miss(number, asked.text, who.signed(asked.who), asked.why)
        )
