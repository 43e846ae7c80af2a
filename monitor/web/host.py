"""The part of the API that is the host's: one room, opened by the link alone, without an account.

The token comes in a header of its own (`X-Host-Link`), never in an address: addresses end up in logs. A page of
another origin can't send that header, so nothing can be done in a host's name behind their back.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import HTTPConnection

from monitor.access.roles import Permission, Person, Role
from monitor.consent_model import Act, HostLink
from monitor.errors import RoomConflict
from monitor.model import Speaker
from monitor.web.host_answers import (
    ConsentSaid,
    EntryPage,
    ErasureSaid,
    HostRoom,
    NoticeSaid,
    RoomAccount,
    RoomErasure,
    SpeakerSaid,
    entry_view,
)
from monitor.web.host_views import Hosts, account, room_view
from monitor.web.permits import allowed, person_of
from monitor.web.refusals import REFUSALS

HEADER = "X-Host-Link"
_ACTS = {"grant": Act.GRANT, "pause": Act.PAUSE, "withdraw": Act.WITHDRAW}


def host(hosts: Hosts) -> APIRouter:
    router = APIRouter(responses=REFUSALS, tags=["host"])
    the = _opened(hosts)
    _seeing(router, hosts, the)
    _saying(router, hosts, the)
    return router


def host_person(link: HostLink) -> Person:
    """Who acts over a link: the audit log names the link, and that names for whom it was made."""
    return Person(f"host link {link.id}", frozenset({Role.HOST}), "host", link.room)


def _opened(hosts: Hosts) -> Any:
    """A dependency that gives the link. Raises HostLinkInvalid (401), and Forbidden (403) for staff without one."""

    async def link(connection: HTTPConnection) -> HostLink:
        token = connection.headers.get(HEADER, "")
        if not token:
            allowed(person_of(connection), Permission.HOST)
        found = await hosts.links.open(token)
        allowed(host_person(found), Permission.HOST)
        return found

    link.permission = Permission.HOST  # type: ignore[attr-defined]  # see permits.py
    return Depends(link)


def _seeing(router: APIRouter, hosts: Hosts, the: Any) -> None:
    @router.get("/api/host")
    async def room(link: HostLink = the) -> HostRoom:
        """The room of the link, as it is now."""
        return room_view(hosts, link.room, link.expires_at)

    @router.get("/api/host/receipt")
    async def receipt(link: HostLink = the) -> RoomAccount:
        """What was heard in the room, what is kept of it and until when, and what was deleted."""
        return await account(hosts, link.room)

    @router.get("/api/host/entries")
    async def entries(
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        before: Annotated[int | None, Query(ge=0, le=2**63 - 1)] = None,
        link: HostLink = the,
    ) -> EntryPage:
        """Who said what and when, and each showing of the notice; newest first."""
        found = await hosts.store.consent_history(link.room, limit, before)
        more = found[-1].id if len(found) == limit else None
        return EntryPage(entries=[entry_view(entry) for entry in found], before=more)


def _saying(router: APIRouter, hosts: Hosts, the: Any) -> None:
    @router.post("/api/host/consent")
    async def consent(said: ConsentSaid, link: HostLink = the) -> HostRoom:
        """Switch on, pause or withdraw. In force when the answer comes."""
        await hosts.consents.say(link.room, _ACTS[said.act], host_person(link).name)
        return room_view(hosts, link.room, link.expires_at)

    @router.put("/api/host/notice")
    async def notice(said: NoticeSaid, link: HostLink = the) -> HostRoom:
        """The text, and its language, that people in the room are shown while monitoring runs."""
        text = " ".join(said.text.split())
        await hosts.consents.write_notice(link.room, text, said.language, host_person(link).name)
        return room_view(hosts, link.room, link.expires_at)

    @router.post("/api/host/speakers")
    async def speaker(said: SpeakerSaid, link: HostLink = the) -> HostRoom:
        """Leave a speaker out, or listen to them again."""
        who = host_person(link).name
        await hosts.consents.opt(link.room, Speaker(said.id, said.name), not said.listen, who)
        return room_view(hosts, link.room, link.expires_at)

    @router.post("/api/host/erasure")
    async def erasure(said: ErasureSaid, link: HostLink = the) -> RoomErasure:
        """Have all erased that is kept of the room, but for what is on legal hold."""
        if hosts.custody is None:
            raise RoomConflict("Nothing can be erased while no service runs.")
        why = f"asked for by the host: {said.reason}" if said.reason else "asked for by the host"
        return await hosts.custody.erase_room(link.room, host_person(link).name, why)
