"""What the running service does about keyword lists by itself: it looks for changes, and demotes bad rules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from monitor.alerts.feed import Feed
from monitor.catalog.catalog import Catalog
from monitor.catalog.quality import Quality
from monitor.keywords.library import Changes, Library
from monitor.messages import ListsChanged

log = structlog.get_logger()

JUDGE = 300.0
"""Seconds between two looks at what staff said of the rules."""


def teller(feed: Feed, library: Library) -> Callable[[Changes], None]:
    """For Catalog: says in feed and log what is in force now."""

    def told(changes: Changes) -> None:
        feed.passing(ListsChanged(lists=library.names(), problems=list(library.problems)))
        for problem in changes.problems:
            log.error("keyword list refused", problem=problem)
        log.info("keyword lists changed", now=changes.changed, gone=changes.removed, mended=changes.solved)

    return told


async def watch(catalog: Catalog, every: float) -> None:
    """Files that are changed by hand are in force within `every` seconds."""
    while True:
        await asyncio.sleep(every)
        await catalog.reload()


async def judge(quality: Quality, every: float = JUDGE) -> None:
    """Rules that are wrong too often go to shadow; the feed has the message of it, stored and numbered."""
    while True:
        for demoted in await quality.demote():
            log.warning("rule demoted itself", list=demoted.list_name, rule=demoted.rule, why=demoted.why)
        await asyncio.sleep(every)
