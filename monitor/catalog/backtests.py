"""What a change of a list would have done, on request: from names and versions to a running backtest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from monitor.catalog.catalog import Catalog
from monitor.catalog.trials import Trial, Trials
from monitor.keywords.backtest import Backtest, Report, Source, run
from monitor.keywords.lists import read
from monitor.keywords.rules import KeywordList
from monitor.model import Grade

Running = Trial[Report]


@dataclass(frozen=True, slots=True)
class Asked:
    """`content` is a draft (TOML), or None for `version`; empty versions mean the one in force.

    Without a draft and a version, the list in force is looked at by itself: all that it finds counts as gained.
    """

    name: str
    since: float  # wall time
    until: float | None = None
    content: str | None = None
    version: str = ""
    against: str = ""


class Backtests:
    """One runs at a time. Methods raise KeywordListUnknown and KeywordListInvalid, and Busy while another runs."""

    def __init__(
        self,
        catalog: Catalog,
        trials: Trials[Report],
        source: Source,
        *,
        grades: frozenset[Grade],
        cool_down: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`grades` that alert, and `cool_down` in seconds, as the alert policy has them."""
        self._catalog = catalog
        self._source = source
        self._grades = grades
        self._cool_down = cool_down
        self._clock = clock
        self.trials = trials

    async def start(self, asked: Asked) -> Running:
        self.trials.free()
        now = self._clock()
        new, old = await self._both(asked)
        backtest = Backtest(
            new=new,
            old=old,
            since=asked.since,
            until=now + 1 if asked.until is None else asked.until,
            states=await self._catalog.states(),
            day=datetime.fromtimestamp(now, UTC).date(),
            grades=self._grades,
            cool_down=self._cool_down,
            nice=10,
        )
        return self.trials.start(asked.name, lambda trial: run(backtest, self._source, trial.progress))

    def forget(self, rooms: Collection[str]) -> None:
        """Something was erased there: no example quotes it any longer. A run has read it already, so it ends."""
        for trial in self.trials.all() if rooms else ():
            self.trials.cancel(trial)  # nothing happens where it is over
            if (report := trial.result) is not None:
                left = tuple(one for one in report.examples if one.room not in rooms)
                trial.result = replace(report, examples=left)

    async def _both(self, asked: Asked) -> tuple[KeywordList, KeywordList | None]:
        present = next((one for one in self._catalog.lists if one.name == asked.name), None)
        if asked.content is not None:
            new = await _read(asked.content, "the draft")
        elif asked.version:
            new = await _read(await self._catalog.version(asked.name, asked.version), asked.version)
        else:
            new, present = self._catalog.find(asked.name), None
        if asked.against:
            return new, await _read(await self._catalog.version(asked.name, asked.against), asked.against)
        return new, present


async def _read(content: str, where: str) -> KeywordList:
    return await asyncio.to_thread(read, content, where)
