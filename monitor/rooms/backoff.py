"""How long to wait before the next try. Pure: the caller brings the clock and the dice."""

from __future__ import annotations

from collections.abc import Callable
from random import SystemRandom

_dice = SystemRandom()


class Backoff:
    """Doubling, jittered waits, in seconds: the n-th is drawn from [half, whole] of `first` × 2ⁿ, at most `longest`.

    The jitter keeps the rooms of one lost server from coming back in one instant; the lower half keeps a wait a wait.
    A connection that held for `stable` seconds makes the next wait short again; one that drops earlier doesn't, or a
    server that accepts and throws out at once would be hammered.
    """

    def __init__(
        self,
        first: float = 0.5,
        longest: float = 30.0,
        stable: float = 60.0,
        dice: Callable[[], float] = _dice.random,
    ) -> None:
        if not 0 < first <= longest:
            raise ValueError("the first wait must be above 0 and at most the longest")
        self._first = first
        self._longest = longest
        self._stable = stable
        self._dice = dice  # gives a number in [0, 1)
        self._tries = 0

    @property
    def tries(self) -> int:
        """Waits since the last stable connection."""
        return self._tries

    def held(self, seconds: float) -> None:
        """Tell how long the connection lasted that has just been lost."""
        if seconds >= self._stable:
            self._tries = 0

    def wait(self) -> float:
        """Seconds to wait before the next try."""
        # The exponent is bounded so that weeks of failing don't make a number too large for a float.
        whole = min(self._longest, self._first * 2.0 ** min(self._tries, 30))
        self._tries += 1
        return whole * (0.5 + 0.5 * self._dice())
