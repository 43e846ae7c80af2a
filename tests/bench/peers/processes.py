"""A process with all that it has started: how it is begun and ended, and what it uses. From Linux's /proc."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PATIENCE = 10.0
"""Seconds that a process has to end after it was asked to."""


class PeerFailed(Exception):
    """A peer did not start, or ended before its time."""


@asynccontextmanager
async def started(
    command: Sequence[str | Path],
    log: Path,
    variables: Mapping[str, str],
    stdin: int | None = asyncio.subprocess.DEVNULL,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """In a session of its own, so that all it starts ends with it. What it prints beside stdout goes to `log`."""
    with log.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE if stdin == asyncio.subprocess.PIPE else written,
            stderr=written,
            cwd=log.parent,
            env={**os.environ, **variables},
            start_new_session=True,
        )
    try:
        yield process
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await process.wait()
                return


async def answering(process: asyncio.subprocess.Process, port: int, log: Path, patience: float) -> None:
    """Wait until it takes connections on loopback. Raises PeerFailed with the end of its log."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    while process.returncode is None and loop.time() < until:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.5)
    raise PeerFailed(f"it does not answer on port {port}:\n{tail(log)}")


def tail(log: Path, lines: int = 12) -> str:
    return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-lines:])


def family(pid: int) -> list[int]:
    """The process and all that descend from it."""
    parents = dict(_parents())
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def cpu(pids: Sequence[int]) -> float:
    """Seconds of CPU that they have used, with those of their children that have ended."""
    return sum(sum(int(part) for part in fields[11:15]) for pid in pids if (fields := _stat(pid))) / _TICK


def memory(pids: Sequence[int]) -> float:
    """MB of real memory; what they share counts once."""
    return sum(map(_proportional, pids))


def _proportional(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def _stat(pid: int) -> list[str]:
    """The fields after the name; none where it has gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace").rpartition(")")[2].split()
    return []


def _parents() -> Iterator[tuple[int, int]]:
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and (fields := _stat(int(path.name))):
            yield int(path.name), int(fields[1])
