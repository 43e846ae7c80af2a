"""Connections to SQLite: one engine that writes, one that only reads.

Python's sqlite3 begins transactions on its own and late; we turn that off (isolation_level=None) and begin ourselves:
IMMEDIATE for writers, so that waiting for another process's lock obeys busy_timeout instead of failing half-way.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

BUSY = 10_000
"""Milliseconds to wait for another process (migrate, a backup) to let go of the file."""

_BOTH = (f"PRAGMA busy_timeout={BUSY}", "PRAGMA foreign_keys=ON")
# secure_delete: what is deleted is overwritten with zeros, so that erased words are not left in free pages.
# FULL: a commit is on the disk before anyone is told, also when the machine (not just the process) dies.
_WRITE = (*_BOTH, "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA secure_delete=ON")
_READ = (*_BOTH, "PRAGMA query_only=ON")


def writing(path: Path) -> Engine:
    """For the writer's thread: see writer.py."""
    engine = create_engine(f"sqlite:///{path}", pool_size=1, max_overflow=0, connect_args={"isolation_level": None})
    _prepare(engine, _WRITE, "BEGIN IMMEDIATE")
    return engine


def reading(path: Path) -> AsyncEngine:
    engine = create_async_engine(
        f"sqlite+aiosqlite:///{path}", pool_size=4, max_overflow=0, connect_args={"isolation_level": None}
    )
    _prepare(engine.sync_engine, _READ, "BEGIN")
    return engine


def migrating(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"isolation_level": None})
    _prepare(engine, _WRITE, "BEGIN IMMEDIATE")
    return engine


def _prepare(engine: Engine, pragmas: tuple[str, ...], begin: str) -> None:
    def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
