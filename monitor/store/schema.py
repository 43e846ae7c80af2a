"""The schema's version: making it, reading it, refusing a wrong one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config

from monitor.errors import SchemaOutdated
from monitor.store.engines import migrating
from monitor.store.tables import REVISION

SECURE = "0005"
"""Before this version what was deleted was left in free pages: those are written anew once."""
SCRIPTS = Path(__file__).parent / "migrations"


def migrate(path: Path) -> str | None:
    """Make the database or bring it up to date, all in one transaction. Returns the version before (None: new).

    Raises SchemaOutdated when the file is no database, or of a newer version than this program.
    """
    before = schema_version(path)
    if before is not None and before > REVISION:
        raise SchemaOutdated(_newer(path, before))
    path.parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    engine = migrating(path)
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
    if before is not None and before < SECURE:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("VACUUM")
    return before


def schema_version(path: Path) -> str | None:
    """The revision in the file; None where there is no file or it is empty. Raises SchemaOutdated for another file."""
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            named = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if named else None
    except sqlite3.DatabaseError as error:
        raise SchemaOutdated(
            f"{path}: can't be read as a database ({error}). Move the file away and run `room-monitor migrate`."
        ) from error
    return str(row[0]) if row else None


def check_schema(path: Path) -> None:
    """Raises SchemaOutdated, naming the command that mends it, unless the file has the version of this program."""
    found = schema_version(path)
    if found == REVISION:
        return
    if found is None:
        raise SchemaOutdated(f"{path}: there is no database yet. Run `room-monitor migrate` to make it.")
    if found > REVISION:
        raise SchemaOutdated(_newer(path, found))
    raise SchemaOutdated(
        f"{path}: the database has version {found}, this program needs {REVISION}. "
        "Run `room-monitor migrate` (it keeps all data; a copy of the file beforehand does no harm)."
    )


def _newer(path: Path, found: str) -> str:
    return (
        f"{path}: the database has version {found}, newer than {REVISION} of this program. "
        "Install the newer room-monitor again, or use another data directory; "
        "`room-monitor migrate` can't go back."
    )
