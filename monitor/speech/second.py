"""The queue of second hearings: a bigger model that listens again to what a keyword was found in.

It never delays a first hearing: it begins one only while none waits, and on Linux the model's threads have the lowest
priority, so that a first hearing which comes meanwhile takes the processor. When there is no time for it, the oldest
request is given up and its hits stay as the first hearing left them; nothing else is lost, here or at a stop, since
the alerts were told and stored before.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Container
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from monitor.model import Transcript, Utterance
from monitor.speech.examine import ENGINE_FAILURES
from monitor.speech.recogniser import Hints, Recogniser

_log = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Again(Generic[T]):
    """What to hear again, and what for."""

    utterance: Utterance
    hints: Hints
    about: T


class SecondHearings(Generic[T]):
    """`submit` from the event loop; `run` in one task; `close` ends it once all is heard."""

    def __init__(
        self,
        recogniser: Recogniser,
        *,
        backlog_seconds: float,
        idle: Callable[[], Awaitable[None]],
        done: Callable[[Again[T], Transcript | None], Awaitable[None]],
    ) -> None:
        """`idle` returns while no first hearing waits. `done` is awaited with each request, one at a time: with what
        was heard, or None where it was given up or failed. What it raises ends `run`: it is a bug.
        """
        self._recogniser = recogniser
        self._limit = backlog_seconds
        self._idle = idle
        self._done = done
        self._waiting: deque[Again[T]] = deque()  # bounded by seconds, in submit
        self._given_up: deque[Again[T]] = deque()  # handed over as soon as `run` gets to it
        self._busy = False
        self._hearing: Again[T] | None = None  # what the thread is at work on
        self._unheard = False  # and nobody may have what comes of it
        self._closed = False
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def model(self) -> str:
        return self._recogniser.model

    @property
    def waiting(self) -> int:
        """Requests that wait or are being heard."""
        return len(self._waiting) + len(self._given_up) + self._busy

    def submit(self, request: Again[T]) -> None:
        """Queue a request; never waits. Past the limit the oldest is given up; after `close` the request itself."""
        if self._closed:
            self._given_up.append(request)
        else:
            self._waiting.append(request)
        while len(self._waiting) > 1 and sum(w.utterance.seconds for w in self._waiting) > self._limit:
            self._given_up.append(self._waiting.popleft())
        self._wake.set()

    def withdraw(self, tracks: Container[str]) -> None:
        """Nobody may hear again what was said on these tracks: their hits stay as the first hearing left them."""
        gone = [request for request in self._waiting if request.utterance.track in tracks]
        for request in gone:
            self._waiting.remove(request)
        self._given_up.extend(gone)
        if self._hearing is not None and self._hearing.utterance.track in tracks:
            self._unheard = True
        self._wake.set()

    def close(self) -> None:
        """No more will come: `run` ends once all that waits is heard."""
        self._closed = True
        self._wake.set()

    async def settle(self) -> None:
        """Wait until `done` has returned for all that was submitted."""
        while self.waiting:
            self._moved.clear()
            await self._moved.wait()

    async def run(self) -> None:
        """Hear what is submitted, in order. Cancelling it leaves the rest as the first hearing left it."""
        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="second hearing")
        try:
            while True:
                while self._given_up:
                    await self._tell(self._given_up.popleft(), None)
                if self._waiting:
                    await self._idle()
                    if self._waiting:  # it may have been given up meanwhile
                        await self._hear(pool, self._waiting.popleft())
                elif self._closed:
                    return
                elif not self._given_up:
                    self._wake.clear()
                    await self._wake.wait()
        except asyncio.CancelledError:
            if self.waiting:
                _log.warning("second hearings cut off by the stop", number=self.waiting)
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    async def _hear(self, pool: ThreadPoolExecutor, request: Again[T]) -> None:
        self._busy, self._hearing, self._unheard = True, request, False
        try:
            work = [(request.utterance, request.hints)]
            loop = asyncio.get_running_loop()
            (heard,) = await loop.run_in_executor(pool, self._recogniser.transcribe, work)
        except ENGINE_FAILURES:
            _log.exception("second_hearing_failed", utterance=request.utterance.id, seconds=request.utterance.seconds)
            await self._tell(request, None)
        else:
            await self._tell(request, None if self._unheard else heard)

    async def _tell(self, request: Again[T], heard: Transcript | None) -> None:
        self._busy = True
        try:
            await self._done(request, heard)
        finally:
            self._busy, self._hearing = False, None
            self._moved.set()
