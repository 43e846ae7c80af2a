"""From the database to everybody who listens now: fan-out with a bounded buffer for each.

Numbered messages must all arrive: a subscriber whose buffer is full is *overrun* and must come back with ?after=<seq>.
Passing ones (who talks, coverage) are replaced by the next anyway: they are left out once the buffer is half full.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from monitor.mailbox import Closed, Mailbox
from monitor.masking import hide
from monitor.messages import CoverageChanged, ListsChanged, Message, Numbered, Talking, VoiceNow


@dataclass(frozen=True, slots=True)
class Item:
    """One message, ready to send. `seq` is 0 for a passing one."""

    seq: int
    text: str  # JSON
    told: float = 0.0  # steady time at which it was


class Overrun(Exception):
    """The subscriber is too slow; what follows is in the database only."""


class Subscription:
    """What one client gets. `get` for one task, `offer` for any."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: Mailbox[Item] = Mailbox(size)
        self._overrun = False
        self._ran_over = asyncio.Event()

    @property
    def overrun(self) -> bool:
        return self._overrun

    async def get(self) -> Item:
        """The next message. Raises Overrun at once when the buffer ran full, Closed after the feed's last."""
        if self._overrun:
            raise Overrun
        try:
            item = await self._items.get()
        except Closed:
            if self._overrun:
                raise Overrun from None
            raise
        if self._overrun:
            raise Overrun
        return item

    def offer(self, item: Item) -> bool:
        """Add a message; False when it was left out."""
        if self._items.closed:
            return False
        if item.seq == 0 and len(self._items) >= self._size // 2:
            return False
        if len(self._items) >= self._size:
            self._overrun = True
            self._ran_over.set()
            self._items.close()
            return False
        self._items.put_now(item)
        return True

    async def wait_overrun(self) -> None:
        """Returns when the buffer ran full: whoever is stuck in sending can be stopped."""
        await self._ran_over.wait()

    def close(self) -> None:
        self._items.close()


class Feed:
    """`publish` is what Store.open wants as `told`."""

    def __init__(self, size: int = 256, on_overrun: Callable[[], None] = lambda: None) -> None:
        """`size`: messages that may wait for one client; `on_overrun` is called once for each that is overrun."""
        self._size = size
        self._on_overrun = on_overrun
        self._subscriptions: set[Subscription] = set()
        self._closed = False
        self._seq = 0

    @property
    def seq(self) -> int:
        """The newest number told since the start of the process; 0 before the first."""
        return self._seq

    @property
    def clients(self) -> int:
        return len(self._subscriptions)

    @property
    def closed(self) -> bool:
        return self._closed

    def publish(self, message: Numbered) -> None:
        """Tell everybody of a stored event. Never blocks, never raises."""
        self._seq = message.seq
        self._send(message.seq, message)

    def passing(self, message: Talking | CoverageChanged | ListsChanged | VoiceNow) -> None:
        """Tell everybody who keeps up of something that is not stored."""
        self._send(0, message)

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """From here on every message is kept for the subscriber. After `close` it ends at once."""
        subscription = Subscription(self._size)
        if self._closed:
            subscription.close()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """No more messages: subscribers get what waits and then Closed, upon which the web says goodbye."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()

    def _send(self, seq: int, message: Message) -> None:
        if not self._subscriptions:
            return
        item = Item(seq, hide.message(message).model_dump_json(), time.monotonic())
        for subscription in self._subscriptions:
            before = subscription.overrun
            subscription.offer(item)
            if subscription.overrun and not before:
                self._on_overrun()
