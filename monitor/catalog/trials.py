"""Backtests that were asked for over HTTP: one at a time, looked at while they run, cancelled on request."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Event
from types import TracebackType
from typing import Generic, Self, TypeVar

from monitor.errors import Busy, MonitorError

R = TypeVar("R")
KEPT = 8
"""Trials that are over and can still be looked at."""


class TrialState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Cancelled(Exception):
    """The work noticed that nobody wants it any more."""


@dataclass(slots=True)
class Trial(Generic[R]):
    """One backtest. `done` and `total` are utterances."""

    id: str
    name: str  # of the list
    began: float  # wall time
    state: TrialState = TrialState.RUNNING
    done: int = 0
    total: int = 0
    took: float = 0.0  # seconds
    detail: str = ""  # why it failed
    result: R | None = None
    stop: Event = field(default_factory=Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def progress(self, done: int, total: int) -> None:
        """For the work, from its thread. Raises Cancelled when nobody wants it any more."""
        self.done, self.total = done, total
        if self.stop.is_set():
            raise Cancelled


class Trials(Generic[R]):
    """`async with Trials() as trials:`. Leaving cancels the one that runs."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._tasks = asyncio.TaskGroup()
        self._trials: OrderedDict[str, Trial[R]] = OrderedDict()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for trial in self._trials.values():
            trial.stop.set()
        await self._tasks.__aexit__(None, None, None)

    def all(self) -> list[Trial[R]]:
        """Newest first."""
        return list(reversed(self._trials.values()))

    def find(self, trial: str) -> Trial[R] | None:
        return self._trials.get(trial)

    def free(self) -> None:
        """Raises Busy while one runs."""
        running = next((one for one in self._trials.values() if one.state is TrialState.RUNNING), None)
        if running is not None:
            raise Busy(f"A backtest of {running.name!r} runs ({running.id}): wait for it or cancel it.")

    def start(self, name: str, work: Callable[[Trial[R]], R]) -> Trial[R]:
        """`work` runs in a thread and calls `progress` often. Raises Busy while another one runs."""
        self.free()
        trial: Trial[R] = Trial(uuid.uuid4().hex, name, self._clock())
        self._trials[trial.id] = trial
        while len(self._trials) > KEPT:
            self._trials.popitem(last=False)
        self._tasks.create_task(self._run(trial, work), name=f"backtest {name}")
        return trial

    def cancel(self, trial: Trial[R]) -> None:
        """It ends at its next look; nothing happens where it is over."""
        trial.stop.set()

    async def _run(self, trial: Trial[R], work: Callable[[Trial[R]], R]) -> None:
        begun = time.monotonic()
        try:
            result = await asyncio.to_thread(work, trial)
            if trial.stop.is_set():  # after its last look
                raise Cancelled
            trial.result = result
            trial.state = TrialState.DONE
        except Cancelled:
            trial.state = TrialState.CANCELLED
        except MonitorError as error:
            trial.state, trial.detail = TrialState.FAILED, str(error)
        finally:
            trial.took = time.monotonic() - begun
            trial.over.set()
