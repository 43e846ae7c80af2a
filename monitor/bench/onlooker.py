"""Somebody who looks at the feed while a bench runs, in a process of their own: what comes when.

Started with the service's address; ends with the end of its standard input, and says what it has seen.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from websockets.asyncio.client import connect

_SEQ = re.compile(r'"seq":(\d+)')
LINE = 1 << 26
"""Bytes of what it says in the end."""


class Onlooker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def over(self) -> dict[int, float]:
        """When it had each numbered message, wall time. It looks no more. Empty where it could not look."""
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018  pipes
        self._process.stdin.close()
        line = await self._process.stdout.readline()
        return {int(number): at for number, at in json.loads(line or "{}").items()}


@asynccontextmanager
async def onlooker(url: str, log: Path) -> AsyncIterator[Onlooker]:
    """`url`: http://host:port of the service."""
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitor.bench.onlooker", url.replace("http", "ws", 1),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors, limit=LINE,
        )  # fmt: skip
    try:
        yield Onlooker(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _look(url: str, seen: dict[int, float]) -> None:
    async with connect(f"{url}/feed", max_size=None) as feed:
        async for text in feed:
            if found := _SEQ.search(str(text)):
                seen.setdefault(int(found[1]), time.time())


async def main(url: str) -> None:
    ended = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(ended), sys.stdin)
    seen: dict[int, float] = {}
    async with asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(_look(url, seen))
        await ended.read()
        looking.cancel()
    print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
