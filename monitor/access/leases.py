"""Long connections and what entitles to them: whoever follows the feed learns at once that the session has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Lease:
    """One connection's."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    @property
    def ended(self) -> bool:
        return self._event.is_set()

    def end(self) -> None:
        self._event.set()

    async def wait(self, longest: float) -> None:
        """Until it ends, or for so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await self._event.wait()


class Leases:
    """All that are held, by what entitles to them."""

    def __init__(self) -> None:
        self._held: dict[str, set[Lease]] = {}

    @contextmanager
    def hold(self, key: str) -> Iterator[Lease]:
        lease = Lease()
        self._held.setdefault(key, set()).add(lease)
        try:
            yield lease
        finally:
            held = self._held[key]
            held.discard(lease)
            if not held:
                del self._held[key]

    def end(self, key: str) -> None:
        for lease in self._held.get(key, ()):
            lease.end()

    def end_all(self) -> None:
        for key in self._held:
            self.end(key)
