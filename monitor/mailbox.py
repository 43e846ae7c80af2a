"""A bounded, closable queue between two tasks: a size, and a rule for when it is full.

Python 3.11 has no `Queue.shutdown`; `asyncio.Queue` is unbounded by default and can't say "no more will come".
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Closed(Exception):
    """`put` after `close`."""


class Mailbox(Generic[T]):
    """At most `size` items. `put` waits for room; `put_now` drops the oldest item instead and returns it.

    Iterating ends once the mailbox is closed *and* empty, so closing never loses what is inside.
    Any number of producers, one consumer.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError("a mailbox needs room for one item")
        self._size = size
        self._items: deque[T] = deque()
        self._closed = False
        self._wake = asyncio.Event()  # set while the consumer has something to see
        self._room = asyncio.Event()  # set while producers may put
        self._room.set()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def closed(self) -> bool:
        return self._closed

    def put_now(self, item: T) -> T | None:
        """Add an item; when full, drop the oldest one and return it. Raises Closed."""
        if self._closed:
            raise Closed
        dropped = self._items.popleft() if len(self._items) >= self._size else None
        self._add(item)
        return dropped

    async def put(self, item: T) -> None:
        """Add an item, waiting for room. Raises Closed, also when closed while waiting."""
        while not self._closed and len(self._items) >= self._size:
            self._room.clear()
            await self._room.wait()
        if self._closed:
            raise Closed
        self._add(item)

    async def get(self) -> T:
        """The oldest item, waiting for one. Raises Closed once closed and empty."""
        while not self._items:
            if self._closed:
                raise Closed
            self._wake.clear()
            await self._wake.wait()
        item = self._items.popleft()
        self._room.set()
        return item

    def close(self) -> None:
        """No more will come; what is inside can still be taken out."""
        self._closed = True
        self._wake.set()
        self._room.set()

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            try:
                item = await self.get()
            except Closed:
                return
            yield item

    def _add(self, item: T) -> None:
        self._items.append(item)
        self._wake.set()
