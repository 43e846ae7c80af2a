"""One speaker's audio over all sessions of a visit: what was heard in each, and between them what was lost, and why."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

from monitor.mailbox import Mailbox
from monitor.model import FRAME, RATE, AudioFrame, Origin, Speaker
from monitor.rooms.framer import SILENCE
from monitor.rooms.peer import MediaStream
from monitor.rooms.playout import BREATH

PARTS = 16
"""Sessions and outages that may wait to be listened to; beyond, the next session waits."""
FRAME_SECONDS = FRAME / RATE


@dataclass(frozen=True, slots=True)
class Outage:
    """Time in which nothing could be heard."""

    frames: int
    cause: str
    until: float  # wall time


class StreamTrack:
    """See `Track`."""

    def __init__(self, speaker: Speaker) -> None:
        self._id = uuid.uuid4().hex
        self._speaker = speaker
        self._parts: Mailbox[MediaStream | Outage] = Mailbox(PARTS)

    @property
    def id(self) -> str:
        return self._id

    @property
    def speaker(self) -> Speaker:
        return self._speaker

    async def frames(self) -> AsyncIterator[AudioFrame]:
        """See `Track.frames`. For one consumer."""
        position = 0
        async for part in self._parts:
            if isinstance(part, Outage):
                for _ in range(part.frames):
                    yield AudioFrame(position, SILENCE, Origin.LOST, part.until, part.cause)
                    position += FRAME
                continue
            async for frame in part.frames():
                yield AudioFrame(position, frame.samples, frame.origin, frame.arrived)
                position += FRAME

    async def hear(self, stream: MediaStream) -> None:
        """From now on it is this one; it has to be closed before the next is given. Raises Closed."""
        await self._parts.put(stream)

    async def lost(self, since: float, cause: str) -> float:
        """Nothing was heard since then (wall time). Returns until when that is booked now. Raises Closed."""
        count = int((time.time() - since) / FRAME_SECONDS)
        until = since + count * FRAME_SECONDS
        while count > 0:  # in pieces: each is given out in one go
            await self._parts.put(Outage(min(count, BREATH), cause, until))
            count -= BREATH
        return until

    def close(self) -> None:
        """The speaker is gone, or the visit is over; what has been heard can still be taken."""
        self._parts.close()
