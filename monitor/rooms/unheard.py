"""Somebody who is there and can't be heard: a track all the same, so that their time is in the ledger."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable

import numpy as np

from monitor.model import FRAME, RATE, AudioFrame, Origin, Speaker

LOOK = 1.0
"""Seconds between two handings out of what has passed."""
_SILENCE = np.zeros(FRAME, np.int16)


class Unheard:
    """A `Track` (connector.py) that follows the clock until `end`."""

    def __init__(
        self, speaker: Speaker, origin: Origin, cause: str = "", *, clock: Callable[[], float] = time.time
    ) -> None:
        """`origin`: FOREIGN for what can't be heard, with the cause; QUIET for who sends no audio at all."""
        self._id = uuid.uuid4().hex
        self._speaker = speaker
        self._origin = origin
        self._cause = cause
        self._clock = clock
        self._began = clock()
        self._over = asyncio.Event()

    @property
    def id(self) -> str:
        return self._id

    @property
    def speaker(self) -> Speaker:
        return self._speaker

    def end(self) -> None:
        """They have left, or can be heard from now on."""
        self._over.set()

    async def frames(self) -> AsyncIterator[AudioFrame]:
        """See `Track.frames`."""
        done = 0
        while True:
            over, due = self._over.is_set(), int((self._clock() - self._began) * RATE / FRAME)
            for number in range(done, due):
                at = self._began + (number + 1) * FRAME / RATE
                yield AudioFrame(number * FRAME, _SILENCE, self._origin, at, self._cause)
            done = max(done, due)
            if over:
                return
            try:
                async with asyncio.timeout(LOOK):
                    await self._over.wait()
            except TimeoutError:
                continue
