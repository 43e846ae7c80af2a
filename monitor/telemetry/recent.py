"""What was measured in the last minutes: exact figures for people who look now, where a histogram has only buckets."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

KEPT = 300.0
"""Seconds for which a value counts."""
MOST = 4_000
"""Values of one name at most: thirteen a second."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Of several values."""

    half: float  # the median
    most: float  # 95 of 100 are at most this
    count: int


class Recent:
    """Values by name. For one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._values: defaultdict[str, deque[tuple[float, float]]] = defaultdict(lambda: deque(maxlen=MOST))

    def note(self, name: str, value: float) -> None:
        self._values[name].append((self._clock(), value))

    def spread(self, name: str, seconds: float = KEPT) -> Spread | None:
        """Of what was noted in the last `seconds`; None where nothing was."""
        since = self._clock() - min(seconds, KEPT)
        values = sorted(value for at, value in self._values.get(name, ()) if at >= since)
        if not values:
            return None
        half, most = (values[int(share * (len(values) - 1))] for share in (0.5, 0.95))
        return Spread(half, most, len(values))
