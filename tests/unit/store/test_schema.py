"""Migrations make exactly the tables of the code; a wrong schema is refused with the command that mends it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from monitor.errors import SchemaOutdated
from monitor.store.engines import migrating
from monitor.store.schema import SCRIPTS, migrate, schema_version
from monitor.store.store import Store
from monitor.store.tables import METADATA, REVISION


def test_migrations_make_the_tables_of_the_code(tmp_path: Path) -> None:
    migrate(tmp_path / "m.db")
    engine = migrating(tmp_path / "m.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_numbers_are_never_given_twice(tmp_path: Path) -> None:
    """compare_metadata doesn't look at AUTOINCREMENT."""
    migrate(tmp_path / "m.db")
    with closing(sqlite3.connect(tmp_path / "m.db")) as connection:
        (made,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'events'").fetchone()
    assert "AUTOINCREMENT" in made


def test_the_newest_migration_is_the_revision_of_the_code() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


def test_migrating_makes_a_new_file_and_keeps_an_up_to_date_one(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "100% new.db"
    assert schema_version(path) is None
    assert migrate(path) is None
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO lists VALUES ('scam', 'abc', 1.0)")
    assert migrate(path) == REVISION
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM lists").fetchone() == (1,)


def _version(path: Path, version: str) -> None:
    migrate(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))


@pytest.mark.parametrize("case", ["absent", "empty", "older", "newer", "no database"])
def test_a_wrong_schema_is_refused_with_the_way_out(tmp_path: Path, case: str) -> None:
    path = tmp_path / "m.db"
    if case == "empty":
        path.touch()
    elif case == "no database":
        path.write_text("this is a text file, not a database, and long enough to be read as a header" * 20)
    elif case != "absent":
        _version(path, {"older": "0000", "newer": "9999"}[case])
    with pytest.raises(SchemaOutdated, match="room-monitor migrate"):
        Store.open(path, lambda _: None)


@pytest.mark.parametrize("case", ["newer", "no database"])
def test_migrating_leaves_alone_what_it_does_not_know(tmp_path: Path, case: str) -> None:
    path = tmp_path / "m.db"
    if case == "newer":
        _version(path, "9999")
    else:
        path.write_bytes(b"not a database" * 100)
    before = path.read_bytes()
    with pytest.raises(SchemaOutdated):
        migrate(path)
    assert path.read_bytes() == before
