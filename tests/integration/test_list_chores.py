"""What the service does about lists by itself, told in its feed."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from monitor import list_chores
from monitor.alerts.feed import Feed, Subscription
from monitor.catalog.catalog import Catalog
from monitor.catalog.quality import Quality
from monitor.keywords.library import Library
from monitor.keywords.precision import Patience
from monitor.model import RuleState
from monitor.store.records import Judgement
from monitor.store.store import Store
from tests.helpers.catalogs import SCAMS
from tests.helpers.storing import database, hit, transcript

FLOORED = SCAMS.replace("title", "floor = 0.8\ntitle")


async def test_a_bad_rule_goes_to_shadow_by_itself_and_the_feed_says_so_for_good(tmp_path: Path) -> None:
    file = tmp_path / "scams-en.toml"
    file.write_text(FLOORED, "utf-8")
    feed = Feed()
    async with Store.open(database(tmp_path), feed.publish) as store, AsyncExitStack() as stack:
        subscription = stack.enter_context(feed.subscribe())
        library = Library(tmp_path)
        catalog = Catalog(tmp_path, library, store, list_chores.teller(feed, library))
        await catalog.begin()
        for number in range(8):
            await store.add_hits([replace(hit(), list_name="scams-en")], transcript(f"u{number}"), [""])
            (stored,) = await store.stored_hits(limit=1)
            await store.add_verdict(stored.subject, Judgement.WRONG, "ann")
        quality = Quality(catalog, Patience(verdicts=4, days=0.0))
        chores = [list_chores.judge(quality, 0.01), list_chores.watch(catalog, 0.01)]
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(chore) for chore in chores]
            message = await _next(subscription, "rule_state")
            assert (message["rule"], message["state"], message["automatic"]) == ("free money", "shadow", True)
            await catalog.reload()  # waits for the change that the message tells of to be finished
            (found,) = library.matcher.find_text("free money", "en")
            assert found.state is RuleState.SHADOW
            file.write_text(FLOORED.replace("gift card", "gift cards"), "utf-8")  # by hand, meanwhile
            while (lists := await _next(subscription, "lists"))["lists"] != [catalog.find("scams-en").label]:
                continue
            assert lists["problems"] == []
            file.write_text("name = ", "utf-8")
            while not (lists := await _next(subscription, "lists"))["problems"]:
                continue
            for task in running:
                task.cancel()
        # whoever comes later gets it from the database
        assert [event.seq for event in await store.events(0, 10)] == [message["seq"]]


async def _next(subscription: Subscription, kind: str) -> dict[str, object]:
    async with asyncio.timeout(30):
        while True:
            item = await subscription.get()
            message = json.loads(item.text)
            if message["type"] == kind:
                return dict(message)
