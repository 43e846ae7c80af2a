"""What a speaking peer says when: recordings cut into 20 ms frames, with silence between and turns among several.

No clock: it is asked for one frame per 20 ms.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

import numpy as np

from monitor.model import FRAME, Samples

GAP = 15
"""Frames (0.3 s) that a turn is held after a recording, as people do."""
TAIL = 15
"""Frames of silence after the last recording, so that its end is not cut."""


class Turn:
    """Several speakers who don't talk over each other: first come, first served. Shared among their scripts."""

    def __init__(self) -> None:
        self._line: deque[object] = deque()

    def take(self, who: object) -> bool:
        """Whether it is the turn of `who`, who stands in line from the first time asked."""
        if who not in self._line:
            self._line.append(who)
        return self._line[0] is who

    def give(self, who: object) -> None:
        """Leave the line."""
        if who in self._line:
            self._line.remove(who)


class Mark(Enum):
    """What is special about a frame."""

    NOTHING = auto()
    STARTS = auto()  # the first of a recording
    ENDS = auto()  # the last of a recording


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """20 ms of a script."""

    samples: Samples  # shape (FRAME,)
    index: int = -1  # of the recording; −1: none
    mark: Mark = Mark.NOTHING


QUIET = Line(np.zeros(FRAME, np.int16))


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    """Recordings (int16, mono, 16 kHz) in order, again and again where `loop` is set.

    `ready` is asked before each recording and holds it back while false; `turn` is waited for as well.
    """

    clips: Sequence[Samples]
    pause: float = 1.0  # seconds after each recording
    loop: bool = True
    turn: Turn | None = None
    ready: Callable[[], bool] = field(default=lambda: True)

    def frames(self) -> Iterator[Line]:
        """One frame per 20 ms. Close the iterator when you stop early: it may hold the turn."""
        order = itertools.count() if self.loop and self.clips else range(len(self.clips))
        me = object()
        try:
            for number in order:
                index = number % len(self.clips)
                while not self.ready() or (self.turn is not None and not self.turn.take(me)):
                    yield QUIET
                yield from _lines(self.clips[index], index)
                yield from itertools.repeat(QUIET, GAP)
                if self.turn is not None:
                    self.turn.give(me)
                yield from itertools.repeat(QUIET, max(0, round(self.pause * 50) - GAP))
            yield from itertools.repeat(QUIET, TAIL)
        finally:
            if self.turn is not None:
                self.turn.give(me)


def _lines(clip: Samples, index: int) -> Iterator[Line]:
    if clip.ndim != 1 or clip.dtype != np.int16:
        raise ValueError("a recording must be mono int16 samples at 16 kHz")
    count = -(-len(clip) // FRAME)
    padded = np.pad(clip, (0, count * FRAME - len(clip)))
    for number in range(count):
        mark = Mark.ENDS if number == count - 1 else Mark.STARTS if number == 0 else Mark.NOTHING
        yield Line(padded[number * FRAME : (number + 1) * FRAME], index, mark)
