"""What the feed is told of incidents while the database can't be written: later, and nothing is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from monitor.errors import StoreFailed
from monitor.messages import IncidentsChanged, Numbered
from monitor.reviewing import tell
from monitor.store.store import Store
from tests.helpers.room_server import until
from tests.helpers.storing import alert, database


async def test_what_could_not_be_told_is_told_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.store.engines._WRITE", ("PRAGMA busy_timeout=10", "PRAGMA journal_mode=WAL"))
    told: list[Numbered] = []
    path = database(tmp_path)
    async with Store.open(path, told.append) as store:
        await store.add_alert(alert("a1"))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreFailed):
                await store.tell_incidents()
            async with asyncio.TaskGroup() as tasks:
                telling = tasks.create_task(tell(store, every=0.01))
                await asyncio.sleep(0.2)  # it tries and fails
                other.execute("ROLLBACK")
                await until(lambda: any(isinstance(one, IncidentsChanged) for one in told))
                telling.cancel()
    assert sum(isinstance(one, IncidentsChanged) for one in told) == 1
