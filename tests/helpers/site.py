"""The real web server on a free port, over a real database: what a browser or another program reaches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from monitor.alerts.feed import Feed
from monitor.messages import Hello
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.web.app import WebDeps, create_app
from monitor.web.server import serve
from tests.helpers.storing import database, room
from tests.helpers.trails import trail_of
from tests.helpers.vaults import keeping_of

Prepare = Callable[[WebDeps], Awaitable[WebDeps]]


@dataclass
class Site:
    store: Store
    feed: Feed
    deps: WebDeps
    url: str  # http://127.0.0.1:port

    @property
    def ws(self) -> str:
        return self.url.replace("http", "ws", 1)


def hello() -> Hello:
    return Hello(version="9.9", seq=0, after=0, model="base", lists=["scam@abc123"], rooms=[room()], heartbeat=5)


@asynccontextmanager
async def site(
    directory: Path, *, path: Path | None = None, size: int = 256, prepare: Prepare | None = None, **changes: Any
) -> AsyncIterator[Site]:
    """`path`: a database that exists; `changes`: fields of WebDeps; `prepare` gives those that need the others."""
    feed = Feed(size)
    async with Store.open(path or database(directory), feed.publish) as store:
        trail = await trail_of(store, (path or directory / "monitor.db").parent)
        deps = WebDeps(
            store=store,
            feed=feed,
            hello=hello,
            health=lambda: [],
            metrics=Metrics(),
            trail=trail,
            keeping=keeping_of(store, directory, trail),
            static=directory / "static",
        )
        deps = replace(deps, **changes)
        if prepare is not None:
            deps = await prepare(deps)
        async with serve(create_app(deps), "127.0.0.1", 0) as server:
            try:
                yield Site(store, feed, deps, server.url)
            finally:
                feed.close()
