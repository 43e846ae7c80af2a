"""How fast passwords may be tried: after some that were wrong, each further one has to wait, twice as long each time.

Pure: the time is given. What is counted is bounded, too: beyond `SIZE` keys the oldest is forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

SIZE = 20_000
FORGET = 3600.0
"""Seconds after the last try after which all is forgiven."""


@dataclass(slots=True)
class _Tries:
    count: int
    last: float


class Throttle:
    """Tries by key. `take` before a try; `give_back` or `forgive` once it was right."""

    def __init__(self, free: int, most: float = 900.0) -> None:
        """`free`: tries without a wait; `most`: the longest wait in seconds."""
        self._free = free
        self._most = most
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def wait(self, key: str, now: float) -> float:
        """Seconds until the next try may be made; 0: now."""
        tries = self._tries.get(key)
        if tries is None or now - tries.last > FORGET:
            return 0.0
        beyond = tries.count - self._free
        pause = min(2.0 ** min(beyond, 30), self._most) if beyond >= 0 else 0.0
        return max(0.0, tries.last + pause - now)

    def take(self, key: str, now: float) -> None:
        """Count a try as wrong before it is known, or many could be made at once."""
        tries = self._tries.pop(key, None)
        if tries is None or now - tries.last > FORGET:
            tries = _Tries(0, now)
        tries.count += 1
        tries.last = now
        self._tries[key] = tries
        while len(self._tries) > SIZE:
            self._tries.popitem(last=False)

    def give_back(self, key: str) -> None:
        """It was right; the others still count."""
        if (tries := self._tries.get(key)) is not None:
            tries.count -= 1

    def forgive(self, key: str) -> None:
        """It was right, and whoever it was may mistype again."""
        self._tries.pop(key, None)
