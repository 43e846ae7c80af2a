"""A catalog over real files and a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from monitor.catalog.catalog import Catalog
from monitor.keywords.library import Changes, Library
from monitor.messages import Numbered
from monitor.store.store import Store
from tests.helpers.storing import database

SCAMS = """\
# who wrote this knows why
name = "scams-en"
title = "Scams"
languages = ["en"]
severity = "high"
phrases = [
  "free money",  # a comment that must stay
  { text = "gift card", severity = "critical" },
]
exceptions = ["no free money"]
"""


@dataclass
class Desk:
    """What a test needs of it."""

    catalog: Catalog
    library: Library
    store: Store
    lists: Path
    told: list[Changes] = field(default_factory=list)
    events: list[Numbered] = field(default_factory=list)

    def file(self, name: str = "scams-en") -> Path:
        return self.lists / f"{name}.toml"


@asynccontextmanager
async def catalog(directory: Path, *contents: str, clock: Callable[[], float] | None = None) -> AsyncIterator[Desk]:
    """`contents`: of list files, the first one scams-en.toml; SCAMS without any."""
    lists = directory / "lists"
    lists.mkdir(exist_ok=True)
    for number, content in enumerate(contents or (SCAMS,)):
        (lists / ("scams-en.toml" if number == 0 else f"list{number}.toml")).write_text(content, "utf-8")
    events: list[Numbered] = []
    path = directory / "monitor.db"
    kept = {"clock": clock} if clock else {}
    async with Store.open(path if path.exists() else database(directory), events.append, **kept) as store:
        library, told = Library(lists), []
        made = Catalog(lists, library, store, told.append, **kept)
        await made.reload()
        yield Desk(made, library, store, lists, told, events)
