"""One speaker's audio from LiveKit's SDK → frames of 20 ms with their origin: a `Track` (connector.py)."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Callable

import numpy as np

from monitor.model import FRAME, RATE, AudioFrame, Origin, Samples, Speaker
from monitor.rooms.framer import SILENCE, Block
from monitor.rooms.livekit.loss import Counts, Judge
from monitor.rooms.playout import Playout

UNREAD = 100
"""Frames (2 s) that wait for a reading of the counters; beyond, they are believed."""


class LiveKitStream:
    """See `Track`. `take` gets what the SDK gives, `look` the counters that say what it is worth."""

    def __init__(self, speaker: Speaker, *, muted: bool = False, clock: Callable[[], float] = time.time) -> None:
        self._id = uuid.uuid4().hex
        self._speaker = speaker
        self._muted = muted
        self._clock = clock
        self._judge = Judge()
        self._waiting: list[tuple[Samples, float]] = []  # what no reading has judged yet, with its arrival
        self._playout = Playout()
        self._packets = 0
        self._begun = False  # the first packet has come
        self.last_packet_at: float | None = None  # wall time of the reading that knew of a new one; None: none yet

    @property
    def id(self) -> str:
        return self._id

    @property
    def speaker(self) -> Speaker:
        return self._speaker

    @property
    def muted(self) -> bool:
        return self._muted

    @property
    def overloaded(self) -> int:
        """Frames dropped so far because nobody took them; they come out as OVERLOAD."""
        return self._playout.overloaded

    def frames(self) -> AsyncIterator[AudioFrame]:
        """See `Track.frames`. For one consumer."""
        return self._playout.frames()

    def take(self, samples: Samples) -> None:
        """20 ms from the SDK, shape (FRAME,)."""
        if self._playout.closed:
            return
        now = self._clock()
        if self._muted:  # whatever the decoder makes of nothing
            self._put(Origin.QUIET, 1, now)
            return
        self._waiting.append((samples, now))
        if len(self._waiting) > UNREAD:
            self._hand_on(len(self._waiting))

    def look(self, counts: Counts | None, *, talking: bool = False) -> None:
        """The SDK's counters of this track now; None where they can't be relied on. `talking`: so the room says."""
        if self._playout.closed:
            return
        now = self._clock()
        if counts is not None and counts.packets > self._packets:
            self._packets, self.last_packet_at = counts.packets, now
        if counts is not None and counts.packets and not self._begun:
            self._begun = True
            while self._waiting and not self._waiting[0][0].any():  # what the decoder gave before the first packet
                self._waiting.pop(0)
        verdict = self._judge.look(len(self._waiting), counts, talking=talking)
        self._put(Origin.LOST, verdict.lost_before, now)
        self._put(Origin.QUIET, verdict.quiet_before, now)
        self._hand_on(verdict.lost_first, Origin.LOST)
        self._hand_on(verdict.heard)
        self._hand_on(verdict.lost, Origin.LOST)
        self._waiting = []

    def mute(self, muted: bool) -> None:
        """The room says that the microphone is off, or on again."""
        if self._playout.closed:
            return
        self._hand_on(len(self._waiting))
        self._put(Origin.QUIET, self._judge.quiet(), self._clock())
        self._muted = muted

    def missed(self, seconds: float) -> None:
        """The room says that the speaker talked for so long, and nothing came: no packet will ever tell of it."""
        if not self._playout.closed:
            self._waiting = []
            self._judge.quiet()
            self._put(Origin.LOST, round(seconds * RATE / FRAME), self._clock())

    def close(self) -> None:
        """The speaker left: `frames()` ends after what is buffered. Calling it again changes nothing."""
        if not self._playout.closed:
            if not self._judge.held:
                self._hand_on(len(self._waiting))
            self._waiting = []
            self._playout.close()

    def _hand_on(self, count: int, origin: Origin = Origin.HEARD) -> None:
        """The first of what waits."""
        first, self._waiting = self._waiting[:count], self._waiting[count:]
        for samples, arrived in first:
            self._put(origin, 1, arrived, samples)

    def _put(self, origin: Origin, count: int, arrived: float, samples: Samples = SILENCE) -> None:
        if count:
            self._playout.put(Block(origin, count, arrived, samples))


def samples_of(data: memoryview) -> Samples:
    """The SDK's buffer as samples of our own, filled up to a whole frame."""
    samples = np.frombuffer(data, np.int16)[:FRAME]
    return samples if len(samples) == FRAME else np.pad(samples, (0, FRAME - len(samples)))
