"""The real web server with the keywords part, over real list files and a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from monitor.alerts.feed import Feed
from monitor.catalog.backtests import Backtests
from monitor.catalog.catalog import Catalog
from monitor.catalog.trials import Trials
from monitor.config_rooms import AnyRoom
from monitor.keywords.backtest import Report
from monitor.keywords.library import Library
from monitor.model import Grade
from monitor.registered import Register
from monitor.room_desk import Alone
from monitor.room_routes import room_routes
from monitor.store.archive import Archive
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.web.app import WebDeps, create_app
from monitor.web.server import serve
from tests.helpers.catalogs import SCAMS
from tests.helpers.site import Site, hello
from tests.helpers.storing import database
from tests.helpers.trails import trail_of
from tests.helpers.vaults import keeping_of


@asynccontextmanager
async def keyword_site(directory: Path, content: str = SCAMS) -> AsyncIterator[Site]:
    """A site with lists in `directory`/lists."""
    lists = directory / "lists"
    lists.mkdir()
    (lists / "scams-en.toml").write_text(content, "utf-8")
    async with AsyncExitStack() as stack:
        feed = Feed()
        store = await stack.enter_async_context(Store.open(database(directory), feed.publish))
        trials = await stack.enter_async_context(Trials[Report]())
        trail = await trail_of(store, directory)
        catalog = Catalog(lists, Library(lists), store, trail=trail)
        await catalog.reload()

        async def note(who: str, action: str, room: AnyRoom) -> None:
            await trail.note(who, action, room.id, room.id, kind=room.kind)

        source = Archive(directory / "monitor.db")
        made = Backtests(catalog, trials, source, grades=frozenset({Grade.A, Grade.B}), cool_down=30.0)
        deps = WebDeps(
            store=store,
            feed=feed,
            hello=hello,
            health=lambda: [],
            metrics=Metrics(),
            trail=trail,
            keeping=keeping_of(store, directory, trail),
            catalog=catalog,
            backtests=made,
            routes=[room_routes(Alone(Register(directory, []), note))],
        )
        server = await stack.enter_async_context(serve(create_app(deps), "127.0.0.1", 0))
        stack.callback(feed.close)
        yield Site(store, feed, deps, server.url)
