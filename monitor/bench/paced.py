"""Speakers from files at the pace of life: talk, a pause, talk. As frames without a network; what they say when is the
same over a network (crowd_talk.py)."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import numpy as np

from monitor.mailbox import Mailbox
from monitor.model import FRAME, RATE, AudioFrame, Origin, Samples, Speaker
from monitor.rooms.connector import Capabilities, Session, Track

TICK = 0.06
"""Seconds of audio that come at once: a wake-up for each frame of each room would measure the bench."""
_KEPT = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Talk:
    """One recording."""

    samples: Samples
    ends: tuple[float, ...]  # seconds at which stretches of speech in it end


def script(lengths: Sequence[int], seed: int) -> Iterator[tuple[int, int]]:
    """What somebody says: (frames of silence, number of the recording that follows), for ever.

    Silence is as long as the recording before it, on average: they talk for half of the time. `lengths`: of the
    recordings, in frames.
    """
    chance = random.Random(seed)  # noqa: S311  no secret
    pause = chance.uniform(0, 2 * sum(lengths) / len(lengths))  # the others are anywhere between two beginnings
    while True:
        number = chance.randrange(len(lengths))
        yield round(pause), number
        pause = lengths[number] * chance.uniform(0.5, 1.5)


@dataclass(slots=True, eq=False)
class PacedTrack:
    """Somebody who talks for about half of the time until `until` (the loop's clock), beginning at a random moment."""

    talks: Sequence[Talk]
    seed: int
    until: float
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    spoken: float = 0.0  # seconds of recordings
    given: int = 0  # frames
    came: float = 0.0  # wall time from which it was open
    gone: float = 0.0  # and until when
    ends: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    """Wall times at which stretches of speech ended, the newest last."""
    said: deque[tuple[float, Talk]] = field(default_factory=lambda: deque(maxlen=_KEPT))
    """Wall times at which recordings begin, the newest last."""

    @property
    def speaker(self) -> Speaker:
        return Speaker(f"speaker-{self.seed}", f"Speaker {self.seed}")

    @property
    def idle(self) -> float:
        """Seconds for which it was open and gave nothing, as the loop was busy: nobody can book them as heard."""
        return max(0.0, self.gone - self.came - self.given * FRAME / RATE)

    async def frames(self) -> AsyncIterator[AudioFrame]:
        loop = asyncio.get_running_loop()
        began, wall = loop.time(), time.time()
        start = 0
        for samples, origin in self._said(wall):
            behind = began + (start + FRAME) / RATE - loop.time()
            if behind > TICK:
                await asyncio.sleep(behind)
            if loop.time() > self.until:
                self.gone = time.time()
                return
            self.given += 1
            yield AudioFrame(start, samples, origin, wall + (start + FRAME) / RATE)
            start += FRAME

    def _said(self, wall: float) -> Iterator[tuple[Samples, Origin]]:
        silence = np.zeros(FRAME, np.int16)
        at = 0
        for pause, number in script([len(talk.samples) // FRAME for talk in self.talks], self.seed):
            for _ in range(pause):
                yield silence, Origin.QUIET
                at += FRAME
            talk = self.talks[number]
            self.ends.extend(wall + at / RATE + end for end in talk.ends)
            self.said.append((wall + at / RATE, talk))
            self.spoken += len(talk.samples) / RATE
            for first in range(0, len(talk.samples) - FRAME + 1, FRAME):
                yield talk.samples[first : first + FRAME], Origin.HEARD
                at += FRAME


class SilentTrack:
    """Somebody who is there and sends nothing, as a muted one does."""

    def __init__(self, seed: int) -> None:
        self.id = uuid.uuid4().hex
        self.speaker = Speaker(f"speaker-{seed}", f"Speaker {seed}")
        self.left = asyncio.Event()

    async def frames(self) -> AsyncIterator[AudioFrame]:
        await self.left.wait()
        nothing: tuple[AudioFrame, ...] = ()
        for frame in nothing:
            yield frame


class PacedRoom:
    """A kind of room without a network: a `Connector`. Who is put into `coming` comes."""

    capabilities = Capabilities(per_speaker_tracks=True, can_announce=False, reports_roster=True)

    def __init__(self) -> None:
        self.coming: Mailbox[PacedTrack | SilentTrack] = Mailbox(4)

    def join(self) -> AbstractAsyncContextManager[Session]:
        """See `Connector.join`."""
        return self._visit()

    @asynccontextmanager
    async def _visit(self) -> AsyncIterator[Session]:
        session = _PacedSession(self.coming)
        try:
            yield session
        finally:
            for track in session.here:
                if isinstance(track, SilentTrack):
                    track.left.set()


class _PacedSession:
    """See `Session`."""

    def __init__(self, coming: Mailbox[PacedTrack | SilentTrack]) -> None:
        self._coming = coming
        self.here: list[PacedTrack | SilentTrack] = []

    async def tracks(self) -> AsyncIterator[Track]:
        async for track in self._coming:
            self.here.append(track)
            if isinstance(track, PacedTrack):
                track.came = time.time()
            yield track

    def roster(self) -> tuple[Speaker, ...]:
        return tuple(track.speaker for track in self.here)

    async def announce(self, notice: str, to: tuple[Speaker, ...] = ()) -> str:
        return ""
