"""The part of the API with which staff give links to hosts, and see what rooms have agreed to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from monitor.access.roles import Permission, Person
from monitor.consent_model import HostLink
from monitor.web.host_answers import EntryPage, HostRoom, LinkList, LinkSaid, LinkView, NewLink, entry_view, link_view
from monitor.web.host_views import Hosts, room_view
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS

PAGE = "/host#"
"""What is behind the # never leaves the browser: no server, proxy or log sees the token."""
Room = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="Id of a room")]
LinkId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Id of a host's link")]
Maker = Annotated[Person, needs(Permission.ROOMS)]
Seer = Annotated[Person, needs(Permission.SEE)]


def host_links(hosts: Hosts) -> APIRouter:
    router = APIRouter(responses=REFUSALS, tags=["host"])

    @router.post("/api/rooms/{room}/host-links", status_code=201)
    async def make(room: Room, said: LinkSaid, who: Maker) -> NewLink:
        """A link for the room's host. The answer is the only place where it ever stands."""
        hosts.room(room)
        link, token = await hosts.links.make(room, who.name, said.note, said.days)
        return NewLink(link=link_view(link, hosts.clock()), path=PAGE + token)

    @router.get("/api/host-links")
    async def all_links(
        _: Maker, room: Annotated[str | None, Query(max_length=64, description="Only this room's")] = None
    ) -> LinkList:
        """Hosts' links, newest first, also those that are out of force."""
        return LinkList(links=[_view(hosts, link) for link in await hosts.links.all(room)])

    @router.delete("/api/host-links/{link}")
    async def revoke(link: LinkId, who: Maker) -> LinkView:
        """Put a link out of force, now and for good. What its host has said stays in force."""
        return _view(hosts, await hosts.links.revoke(link, who.name))

    @router.get("/api/rooms/{room}/consent")
    async def consent(room: Room, _: Seer) -> HostRoom:
        """What a room has agreed to, as its host sees it."""
        return room_view(hosts, room)

    @router.get("/api/rooms/{room}/consent/entries")
    async def entries(
        room: Room,
        _: Seer,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        before: Annotated[int | None, Query(ge=0, le=2**63 - 1)] = None,
    ) -> EntryPage:
        """Who said what and when, and each showing of the notice; newest first."""
        found = await hosts.store.consent_history(room, limit, before)
        more = found[-1].id if len(found) == limit else None
        return EntryPage(entries=[entry_view(entry) for entry in found], before=more)

    return router


def _view(hosts: Hosts, link: HostLink) -> LinkView:
    return link_view(link, hosts.clock())
