"""Hosts' links for the command line: over the running service, or on the data directory where none runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from monitor.audit.trail import Trail
from monitor.config import Settings
from monitor.consenting import Consents
from monitor.desk import Desk, door
from monitor.hosting import HostLinks
from monitor.model import RoomState
from monitor.registered import Register
from monitor.store.schema import migrate, schema_version
from monitor.store.store import Store
from monitor.web.host_links import host_links
from monitor.web.host_views import Hosts, RoomSeen
from monitor.web.refusals import refuse_in_words


def host_desk(settings: Settings, url: str | None = None, token: str = "") -> AbstractAsyncContextManager[Desk]:
    """`url`: of a service that runs elsewhere; `token`: an API token for it."""
    return door(settings.storage.data, url, lambda: _own(settings), token)


@asynccontextmanager
async def _own(settings: Settings) -> AsyncIterator[FastAPI]:
    data = settings.storage.data
    if schema_version(data / "monitor.db") is None:
        await asyncio.to_thread(migrate, data / "monitor.db")
    rooms = {room.id: room for room in Register(data, settings.rooms).all_ready}
    async with Store.open(data / "monitor.db", lambda _: None) as store:
        trail = Trail(store, data)
        await trail.begin()
        consents = Consents(store, trail, time.time)
        for room in rooms.values():
            await consents.look(room.id, required=settings.consent.needed(room.consent))

        def seen(room: str) -> RoomSeen | None:
            found = rooms.get(room)
            return RoomSeen(found.name or found.id, found.notice, RoomState.IDLE) if found else None

        links = HostLinks(store, trail, data, time.time, settings.consent.link_days)
        app = FastAPI()
        refuse_in_words(app)
        app.include_router(host_links(Hosts(consents, links, store, seen, time.time, settings.storage.keep_days)))
        yield app
