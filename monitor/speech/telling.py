"""Hands over what became of utterances: those of a track in order, those of others at the same time.

Each waits for the disk several times while it is written down. One by one, the last of four that were heard in one call
came a quarter of a second after the first; and writes that come at the same time are one transaction (store/writer.py).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator

from monitor.speech.outcomes import Outcome, utterance_of

AT_ONCE = 16
"""Outcomes that are written down at the same time."""
MANY = 64
"""Outcomes that wait for it, from which on nothing more should be heard."""


class Telling:
    """For one task, which calls `go_on` whenever `changed` was called or something was added: each time with the same
    group, in which it is handed over."""

    def __init__(self, done: Callable[[Outcome], Awaitable[None]], changed: Callable[[], None]) -> None:
        self._done = done
        self._changed = changed
        self._waiting: deque[Outcome] = deque()  # bounded by its owner, who asks `full`
        self._at_work: dict[str, asyncio.Task[None]] = {}  # by track
        self.failed = False  # `done` has raised something

    def __bool__(self) -> bool:
        return bool(self._waiting or self._at_work)

    @property
    def full(self) -> bool:
        return len(self._waiting) >= MANY

    def add(self, outcome: Outcome) -> None:
        self._waiting.append(outcome)

    def change(self, how: Callable[[Outcome], Outcome | None]) -> None:
        """Put another outcome in the place of each that nobody was told yet; None: none at all."""
        self._waiting = deque(now for outcome in self._waiting if (now := how(outcome)) is not None)

    def go_on(self, tasks: asyncio.TaskGroup) -> None:
        """Hand over what can be. What `done` raises ends the group."""
        for outcome in tuple(self._ready()):
            self._waiting.remove(outcome)
            self._at_work[utterance_of(outcome).track] = tasks.create_task(self._tell(outcome))

    async def finish(self, tasks: asyncio.TaskGroup) -> None:
        """Hand over all that is left."""
        while self:
            self.go_on(tasks)
            await asyncio.wait(tuple(self._at_work.values()), return_when=asyncio.FIRST_COMPLETED)

    async def _tell(self, outcome: Outcome) -> None:
        told = False
        try:
            await self._done(outcome)
            told = True
        finally:
            self.failed = self.failed or not told
            del self._at_work[utterance_of(outcome).track]
            self._changed()

    def _ready(self) -> Iterator[Outcome]:
        """The first of each track of which nothing is at work."""
        tracks = set(self._at_work)
        for outcome in self._waiting:
            if len(tracks) >= AT_ONCE:
                return
            if (track := utterance_of(outcome).track) not in tracks:
                tracks.add(track)
                yield outcome
