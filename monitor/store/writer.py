"""One task writes, so that events have one order and a cancelled caller can't leave half a transaction.

A caller hands over a job and waits for its answer. Cancelling the caller cancels the waiting only: the job is still
done, committed and told, or (while the mailbox was full) never begun.

Jobs that wait while one is committed are committed together, each behind a savepoint of its own: a commit waits for
the disk, and when a server dies under twenty rooms hundreds of events come at once, for none of which the rooms
should have to wait in turn.

The jobs of one transaction run in a thread of the writer's own, all in one go. Through an asyncio driver each statement
would be several messages between two threads, which cost more than the statements: 200 alerts a second would be more
than a core. So a job touches the database and what it was given, and nothing of the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from monitor.errors import StoreFailed
from monitor.mailbox import Mailbox
from monitor.messages import Numbered

T = TypeVar("T")
Tell = Callable[[Numbered], None]
Work = Callable[[Connection, Tell], T]
"""What to do inside one transaction. Messages given to `Tell` go out, in order, after the commit."""

WAITING = 256
"""Jobs that may wait; then callers wait."""
TOGETHER = 64
"""Jobs in one transaction at most."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Work[Any]
    answer: asyncio.Future[Any]


class Writer:
    """Runs jobs one after another; `told` hears of each event after its commit, in order."""

    def __init__(self, engine: Engine, told: Tell) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._told = told
        self._jobs: Mailbox[_Job] = Mailbox(WAITING)

    async def write(self, work: Work[T]) -> T:
        """Raises StoreFailed when the disk is full or the file can't be written; nothing of the job is kept then."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        await self._jobs.put(_Job(work, answer))
        return await answer

    def close(self) -> None:
        """No more jobs; `run` returns when those that wait are done."""
        self._jobs.close()

    async def run(self) -> None:
        try:
            async for job in self._jobs:
                jobs = [job]
                while len(self._jobs) and len(jobs) < TOGETHER:
                    jobs.append(await self._jobs.get())
                try:
                    await self._do(jobs)
                finally:
                    for each in jobs:
                        each.answer.cancel()  # only has an effect when this task is cancelled or a job has a bug
        finally:
            self._thread.shutdown()  # a transaction that has begun is finished: some milliseconds

    async def _do(self, jobs: list[_Job]) -> None:
        try:
            results = await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, jobs)
        except OperationalError as error:
            # Disk full, file gone or read-only, locked by another process for longer than BUSY.
            for job in jobs:
                failed = StoreFailed(f"the database can't be written: {error.orig}. What came last is not stored.")
                failed.__cause__ = error
                _answer(job, error=failed)
        else:
            for job, result in zip(jobs, results, strict=True):
                for message in result.messages:
                    self._told(message)
                _answer(job, result.value, result.error)

    def _commit(self, jobs: list[_Job]) -> list[_Result]:
        with self._engine.begin() as connection:
            return _all(connection, jobs)


@dataclass(slots=True)
class _Result:
    """What came of one job."""

    messages: list[Numbered]
    value: object = None
    error: SQLAlchemyError | None = None


def _all(db: Connection, jobs: list[_Job]) -> list[_Result]:
    """Each job whole or not at all. Raises OperationalError: the database itself fails, and with it all of them."""
    results = []
    for job in jobs:
        result = _Result([])
        try:
            with db.begin_nested():
                result.value = job.work(db, result.messages.append)
        except OperationalError:
            raise
        except SQLAlchemyError as error:  # this job's own: the others go on
            result = _Result([], error=error)
        results.append(result)
    return results


def _answer(job: _Job, value: object = None, error: Exception | None = None) -> None:
    if job.answer.done():  # the caller was cancelled
        return
    if error is not None:
        job.answer.set_exception(error)
    else:
        job.answer.set_result(value)
