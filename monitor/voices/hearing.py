"""The voice detector at work: a bounded queue of utterances, one thread, and a detector that may fail alone.

What speakers say is cut into windows, the windows of all speakers that wait are scored together, and each utterance
comes out as a `VoiceScored`: also the one that was not judged, with the reason. A detector that crashes, stalls or
answers with what is no score is switched off for good, and that is told; nothing else waits for it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Container, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, NamedTuple, Self, TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from monitor.errors import DetectorFailed
from monitor.model import RATE, Utterance
from monitor.voice_model import Abstained, VoiceScored, VoiceWindow
from monitor.voices.detector import Calibration, VoiceDetector
from monitor.voices.features import Signal
from monitor.voices.judge import Judge
from monitor.voices.quality import Limits

_log = structlog.get_logger(__name__)

T = TypeVar("T")
DEADLINE = 30.0
"""Seconds of wall time without an answer to one call after which a detector counts as stalled."""
BUSY = 1.5
"""Seconds of CPU time that one batch, or one call of the detector, may take, as far as the last one tells: answers stay
prompt and stalls visible, also with a model that takes seconds for a window."""
TOGETHER = 32
"""Windows in one call at most."""
MOST = 60.0
"""Seconds of speech in one batch at most."""


class _Waiting(NamedTuple):
    utterance: Utterance
    language: str


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """What the thread made of some utterances."""

    windows: tuple[tuple[VoiceWindow, ...], ...]  # of each utterance
    took: float  # seconds of CPU time


class VoiceHearing:
    """`submit` from the event loop; `run` in one task; `close` ends it once all is judged.

    `done` is awaited with each utterance, in order, one at a time; `failed` once, with plain words, when the detector
    is switched off. What they raise ends `run`: it is a bug.
    """

    def __init__(
        self,
        detector: VoiceDetector,
        calibration: Calibration | None,
        *,
        backlog_seconds: float,
        done: Callable[[VoiceScored], Awaitable[None]],
        failed: Callable[[str], Awaitable[None]],
        limits: Limits | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        self._detector = detector
        self._calibration = calibration
        self._limit = backlog_seconds
        self._done = done
        self._failed = failed
        self._deadline = deadline
        self._paced = _Paced(detector)
        self._desk = Judge(self._paced, calibration, limits)  # the thread's own
        self._waiting: deque[_Waiting] = deque()  # bounded by seconds, in submit
        self._dropped: deque[_Waiting] = deque()  # told as soon as `run` gets to it
        self._pace = 0.0  # seconds of CPU time a second of speech; 0: not known yet
        self._failure = ""
        self._dropped_seconds = 0.0
        self._busy = False
        self._closed = False
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def model(self) -> str:
        return f"{self._detector.name}@{self._detector.digest}"

    @property
    def calibration(self) -> str:
        """Name of the calibration set; "" without one."""
        return self._calibration.name if self._calibration else ""

    @property
    def failure(self) -> str:
        """Why the detector is off; "": it is on."""
        return self._failure

    @property
    def waiting_seconds(self) -> float:
        return sum(item.utterance.seconds for item in self._waiting)

    @property
    def dropped_seconds(self) -> float:
        """Seconds of utterances that were not judged for want of time."""
        return self._dropped_seconds

    def submit(self, utterance: Utterance, language: str) -> None:
        """Queue an utterance with words; never waits. Past the limit the oldest is left out, and says so."""
        if self._closed:
            return
        self._waiting.append(_Waiting(utterance, language))
        while len(self._waiting) > 1 and self.waiting_seconds > self._limit:
            item = self._waiting.popleft()
            self._dropped_seconds += item.utterance.seconds
            self._dropped.append(item)
        self._wake.set()

    def withdraw(self, tracks: Container[str]) -> None:
        """Nobody may judge what was said on these tracks: what waits is forgotten, without a word of it."""
        self._waiting = deque(item for item in self._waiting if item.utterance.track not in tracks)
        self._dropped = deque(item for item in self._dropped if item.utterance.track not in tracks)
        self._moved.set()

    def close(self) -> None:
        """No more will come: `run` ends once all that waits is judged."""
        self._closed = True
        self._wake.set()

    async def settle(self) -> None:
        """Wait until `done` has returned for all that was submitted."""
        while self._waiting or self._dropped or self._busy:
            self._moved.clear()
            await self._moved.wait()

    async def run(self) -> None:
        """Judge what is submitted, in order. Cancelling it leaves the rest unjudged."""
        try:
            while await self._next():
                pass
        finally:
            self._detector.stop()  # or a thread would go on with what nobody awaits

    async def _next(self) -> bool:
        """Do what there is to do; False when closed and empty."""
        while self._dropped:
            await self._tell(self._dropped.popleft().utterance, Abstained.BEHIND)
        if self._waiting and self._failure:
            await self._tell(self._waiting.popleft().utterance, Abstained.FAILED)
        elif self._waiting:
            await self._judge(self._take())
        elif self._closed:
            return False
        else:
            self._wake.clear()
            await self._wake.wait()
        return True

    def _take(self) -> list[_Waiting]:
        """The oldest, and as many more as are likely judged in BUSY seconds."""
        room = min(MOST, BUSY / self._pace) if self._pace else 0.0
        batch = [self._waiting.popleft()]
        while self._waiting and sum(i.utterance.seconds for i in batch) + self._waiting[0].utterance.seconds <= room:
            batch.append(self._waiting.popleft())
        return batch

    async def _judge(self, items: list[_Waiting]) -> None:
        self._busy = True
        try:
            batch = await self._in_time(items)
        except DetectorFailed as error:
            await self._switch_off(str(error))
            for item in items:
                await self._tell(item.utterance, Abstained.FAILED)
            return
        seconds = sum(item.utterance.seconds for item in items)
        self._pace = batch.took / seconds if seconds else self._pace
        for item, windows in zip(items, batch.windows, strict=True):
            took = batch.took * item.utterance.seconds / seconds if seconds else 0.0
            await self._hand(VoiceScored(item.utterance, self.model, self.calibration, windows, took))

    async def _in_time(self, items: Sequence[_Waiting]) -> _Batch:
        """Raises DetectorFailed, also where it takes too long."""
        self._paced.answered = time.monotonic()
        future = in_a_thread(lambda: self._score(items), "voice detector")
        while not future.done():
            left = self._paced.answered + self._deadline - time.monotonic()
            if left <= 0:
                self._detector.stop()
                future.add_done_callback(_nobody_asks)
                raise DetectorFailed(f"{self._detector.name} gave no answer in {self._deadline:g} s")
            await asyncio.wait({future}, timeout=left)
        return future.result()

    async def _switch_off(self, reason: str) -> None:
        self._failure = reason
        _log.error("voice_detector_off", model=self.model, reason=reason)
        await self._failed(reason)

    async def _tell(self, utterance: Utterance, reason: Abstained) -> None:
        """An utterance that is not judged as a whole."""
        self._busy = True
        start, end = utterance.start / RATE, utterance.end / RATE
        whole = VoiceWindow(start, end, utterance.seconds, None, None, reason)
        await self._hand(VoiceScored(utterance, self.model, self.calibration, (whole,), 0.0))

    async def _hand(self, scored: VoiceScored) -> None:
        try:
            await self._done(scored)
        finally:
            self._busy = False
            self._moved.set()

    def _score(self, items: Sequence[_Waiting]) -> _Batch:
        """In the thread."""
        begun = time.thread_time()
        windows = self._desk.judge([(item.utterance, item.language) for item in items])
        return _Batch(tuple(windows), time.thread_time() - begun)


class _Paced:
    """The detector, asked for no more at once than it is likely to do in BUSY seconds. Satisfies VoiceDetector."""

    def __init__(self, detector: VoiceDetector) -> None:
        self._detector = detector
        self._cost = 0.0  # seconds of CPU time a window; 0: not known yet
        self.answered = 0.0  # monotonic, of the last answer: written in the thread, read in the loop
        self.name, self.digest, self.window = detector.name, detector.digest, detector.window

    def score(self, windows: Sequence[Signal]) -> NDArray[np.float64]:
        parts, at = [], 0
        while at < len(windows):
            begun = time.thread_time()
            some = windows[at : at + self._together()]
            parts.append(self._detector.score(some))
            self._cost = (time.thread_time() - begun) / len(some)
            self.answered = time.monotonic()
            at += len(some)
        return np.concatenate(parts) if parts else np.zeros(0)

    def stop(self) -> None:
        self._detector.stop()

    def _together(self) -> int:
        return max(1, min(TOGETHER, int(BUSY / self._cost))) if self._cost else 1


class _Handover(Generic[T]):
    """Brings a result, or whatever was raised, from a thread to the loop that awaits it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.future: asyncio.Future[T] = loop.create_future()
        self.result: T

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle, error)
        return True

    def _settle(self, error: BaseException | None) -> None:
        if self.future.done():
            return
        if error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(error)


def in_a_thread(work: Callable[[], T], name: str) -> asyncio.Future[T]:
    """Do it in a daemon thread: unlike an executor's, one that is stuck for ever doesn't hold up the process's end."""
    handover: _Handover[T] = _Handover(asyncio.get_running_loop())

    def run() -> None:
        with handover:
            handover.result = work()

    threading.Thread(target=run, name=name, daemon=True).start()
    return handover.future


def _nobody_asks(future: asyncio.Future[_Batch]) -> None:
    """Takes the exception of a batch that was given up, or the loop would complain that nobody did."""
    if not future.cancelled():
        future.exception()
