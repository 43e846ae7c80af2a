"""Pieces of audio of any length → blocks of whole 20 ms frames, in order, nothing lost and nothing added.

Pure. Long silence stays one block with a count, so that ten minutes of it take no more memory than one frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from monitor.model import FRAME, Origin, Samples

SILENCE: Samples = np.zeros(FRAME, np.int16)
"""One frame of it, shared: it can't be written to."""
SILENCE.setflags(write=False)

_WORST_FIRST = (Origin.OVERLOAD, Origin.LOST, Origin.HEARD, Origin.QUIET)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """`count` frames that all have these samples, shape (FRAME,)."""

    origin: Origin
    count: int
    arrived: float = 0.0
    samples: Samples = field(default_factory=lambda: SILENCE)


class Framer:
    """A frame of pieces of several origins has the worst of them: lost before heard before quiet."""

    def __init__(self) -> None:
        self._parts: list[Samples] = []  # the frame that is not full yet
        self._size = 0
        self._origins: set[Origin] = set()

    def add(self, samples: Samples, origin: Origin) -> list[Block]:
        """Add audio; gives the frames that are full now."""
        blocks: list[Block] = []
        while len(samples):
            if self._size == 0 and len(samples) >= FRAME:  # the common case: nothing to copy
                piece, samples = samples[:FRAME], samples[FRAME:]
                blocks.append(Block(origin, 1, samples=piece))
                continue
            piece, samples = samples[: FRAME - self._size], samples[FRAME - self._size :]
            self._parts.append(piece)
            self._size += len(piece)
            self._origins.add(origin)
            if self._size == FRAME:
                blocks.append(self._full())
        return blocks

    def silence(self, count: int, origin: Origin) -> list[Block]:
        """Add `count` samples of silence."""
        head = min(count, (FRAME - self._size) % FRAME)
        blocks = self.add(SILENCE[:head], origin)
        whole, rest = divmod(count - head, FRAME)
        if whole:
            blocks.append(Block(origin, whole))
        return [*blocks, *self.add(SILENCE[:rest], origin)]

    def finish(self) -> list[Block]:
        """The last frame, filled up with silence, if one has begun."""
        return self.add(SILENCE[: FRAME - self._size], Origin.QUIET) if self._size else []

    def _full(self) -> Block:
        origin = next(o for o in _WORST_FIRST if o in self._origins)
        block = Block(origin, 1, samples=np.concatenate(self._parts))
        self._parts, self._size, self._origins = [], 0, set()
        return block
