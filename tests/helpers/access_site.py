"""The real web server over real accounts: one of each role, whose password is PASSWORD."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from monitor.access.accounts import Accounts
from monitor.alerts.feed import Feed
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.web.app import WebDeps, create_app
from monitor.web.server import serve
from tests.helpers.accounts import Notes, accounts_over
from tests.helpers.site import Site, hello
from tests.helpers.storing import database
from tests.helpers.trails import trail_of


@dataclass
class AccessSite(Site):
    accounts: Accounts
    notes: Notes


@asynccontextmanager
async def access_site(
    directory: Path, *, more: Callable[[WebDeps], WebDeps] = lambda deps: deps, **about: Any
) -> AsyncIterator[AccessSite]:
    """`more` changes the parts; `about` is for `accounts_over`."""
    feed, notes = Feed(), Notes()
    async with Store.open(database(directory), feed.publish) as store:
        accounts = await accounts_over(store, notes=notes, **about)
        deps = WebDeps(
            store=store,
            feed=feed,
            hello=hello,
            health=lambda: [],
            metrics=Metrics(),
            clips=directory / "clips",
            trail=await trail_of(store, directory),
            static=directory / "static",
        )
        deps = more(replace(deps, access=accounts))
        async with serve(create_app(deps), "127.0.0.1", 0) as server:
            try:
                yield AccessSite(store, feed, deps, server.url, accounts, notes)
            finally:
                feed.close()
