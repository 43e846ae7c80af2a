"""All ways of all models on one recording after the other, in this process or in several."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

from monitor.bench.ways import Case, Ears, Said, ways
from monitor.config import Settings

WARM = 16_000
"""Samples of what is heard before anything counts: the first call pays for what is loaded then."""


class Listener:
    """Hears with all ways of all models. Raises OperatorError."""

    def __init__(self, settings: Settings, models: Sequence[str], language: str, *, plain: bool, first: Case) -> None:
        self._ears = [Ears(settings, model, language, plain=plain) for model in models]
        self._ways = ways(plain=plain)
        self.hear(replace(first, asks=first.asks[:1], samples=first.samples[:WARM]))

    def hear(self, case: Case) -> list[list[Said]]:
        """For each model what each way made of it: all of a case before the next, so that load slows all alike."""
        return [[way.hear(ears, case) for way in self._ways] for ears in self._ears]


def listen(
    cases: Sequence[Case], settings: Settings, models: Sequence[str], language: str, *, plain: bool, jobs: int
) -> Generator[list[list[Said]], None, None]:
    """What `Listener.hear` makes of each case, in order. Close it to end early. `jobs`: processes."""
    first = max(cases, key=lambda case: len(case.asks))
    if jobs < 2:
        listener = Listener(settings, models, language, plain=plain, first=first)
        for case in cases:
            yield listener.hear(case)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, context, _begin, (settings, tuple(models), language, plain, first))
    try:
        yield from pool.map(_hear, cases)
    finally:
        pool.shutdown(cancel_futures=True)


_listener: Listener | None = None  # of a process of the pool


def _begin(settings: Settings, models: Sequence[str], language: str, plain: bool, first: Case) -> None:
    global _listener
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that prints
    _listener = Listener(settings, models, language, plain=plain, first=first)


def _hear(case: Case) -> list[list[Said]]:
    if _listener is None:
        raise RuntimeError("a process that was not begun")
    return _listener.hear(case)
