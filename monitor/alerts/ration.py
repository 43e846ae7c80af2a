"""So many a minute and no more: for records that a noisy rule could make without end. Pure."""

from __future__ import annotations


class Ration:
    """A bucket that fills with time, to at most a minute's worth."""

    def __init__(self, per_minute: int) -> None:
        if per_minute < 0:
            raise ValueError("a ration is 0 or more")
        self._most = float(per_minute)
        self._left = self._most
        self._at: float | None = None

    def take(self, wanted: int, now: float) -> int:
        """How many of `wanted` may pass. `now`: seconds on any clock; one that steps back fills nothing."""
        if self._at is not None and now > self._at:
            self._left = min(self._most, self._left + (now - self._at) * self._most / 60)
        self._at = now
        taken = min(wanted, int(self._left))
        self._left -= taken
        return taken
