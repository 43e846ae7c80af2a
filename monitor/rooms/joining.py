"""Entering and leaving a room, the same for every kind: its work runs beside the caller and ends with the visit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Generic, TypeVar

from monitor.rooms.connector import Session

S = TypeVar("S", bound=Session)
Works = Callable[[S], Sequence[Coroutine[None, None, None]]]


class Joining(Generic[S]):
    """A context manager as a class: a TaskGroup in a generator would wrap the errors of its body into groups."""

    def __init__(self, enter: Callable[[AsyncExitStack], Awaitable[S]], works: Works[S]) -> None:
        """`enter` joins, and puts onto the stack whatever must be undone, step by step. `works` are then run until the
        visit ends; they tell the session what fails and raise nothing."""
        self._enter = enter
        self._works = works
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> S:
        async with AsyncExitStack() as stack:
            session = await self._enter(stack)
            await self._group.__aenter__()
            self._tasks = [self._group.create_task(work) for work in self._works(session)]
            self._stack = stack.pop_all()
        return session

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        try:
            # The group must see a cancellation, which may be its own doing; other errors of the body are none of it.
            ours = kind is not None and issubclass(kind, asyncio.CancelledError)
            await self._group.__aexit__(*((kind, error, trace) if ours else (None, None, None)))
        finally:
            await self._stack.aclose()
