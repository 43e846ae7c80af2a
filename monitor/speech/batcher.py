"""The recogniser's thread and its queue: bounded by seconds of audio, honest about what it gives up.

Every utterance that is submitted comes out in exactly one outcome, also on overload, on an error and on a stop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import structlog
from onnxruntime.capi import onnxruntime_pybind11_state as onnx

from monitor.model import RATE, Heard, Samples, Transcript, Utterance
from monitor.speech.recogniser import Hints, Recogniser

_log = structlog.get_logger(__name__)

# What CTranslate2, onnxruntime and faster-whisper raise for one bad utterance or a full memory; others are bugs and
# keep flying. onnxruntime's own derive from Exception alone; faster-whisper's alignment is known to raise IndexError.
ENGINE_FAILURES: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    MemoryError,
    OSError,
    IndexError,
    onnx.Fail,
    onnx.InvalidArgument,
    onnx.RuntimeException,
    onnx.EPFail,
)


class Verdict(Protocol):
    """What the second voice detector says about an utterance."""

    @property
    def probability(self) -> float: ...

    @property
    def speech_seconds(self) -> float: ...


Gate = Callable[[Samples], Verdict]
"""Called in the recogniser's thread with the samples of a whole utterance."""


@dataclass(frozen=True, slots=True, eq=False)
class Transcribed:
    transcript: Transcript
    verdict: Verdict


@dataclass(frozen=True, slots=True, eq=False)
class Vetoed:
    """Sounded, but isn't speech: not transcribed."""

    utterance: Utterance
    verdict: Verdict


@dataclass(frozen=True, slots=True, eq=False)
class GivenUp:
    """Not examined."""

    utterance: Utterance
    reason: str  # plain words
    state: Heard  # LOST_OVERLOAD or LOST_ERROR


Outcome = Transcribed | Vetoed | GivenUp


class _Waiting(NamedTuple):
    utterance: Utterance
    hints: Hints
    since: float


class Batcher:
    """`submit` from the event loop; `run` in one task; `close` ends it once all is examined.

    `done` is awaited with each outcome, one at a time. What it raises ends `run`: it is a bug.
    Cancelling `run` is the deadline: what is left comes out as given up before the cancellation goes on.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        gate: Gate,
        *,
        veto: float,
        backlog_seconds: float,
        done: Callable[[Outcome], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._recogniser = recogniser
        self._gate = gate
        self._veto = veto
        self._limit = backlog_seconds
        self._done = done
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()  # bounded by seconds, in submit
        self._current: _Waiting | None = None
        self._given_up: deque[GivenUp] = deque()  # handed over as soon as the loop runs
        self._telling = False  # `done` is at work
        self._closed = False
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()  # set whenever the backlog shrinks
        self._lost_seconds = 0.0
        self._failures = 0

    @property
    def waiting_seconds(self) -> float:
        """Seconds of speech that wait or are being examined."""
        current = self._current.utterance.seconds if self._current else 0.0
        return current + sum(item.utterance.seconds for item in self._waiting)

    @property
    def oldest_age(self) -> float:
        """Seconds since the oldest utterance that isn't done was submitted; 0 where there is none."""
        oldest = self._current or (self._waiting[0] if self._waiting else None)
        return self._clock() - oldest.since if oldest else 0.0

    @property
    def lost_seconds(self) -> float:
        """Seconds of speech given up for overload so far."""
        return self._lost_seconds

    @property
    def failures(self) -> int:
        """Utterances lost to an error of the recogniser so far."""
        return self._failures

    def submit(self, utterance: Utterance, hints: Hints) -> None:
        """Queue an utterance; never waits. Past the limit the oldest are given up, never the one that came last.

        After `close` it is given up at once.
        """
        if self._closed:
            self._give_up(utterance, "the recogniser has stopped", Heard.LOST_ERROR)
            return
        self._waiting.append(_Waiting(utterance, hints, self._clock()))
        while len(self._waiting) > 1 and sum(w.utterance.seconds for w in self._waiting) > self._limit:
            self._give_up(self._waiting.popleft().utterance, f"more than {self._limit:g} s of speech waited")
        self._wake.set()

    def close(self) -> None:
        """No more will come: `run` ends once all that waits is examined."""
        self._closed = True
        self._wake.set()

    async def settle(self, below: float = 0.0) -> None:
        """Wait until at most so many seconds of speech wait: for sources that can be slowed down, like files.

        At 0, `done` has returned for all that was submitted.
        """
        while self.waiting_seconds > below or (self._telling and below == 0):
            self._moved.clear()
            await self._moved.wait()

    async def run(self) -> None:
        """Examine what is submitted, in order. Raises what `done` raises, and bugs of the recogniser."""
        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recogniser")
        try:
            while await self._next():
                await self._examine_current(pool)
        except asyncio.CancelledError:
            await self._abandon()
            raise
        finally:
            # An utterance in work can't be interrupted: its thread ends with it, and the loop doesn't wait.
            pool.shutdown(wait=False, cancel_futures=True)

    async def _next(self) -> bool:
        """Take the next utterance to work on; False when closed and empty."""
        while True:
            await self._hand_over()
            if self._waiting:
                self._current = self._waiting.popleft()
                return True
            if self._closed and not self._given_up:
                return False
            self._wake.clear()
            await self._wake.wait()

    async def _examine_current(self, pool: ThreadPoolExecutor) -> None:
        item = self._current
        assert item is not None  # noqa: S101  set by _next
        future = asyncio.get_running_loop().run_in_executor(pool, self._examine, item)
        future.add_done_callback(lambda _: self._wake.set())
        while not future.done():
            await self._wake.wait()
            self._wake.clear()
            await self._hand_over()  # what was given up meanwhile needn't wait for this utterance
        try:
            outcome: Outcome = future.result()
        except ENGINE_FAILURES as error:
            self._failures += 1
            _log.exception("recogniser_failed", utterance=item.utterance.id, seconds=item.utterance.seconds)
            reason = f"the recogniser failed: {type(error).__name__}"
            outcome = GivenUp(item.utterance, reason, Heard.LOST_ERROR)
        self._current = None
        await self._tell(outcome)

    def _examine(self, item: _Waiting) -> Transcribed | Vetoed:
        """In the thread."""
        verdict = self._gate(item.utterance.audio)
        if verdict.probability < self._veto:
            return Vetoed(item.utterance, verdict)
        hints = replace(item.hints, speech=verdict.speech_seconds)
        return Transcribed(self._recogniser.transcribe([(item.utterance, hints)])[0], verdict)

    async def _abandon(self) -> None:
        self._closed = True
        left = [*([self._current] if self._current else []), *self._waiting]
        self._current = None
        self._waiting.clear()
        for item in left:
            self._give_up(item.utterance, "the stop's deadline came first", Heard.LOST_ERROR)
        await self._hand_over()

    def _give_up(self, utterance: Utterance, reason: str, state: Heard = Heard.LOST_OVERLOAD) -> None:
        if state is Heard.LOST_OVERLOAD:  # without its head that the utterance before has as well
            self._lost_seconds += utterance.seconds - utterance.overlap / RATE
        self._given_up.append(GivenUp(utterance, reason, state))
        self._wake.set()
        self._moved.set()

    async def _hand_over(self) -> None:
        while self._given_up:
            await self._tell(self._given_up.popleft())

    async def _tell(self, outcome: Outcome) -> None:
        self._telling = True
        self._moved.set()
        try:
            await self._done(outcome)
        finally:
            self._telling = False
            self._wake.set()
            self._moved.set()
