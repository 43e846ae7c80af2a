"""The real service with all of its API, in the test's own loop: only the recogniser is one that hears nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from monitor import house as houses
from monitor.access.roles import Role
from monitor.app import Service
from monitor.config import Keywords, Settings, Storage, Voices, Web
from monitor.config_access import OidcSettings
from monitor.config_rooms import Room
from monitor.house import House
from monitor.rooms.ice import allow_loopback
from monitor.speech.recogniser import Recogniser
from monitor.store.schema import migrate
from monitor.store.store import Store
from tests.helpers.floor import Typist
from tests.helpers.staff import STAFF, accounts_over
from tests.helpers.trails import trail_of

LIST = """
name = "test-en"
title = "For a test"
languages = ["en"]
severity = "high"
phrases = ["free money"]
"""


@dataclass(frozen=True)
class Whole:
    url: str
    service: Service
    house: House
    tokens: Mapping[Role, str]  # an API token of somebody who has this role alone
    data: Path


def settings_of(directory: Path, **more: object) -> Settings:
    values: dict[str, object] = {
        "rooms": (Room(id="lobby", name="Lobby"),),
        "web": Web(port=0),
        "storage": Storage(data=directory / "data"),
        "keywords": Keywords(lists=directory / "lists"),
        "voices": Voices(model=""),
        "grace": 5.0,
    }
    return Settings(**{**values, **more})


async def staffed(data: Path) -> dict[Role, str]:
    """Accounts and tokens in the database of a service that doesn't run yet."""
    await asyncio.to_thread(migrate, data / "monitor.db")
    async with Store.open(data / "monitor.db", lambda _: None) as store:
        accounts = await accounts_over(store)
        await trail_of(store, data)
        made = {role: await accounts.add_token(role.value, "test", None, 86400.0, "test") for role in STAFF}
    return {role: secret for role, (_, secret) in made.items()}


@asynccontextmanager
async def whole_service(
    directory: Path,
    *,
    oidc: OidcSettings | None = None,
    web: Web | None = None,
    staff: bool = True,
    hears: Recogniser | None = None,
    **more: object,
) -> AsyncIterator[Whole]:
    """With an account of each role of the staff, and a keyword list. `hears`: in place of one that hears nothing."""
    settings = settings_of(directory, oidc=oidc or OidcSettings(), web=web or Web(port=0), **more)
    settings.keywords.lists.mkdir(parents=True)
    (settings.keywords.lists / "test-en.toml").write_text(LIST, "utf-8")
    data = settings.storage.data
    tokens = await staffed(data) if staff else {}
    allow_loopback()
    service, up = Service(settings), asyncio.get_running_loop().create_future()

    async def beside(url: str) -> None:
        up.set_result(url)
        await asyncio.Event().wait()

    hears = hears or Typist(lambda _: "")
    async with houses.build(settings, data, service.told, hears=hears) as house, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(service.serve(house, beside))
        await asyncio.wait([running, up], return_when=asyncio.FIRST_COMPLETED)
        if up.done():
            try:
                yield Whole(up.result(), service, house, tokens, data)
            finally:
                service.stop()
