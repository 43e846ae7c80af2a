"""Speakers from files at the pace of life: talk, a pause, talk, without a network. And what is true of their talk."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from monitor.model import FRAME, RATE, AudioFrame, Origin, Samples, Speaker

TICK = 0.06
"""Seconds of audio that come at once: a wake-up for each frame of each room would measure the bench."""
_KEPT = 400


@dataclass(frozen=True, slots=True, eq=False)
class Talk:
    """One recording."""

    samples: Samples
    ends: tuple[float, ...]  # seconds at which stretches of speech in it end


@dataclass(slots=True, eq=False)
class PacedTrack:
    """Somebody who talks for about half of the time until `until` (the loop's clock), beginning at a random moment."""

    talks: Sequence[Talk]
    seed: int
    until: float
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    spoken: float = 0.0  # seconds of recordings
    given: int = 0  # frames
    ends: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    """Wall times at which stretches of speech ended, the newest last."""

    @property
    def speaker(self) -> Speaker:
        return Speaker(f"speaker-{self.seed}", f"Speaker {self.seed}")

    async def frames(self) -> AsyncIterator[AudioFrame]:
        loop = asyncio.get_running_loop()
        began, wall = loop.time(), time.time()
        start = 0
        for samples, origin in self._said(wall):
            behind = began + (start + FRAME) / RATE - loop.time()
            if behind > TICK:
                await asyncio.sleep(behind)
            if loop.time() > self.until:
                return
            self.given += 1
            yield AudioFrame(start, samples, origin, wall + (start + FRAME) / RATE)
            start += FRAME

    def _said(self, wall: float) -> Iterator[tuple[Samples, Origin]]:
        """Recordings, each followed by a pause that is as long on average, frame by frame."""
        chance = random.Random(self.seed)  # noqa: S311  no secret
        silence = np.zeros(FRAME, np.int16)
        at = 0
        pause = chance.uniform(0, 8.0)
        while True:
            for _ in range(round(pause * RATE / FRAME)):
                yield silence, Origin.QUIET
                at += FRAME
            talk = chance.choice(self.talks)
            self.ends.extend(wall + at / RATE + end for end in talk.ends)
            self.spoken += len(talk.samples) / RATE
            for first in range(0, len(talk.samples) - FRAME + 1, FRAME):
                yield talk.samples[first : first + FRAME], Origin.HEARD
                at += FRAME
            pause = len(talk.samples) / RATE * chance.uniform(0.5, 1.5)
