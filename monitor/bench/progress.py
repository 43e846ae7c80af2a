"""A bar for what another process does for a known time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from rich.console import Console
from rich.progress import Progress


@asynccontextmanager
async def progress(out: Console, what: str, seconds: float) -> AsyncIterator[None]:
    """As far as time tells: what is measured is in another process, and is not to be asked."""

    async def tick(shown: Progress) -> None:
        bar = shown.add_task(what, total=seconds)
        while True:
            await asyncio.sleep(1.0)
            shown.advance(bar)

    with Progress(console=out, transient=True) as shown:
        async with asyncio.TaskGroup() as tasks:
            ticking = tasks.create_task(tick(shown))
            yield
            ticking.cancel()
