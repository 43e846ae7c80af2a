"""What helps to decide: the words around an alert, and filters that somebody keeps."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query

from monitor.access.roles import Permission, Person
from monitor.masking import hide
from monitor.store.records import SavedView
from monitor.web.deps import WebDeps
from monitor.web.keyword_answers import LINE
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS
from monitor.web.review import TAGS
from monitor.web.review_answers import Around, RevisionView, SavedViews, SavedViewView, SaveView

Sees = Annotated[Person, needs(Permission.SEE)]
Seconds = Annotated[float, Query(ge=0, le=600, description="How far to both sides")]
Name = Annotated[str, Path(max_length=100, pattern=LINE)]


def review_around(deps: WebDeps) -> APIRouter:
    router = APIRouter(responses=REFUSALS, tags=TAGS)
    _words(router, deps)
    _views(router, deps)
    return router


def _words(router: APIRouter, deps: WebDeps) -> None:
    @router.get("/api/alerts/{alert}/transcript", dependencies=[needs(Permission.SEE)])
    async def transcript(alert: str, seconds: Seconds = 30) -> Around:
        """What everybody in the room said around an alert, and what was heard otherwise when it was heard again."""
        found = await deps.store.alert(alert)
        if found is None:
            raise HTTPException(404, f"There is no alert {alert!r}; it may be older than alerts are kept.")
        last = max((hit.spoken_at for hit in found.hits), default=found.spoken_at)
        since, until = found.spoken_at - seconds, max(last, found.spoken_at) + seconds
        said = await deps.store.around(found.room, since, until)
        again = await deps.store.revisions([one.utterance for one in said])
        revisions = [
            RevisionView(
                utterance=one.utterance,
                at=one.at,
                model=one.model,
                language=one.language,
                began=one.began,
                seconds=one.seconds,
                text=hide.text(one.text),
            )
            for one in again
        ]
        heard = [hide.heard(one) for one in said]
        return Around(alert=alert, since=since, until=until, utterances=heard, revisions=revisions)


def _views(router: APIRouter, deps: WebDeps) -> None:
    @router.get("/api/review/views")
    async def views(who: Sees) -> SavedViews:
        """The filters that you keep."""
        return SavedViews(views=[_view(one) for one in await deps.store.saved_views(who.name)])

    @router.put("/api/review/views/{name}")
    async def save(name: Name, given: SaveView, who: Sees) -> SavedViewView:
        """Keep one, in place of one with the same name. Nobody else sees it."""
        made = await deps.store.save_view(who.name, name, given.query)
        if made is None:
            raise HTTPException(409, "You keep 100 views already: remove one first.")
        return _view(made)

    @router.delete("/api/review/views/{name}", status_code=204)
    async def drop(name: Name, who: Sees) -> None:
        """Remove one."""
        if not await deps.store.drop_view(who.name, name):
            raise HTTPException(404, f"You keep no view {name!r}.")


def _view(one: SavedView) -> SavedViewView:
    return SavedViewView(name=one.name, query=one.query, at=one.at)
