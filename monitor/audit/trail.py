"""Who did what, written down so that it can't be unsaid: the one door to the audit log.

`await trail.note(who, action, subject, room, **detail)`. **Note first, then act**: a crash in between leaves an entry
without its act, never an act without its entry. Entries are kept for good and are not erased with a person's data, so
they hold ids, names of staff, reasons and figures; never what somebody said in a room.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

import structlog

from monitor.audit import chain
from monitor.audit.chain import Detail, Fault
from monitor.audit.head import NOTHING, Head, HeadBroken, Mark
from monitor.model import AuditEntry

log = structlog.get_logger()

SYSTEM = "room-monitor"
"""The `who` of what the service does by itself."""
Last = tuple[int, str] | None


class Log(Protocol):
    """What the trail needs of the database. See monitor/store/audit_records.py."""

    async def append_audit(self, make: Callable[[Last], AuditEntry]) -> AuditEntry:
        """Store what `make` gives for the newest entry's number and hash, all in one transaction."""
        ...

    async def last_audit(self) -> AuditEntry | None: ...

    async def audit_entry(self, number: int) -> AuditEntry | None: ...

    def audit_entries(self) -> AsyncIterator[AuditEntry]:
        """All of them, oldest first."""
        ...


class Trail:
    """One for a data directory; only the process that owns it writes."""

    def __init__(self, store: Log, directory: Path, clock: Callable[[], float] = time.time) -> None:
        """`directory`: where the head is kept, beside the database."""
        self._store = store
        self._head = Head(directory)
        self._clock = clock
        self._anchored = NOTHING
        self._turn = asyncio.Lock()  # one head is written at a time, and never an older one after a newer one
        self.trouble = ""  # what was found wrong at start, in plain words; empty: nothing

    async def begin(self) -> None:
        """Compare the log's end with its head. What is wrong goes on the record, where it stays, and into `trouble`."""
        made = await asyncio.to_thread(self._head.make_key)
        last = await self._store.last_audit()
        fault = await self._begun(made, last)
        if fault is not None:
            self.trouble = f"the audit log is not as it was left: {fault.what}"
            log.error("the audit log is not as it was left", fault=fault.what, kind=fault.kind, number=fault.number)
            await self.note(SYSTEM, "audit.broken", str(fault.number), kind=fault.kind, found=fault.what)
        elif last is not None:
            await self._anchor(Mark(last.number, last.hash))

    @property
    def head(self) -> Mark:
        """The newest place that is anchored: logged by the service, so that it is known elsewhere as well."""
        return self._anchored

    async def note(self, who: str, action: str, subject: str = "", room: str = "", **detail: Detail) -> AuditEntry:
        """Write it down; on the disk once this returns. Raises StoreFailed, upon which nothing must be done either.

        `detail`: ids, reasons, figures; never what was said in a room. `who` is the Person's name, or SYSTEM.
        """
        at = self._clock()
        entry = await self._store.append_audit(lambda last: chain.make(last, at, who, action, subject, room, detail))
        await self._anchor(Mark(entry.number, entry.hash))
        return entry

    async def faults(self, elsewhere: Mark | None = None) -> list[Fault]:
        """All that is wrong with the log. `elsewhere`: a head that was written down outside this machine."""
        return await verify(self._store, self._head, elsewhere)

    async def _begun(self, made: bool, last: AuditEntry | None) -> Fault | None:
        if made and last is not None:
            return Fault(last.number, "head", "the key of its head is gone, with entries there")
        anchored = await asyncio.to_thread(_anchored, self._head)
        mark, named = (anchored, "its head") if isinstance(anchored, Mark) else (None, anchored)
        return await _head_fault(self._store, last, mark, named)

    async def _anchor(self, mark: Mark) -> None:
        async with self._turn:
            if mark.number <= self._anchored.number:
                return
            try:
                await asyncio.to_thread(self._head.write, mark)
            except OSError as error:  # the entry itself is stored; the next one anchors it
                log.error("the audit log's head can't be written", reason=str(error))
                return
            self._anchored = mark


async def verify(store: Log, head: Head, elsewhere: Mark | None = None) -> list[Fault]:
    """Read the whole log. In order of what is found: the chain, breaks that were noted at a start, the head."""
    anchored = await asyncio.to_thread(_anchored, head)  # first: a service may write while this reads
    found: list[Fault] = []
    last: AuditEntry | None = None
    async for entry in store.audit_entries():
        found += chain.faults([entry], (last.number, last.hash) if last else None)
        if entry.action == "audit.broken":
            found.append(Fault(entry.number, "noted", f"entry {entry.number} says: {entry.detail}"))
        last = entry
    marks: list[tuple[Mark | None, str]] = (
        [(anchored, "its head")] if isinstance(anchored, Mark) else [(None, anchored)]
    )
    if elsewhere is not None:
        marks.append((elsewhere, "the head that you gave"))
    for mark, named in marks:
        fault = await _head_fault(store, last, mark, named)
        found += [fault] if fault else []
    return found


def _anchored(head: Head) -> Mark | str:
    """The head, or what is wrong with it; an empty text: there is none."""
    try:
        return head.read() or ""
    except HeadBroken as error:
        return str(error)


async def _head_fault(store: Log, last: AuditEntry | None, mark: Mark | None, named: str) -> Fault | None:
    """`mark` None: `named` says why there is none; empty: it was never written."""
    number = last.number if last else 0
    if mark is None:
        if not named and last is None:
            return None
        return Fault(number, "head", named or "audit.head, which anchors the log's end, is gone")
    if number < mark.number:
        what = f"the log ends with entry {number}, but {named} is entry {mark.number}: its end was cut off"
        return Fault(number + 1, "cut", what)
    there = await store.audit_entry(mark.number) if mark.number else None
    if mark.number and (there is None or there.hash != mark.hash):
        what = f"entry {mark.number} has another hash than {named}: the log was written anew up to there"
        return Fault(mark.number, "changed", what)
    return None
