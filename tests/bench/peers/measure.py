"""Some speakers talk to one system for a while: what came of it, and what it took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from monitor.bench.capacity import IN_TIME
from monitor.bench.paced import Talk
from monitor.speech.wer import tokens
from tests.bench.peers import processes
from tests.bench.peers.account import Said, Score, Shown, score
from tests.bench.peers.peer import Line, Peer
from tests.bench.peers.talker import Talker

TOLERATED = 0.02
"""Share of recordings that may be lost: the model alone gives no text for one or two of a hundred."""
_LOOK = 2.0
"""Seconds between two looks at the memory."""


@dataclass(slots=True)
class Run:
    """What one number of speakers came to with one system."""

    name: str
    streams: int
    seconds: float
    set_as: str
    versions: str
    score: Score = field(default_factory=Score)
    cores: float = 0.0
    memory: float = 0.0  # MB, the most
    texts: list[tuple[str, str]] = field(default_factory=list)  # of each stream: what was said, the final text

    @property
    def held(self) -> bool:
        """In time as `bench capacity` has it: next to nothing lost, and final text within 2 s for 95 of 100."""
        one = self.score
        return bool(one.final) and one.lost <= TOLERATED * one.recordings and self.late <= IN_TIME

    @property
    def late(self) -> float:
        return float(np.percentile(self.score.final, 95))


@dataclass(slots=True)
class Screen:
    """What the listener to one speaker was shown, each change once."""

    shown: list[Shown] = field(default_factory=list)

    def show(self, final: str, still_open: str) -> None:
        if not self.shown or (self.shown[-1].final, self.shown[-1].open) != (final, still_open):
            self.shown.append(Shown(time.time(), final, still_open))


async def measure(
    peer: Peer, streams: int, seconds: float, model: Path, words: Mapping[Talk, tuple[str, ...]], scratch: Path
) -> Run:
    """Raises PeerFailed, perhaps in a group, when it does not start or ends before its time."""
    run = Run(peer.name, streams, seconds, peer.set_as, peer.environment.versions(*peer.packages))
    screens = [Screen() for _ in range(streams)]
    loop = asyncio.get_running_loop()
    async with peer.running(streams, model, scratch) as running, AsyncExitStack() as stack:
        lines = [
            await stack.enter_async_context(running.line(number, screen.show)) for number, screen in enumerate(screens)
        ]
        talkers = [Talker(list(words), number, loop.time() + seconds) for number in range(streams)]
        silent = time.time() + seconds
        async with asyncio.TaskGroup() as tasks:
            for talker, line in zip(talkers, lines, strict=True):
                tasks.create_task(_talk(talker, line, peer.chunk))
            await meter(lambda: [one for pid in running.pids for one in processes.family(pid)], seconds, run)
    account(run, [(talker.said_until(words, silent), one.shown) for talker, one in zip(talkers, screens, strict=True)])
    return run


async def _talk(talker: Talker, line: Line, chunk: int) -> None:
    async for audio in talker.chunks(chunk):
        await line.send(audio)


async def meter(pids: Callable[[], Sequence[int]], seconds: float, run: Run) -> None:
    """Look at the processes for as long as there is talk."""
    until = time.monotonic() + seconds
    began, used = time.monotonic(), processes.cpu(pids())
    while (left := until - time.monotonic()) > 0:
        await asyncio.sleep(min(_LOOK, left))
        run.memory = max(run.memory, processes.memory(pids()))
    run.cores = (processes.cpu(pids()) - used) / (time.monotonic() - began)


def account(run: Run, streams: Sequence[tuple[list[Said], list[Shown]]]) -> None:
    """Add up what was said and shown."""
    for said, shown in streams:
        run.score += score(said, shown, lambda text: list(_tokens(text)))
        run.texts.append((" ".join(word for one in said for word in one.words), shown[-1].final if shown else ""))


@lru_cache(maxsize=256)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(tokens(text, "en"))
