"""What a track has heard and nobody has taken yet: bounded, in order, honest about what had to be dropped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from monitor.mailbox import Closed, Mailbox
from monitor.model import FRAME, AudioFrame, Origin
from monitor.rooms.framer import Block

BUFFER = 100
"""Frames (or longer runs of silence) that wait for the consumer: 2 s of speech."""
BREATH = 50
"""Frames of a long run of silence that are given out before others may run."""


class Playout:
    """Blocks in, frames out. Past BUFFER the oldest block is dropped: its time comes out all the same."""

    def __init__(self) -> None:
        self._mailbox: Mailbox[Block] = Mailbox(BUFFER)
        self._dropped = dict.fromkeys((Origin.QUIET, Origin.LOST, Origin.OVERLOAD), 0)  # frames, not shown yet
        self.overloaded = 0  # frames dropped so far because nobody took them; they come out as OVERLOAD

    def __len__(self) -> int:
        """Blocks that wait."""
        return len(self._mailbox)

    @property
    def closed(self) -> bool:
        return self._mailbox.closed

    def close(self) -> None:
        """No more will come; what waits can still be taken."""
        self._mailbox.close()

    def put(self, block: Block) -> None:
        dropped = self._mailbox.put_now(block)
        if dropped is None:
            return
        # Silence that is dropped stays what it was; only speech is lost by it.
        origin = Origin.OVERLOAD if dropped.origin is Origin.HEARD else dropped.origin
        self._dropped[origin] += dropped.count
        if origin is Origin.OVERLOAD:
            self.overloaded += dropped.count

    async def frames(self) -> AsyncIterator[AudioFrame]:
        """See `Track.frames`. For one consumer."""
        position = 0
        while True:
            try:
                block = await self._mailbox.get()
            except Closed:
                return
            # What was dropped before now is older than this block; what is dropped while it is used is younger.
            older = [Block(origin, count, block.arrived) for origin, count in self._dropped.items() if count]
            self._dropped = dict.fromkeys(self._dropped, 0)
            for part in (*older, block):
                for number in range(part.count):
                    if number % BREATH == BREATH - 1:
                        await asyncio.sleep(0)
                    yield AudioFrame(position, part.samples, part.origin, part.arrived)
                    position += FRAME
