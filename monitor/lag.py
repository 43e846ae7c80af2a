"""When to say that the recogniser is behind, and when that it is up again. Pure."""

from __future__ import annotations

from dataclasses import dataclass

ENTER = 20.0
"""Seconds of waiting speech from which the recogniser counts as behind."""
LEAVE = 5.0
"""Seconds of waiting speech below which it is up again: well below ENTER, so that it doesn't flicker."""


@dataclass(frozen=True, slots=True)
class Lagging:
    """What to tell."""

    waiting: float  # seconds of speech that wait
    lost: float  # seconds of speech given up since this began
    recovered: bool


class Lag:
    """Looked at now and then; speaks only on a change."""

    def __init__(self) -> None:
        self._behind = False
        self._lost_before = 0.0  # given up before this lag began
        self._lost_told = 0.0

    def look(self, waiting: float, lost: float) -> Lagging | None:
        """`waiting`: seconds of speech that wait; `lost`: seconds given up since the service began."""
        if not self._behind:
            if waiting < ENTER and lost <= self._lost_told:
                self._lost_before = lost
                return None
            self._behind = True
        elif waiting < LEAVE:
            self._behind = False
            told = Lagging(waiting, lost - self._lost_before, recovered=True)
            self._lost_before = self._lost_told = lost
            return told
        elif lost <= self._lost_told:
            return None
        self._lost_told = lost
        return Lagging(waiting, lost - self._lost_before, recovered=False)
