"""The crowd's process as its parent sees it: started with a plan, told when to begin and when to end."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from monitor.bench.crowd import Plan
from monitor.bench.crowd_voice import Truth
from monitor.errors import OperatorError

LINE = 1 << 22
"""Bytes of one line from the crowd: a visit of a day has less."""


class Crowd:
    """`visits` are those that are over."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.visits: deque[Truth] = deque(maxlen=1_000_000)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def go(self) -> None:
        await self._write("go\n")

    async def stop(self) -> None:
        """Everybody leaves; `until("done")` returns once all of `visits` are there."""
        await self._write("stop\n")

    async def until(self, word: str) -> None:
        """Read what the crowd tells up to this word: always be here while it runs, or it waits to be read.

        Raises OperatorError when it has died.
        """
        assert self._process.stdout is not None  # noqa: S101  a pipe was asked for
        while line := await self._process.stdout.readline():
            fields = json.loads(line)
            event = fields.pop("event")
            if event == "visit":
                self.visits.append(Truth(**fields))
            elif event == word:
                return
        raise OperatorError("the process with the speakers has died: its log tells why")

    async def _write(self, text: str) -> None:
        assert self._process.stdin is not None  # noqa: S101  a pipe was asked for
        self._process.stdin.write(text.encode())
        await self._process.stdin.drain()


@asynccontextmanager
async def crowd(plan: Plan, log: Path) -> AsyncIterator[Crowd]:
    """A crowd that is warm and waits for `go`; gone at the end. Raises OperatorError."""
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitor.bench.crowd",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors, limit=LINE,
        )  # fmt: skip
    found = Crowd(process)
    try:
        await found._write(plan.dump() + "\n")
        await found.until("warm")
        yield found
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
