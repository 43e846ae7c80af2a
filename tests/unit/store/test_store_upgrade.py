"""A database of an earlier version keeps all that is in it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from alembic import command
from alembic.config import Config

from monitor.messages import Numbered
from monitor.model import Grade, RuleState
from monitor.store.engines import migrating
from monitor.store.records import Judgement
from monitor.store.schema import SCRIPTS, migrate, schema_version
from monitor.store.store import Store
from monitor.store.tables import REVISION
from tests.helpers.storing import hit

WORDS = json.dumps([{"text": " free", "start": 0.5, "end": 0.75, "probability": 0.9}])
NEW_FIELDS = ("grade", "way", "likeness", "state", "cool_down", "second")


def nobody(_: Numbered) -> None:
    return


def _at(revision: str, path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    engine = migrating(path)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def _old_rows(path: Path) -> None:
    """As the program of schema 0001 wrote them: hits without grade and state."""
    found = {key: value for key, value in asdict(hit()).items() if key not in NEW_FIELDS}
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO events (at, type, room, payload) VALUES (5.0, 'behind', NULL, '{}')")
        db.execute(
            "INSERT INTO utterances VALUES ('u1', 1, 5.0, 'lobby', 't1', 's1', 'Ann', 4.0, 2.0, 'en', 'free', ?,"
            " 'silence', 'base', 0.4, '[]')",
            (WORDS,),
        )
        db.execute(
            "INSERT INTO alerts VALUES ('a1', 1, 'den', 's1', 'Ann', 'u1', 'high', 'open', ?, 1, 'en', 5.0, 6.0, 'c')",
            (json.dumps([found]),),
        )
        db.execute("INSERT INTO lists VALUES ('scam', 'abc', 1.0)")


async def test_a_database_of_the_first_version_is_upgraded_with_all_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    _at("0001", path)
    _old_rows(path)
    assert migrate(path) == "0001"
    assert schema_version(path) == REVISION
    async with Store.open(path, nobody, lambda: 9.0) as store:
        assert [(u.utterance, u.text) for u in await store.utterances()] == [("u1", "free")]
        assert await store.lists() == [("scam", "abc", 1.0)]
        old = await store.alert("a1")
        assert old is not None
        assert (old.hits[0].grade, old.hits[0].state, old.voice) == (Grade.A, RuleState.LIVE, None)
        assert await store.add_verdict("a1", Judgement.RIGHT, "Bo") is not None
        assert [(j.rule, j.right) for j in await store.precision()] == [("free money", 1)]
        await store.purge(before=8.0, gone=[("a1", "its time")])
        assert await store.alert("a1") is None
        assert await store.utterances() == []
