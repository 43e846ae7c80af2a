"""What all writing halves of the store share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from sqlalchemy import Connection, Insert, insert

from monitor.messages import Numbered
from monitor.store import convert
from monitor.store.queries import Queries
from monitor.store.tables import EVENTS
from monitor.store.writer import Tell, Writer

M = TypeVar("M", bound=Numbered)
_EVENT = insert(EVENTS)


class Writing(Queries):
    """Store sets both attributes before it is used. Methods that write raise StoreFailed."""

    _writer: Writer
    _clock: Callable[[], float]

    async def _add(self, message: M, room: str | None, row: Callable[[Connection, M], None] | None = None) -> M:
        def work(db: Connection, tell: Tell) -> M:
            numbered = number(db, message, room)
            if row is not None:
                row(db, numbered)
            tell(numbered)
            return numbered

        return await self._writer.write(work)


def number(db: Connection, message: M, room: str | None) -> M:
    """The message as an event, with the number that the database gave it."""
    seq = inserted(db, _EVENT, convert.event_row(message, room))
    return message.model_copy(update={"seq": seq})


def inserted(db: Connection, statement: Insert, row: Mapping[str, object] | None = None) -> int:
    """The number that the database gave to the row. One statement for many rows is quicker than `values` in each."""
    key = (db.execute(statement, row) if row else db.execute(statement)).inserted_primary_key
    assert key is not None  # noqa: S101 - for the type checker: an insert of one row always has it
    return int(key[0])
