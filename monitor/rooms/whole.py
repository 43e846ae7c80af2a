"""Work that must not be broken off in the middle: a cancellation waits until it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def whole(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end; when cancelled meanwhile, raise that afterwards. `work` has to be short.

    aioice 0.13 forgets the sockets that it has opened when it is cancelled while it looks for this machine's
    addresses, and aiortc's `close` leaves behind what it had not come to.
    """
    task = asyncio.get_running_loop().create_task(work)  # its parent is this call: it never outlives it
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # taken note of: the cancellation goes first
    raise cancelled
