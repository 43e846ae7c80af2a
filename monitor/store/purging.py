"""What has had its time goes bit by bit, so that other writes get their turns. What goes: retention.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from monitor.evidence_model import Hold
from monitor.store import retention
from monitor.store.writer import Tell
from monitor.store.writing import Writing

T = TypeVar("T")
ALERTS_AT_ONCE = 100
ROWS_AT_ONCE = 1000
"""So many are removed in one transaction: some tens of milliseconds."""


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """In their order."""
    return (items[start : start + size] for start in range(0, len(items), size))


class Purging(Writing):
    """The part of Store that removes what is older than it may be kept."""

    async def events_of(self, alerts: Sequence[str]) -> dict[str, list[int]]:
        """By alert: numbers of the feed's messages about it."""
        found: dict[str, list[int]] = {}
        for alert, seq in await self._look(lambda db: retention.events_of(db, alerts)) if alerts else ():
            found.setdefault(alert, []).append(seq)
        return found

    async def purge_alerts(self, gone: Sequence[tuple[str, str]], events: Mapping[str, Sequence[int]]) -> None:
        """Remove these alerts (id, and why) with the keys of their clips and their `events_of`; all or none of them."""
        at = self._clock()
        theirs = [seq for alert, _ in gone for seq in events.get(alert, ())]
        await self._writer.write(lambda db, _: retention.purge_alerts(db, gone, theirs, at))

    async def purge(self, before: float, gone: Sequence[tuple[str, str]] = (), holds: Sequence[Hold] = ()) -> None:
        """Remove what is older than `before` (wall time), and these alerts (id, and why); not what `holds` keep."""
        events = await self.events_of([alert for alert, _ in gone])
        for some in batches(gone, ALERTS_AT_ONCE):
            await self.purge_alerts(some, events)
        await self.purge_old(before, holds)
        await self.purge_rest(before, holds)

    async def purge_old(self, before: float, holds: Sequence[Hold]) -> None:
        """What was said and told before."""
        for find, remove in retention.STEPS:
            for numbers in batches(await self._look(partial(_found, find, before, holds)), ROWS_AT_ONCE):
                await self._writer.write(partial(_removed, remove, numbers))

    async def purge_rest(self, before: float, holds: Sequence[Hold]) -> None:
        """What is little, and what is left of the above: keys of visits, too, so no clip may be begun meanwhile."""
        at = self._clock()
        await self._writer.write(lambda db, _: retention.purge_rest(db, before, holds, at))

    async def _look(self, work: Callable[[Connection], T]) -> T:
        async with self._reading.connect() as connection:
            return await connection.run_sync(work)


def _found(find: retention.Find, before: float, holds: Sequence[Hold], db: Connection) -> list[int]:
    return find(db, before, holds)


def _removed(remove: retention.Remove, numbers: Sequence[int], db: Connection, _: Tell) -> None:
    remove(db, numbers)
