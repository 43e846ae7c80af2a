"""What a change of a list would have done: both versions are run over what was stored.

Two processes take turns at short stretches of the archive. In each the sieve (prefilter.py) keeps the few utterances
that any rule could hit, and the matchers search those in full, so the result is that of the matchers on everything.

An utterance is searched by itself: a phrase torn by a cut, which the service finds because it remembers the words
before, is not found here, by either version. Alternatives of the recogniser are not stored, so nothing is found in
them. Combinations that reach over a speaker's or a room's last minute are followed across utterances.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from datetime import date
from multiprocessing.synchronize import Event
from typing import Protocol

from monitor.errors import Overloaded
from monitor.keywords.compare import EXAMPLES_IN_ALL, Change, Comparison, Example
from monitor.keywords.prefilter import Sieve, Text
from monitor.keywords.replayer import Replayer
from monitor.keywords.rules import KeywordList
from monitor.keywords.spoken import form, spoken
from monitor.model import Grade, Recorded, RuleState, Spoken

STRETCH = 4096
"""Utterances that one process takes at a time: what is in memory, and how long a cancellation may take."""
WORKERS = 2
LOOK = 0.2
"""Seconds between two calls of `progress`."""
WARM_UP = 180.0
"""Seconds before a stretch that are searched for parts of combinations: they reach over 60, and use up their parts."""
LATEST = 600.0
"""Seconds by which speech that is stored later may have been spoken before: beyond, alerts are closed."""

Span = tuple[int, int, int]
TextRow = tuple[int, str, str, float, str, str]
Progress = Callable[[int, int], None]
"""Called with utterances done and in all. What it raises ends the backtest and comes out of `run`."""


class Source(Protocol):
    """Where utterances come from: monitor.store.archive.Archive, which says what the methods do. It must pickle."""

    def spans(self, since: float, until: float, size: int) -> list[Span]: ...
    def times(self, first: int, last: int) -> tuple[float, float]: ...
    def before(self, first: int, seconds: float) -> int: ...
    def texts(self, first: int, last: int) -> list[TextRow]: ...
    def without_text(self, first: int, last: int) -> list[int]: ...
    def whole(self, seqs: Iterable[int]) -> list[Recorded]: ...
    def fill(self, made: Sequence[tuple[int, Spoken]]) -> bool: ...
    def alerts(self, utterances: Iterable[str]) -> dict[str, tuple[str, str]]: ...


@dataclass(frozen=True, slots=True)
class Backtest:
    """What is asked."""

    new: KeywordList
    old: KeywordList | None  # what it is compared with; None: with nothing, so all hits are gained
    since: float  # wall time at which utterances were stored
    until: float
    states: Mapping[tuple[str, str], RuleState] = field(default_factory=dict)  # as for Matcher
    as_live: bool = True  # draft and shadow rules of `new` are taken as live: what would they do?
    day: date | None = None  # rules that expired before it are left out; None: none are
    grades: frozenset[Grade] = frozenset({Grade.A, Grade.B})  # that alert
    cool_down: float = 60.0  # seconds, as in the settings of alerts
    nice: int = 0  # how far its processes give way to others, 0 to 19: beside a service the rooms come first

    def replayer(self) -> Replayer:
        states, new = dict(self.states), self.new
        if self.as_live:
            states = {k: v if v is RuleState.RETIRED and k[1] else RuleState.LIVE for k, v in states.items()}
            new = replace(new, state=RuleState.LIVE)
        return Replayer(self.old, new, self.states, states, self.day)


@dataclass(frozen=True, slots=True)
class RuleReport:
    """One rule in both versions."""

    rule: str
    hits_before: int
    hits: int
    gained: int
    lost: int
    regraded: int
    alerts_before: int
    alerts: int


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. Counts are of all; examples are the newest few of each rule and kind of change."""

    utterances: int
    candidates: int  # utterances that the sieve kept
    hours: float  # from the first utterance to the end of the last
    speech_hours: float
    rules: tuple[RuleReport, ...]  # that hit anything in either version; those with most changes first
    examples: tuple[Example, ...]
    took: float  # seconds

    @property
    def gained(self) -> int:
        return sum(rule.gained for rule in self.rules)

    @property
    def lost(self) -> int:
        return sum(rule.lost for rule in self.rules)

    @property
    def regraded(self) -> int:
        return sum(rule.regraded for rule in self.rules)

    @property
    def alerts_an_hour(self) -> float:
        return sum(rule.alerts for rule in self.rules) / self.hours if self.hours else 0.0

    @property
    def alerts_an_hour_before(self) -> float:
        return sum(rule.alerts_before for rule in self.rules) / self.hours if self.hours else 0.0


def run(backtest: Backtest, source: Source, progress: Progress | None = None, workers: int = WORKERS) -> Report:
    """Blocks: call it in a thread. Raises StoreFailed, and Overloaded where a process was ended from outside.

    What fits into one stretch is done in this process.
    """
    begun = time.monotonic()
    tell: Progress = progress or (lambda done, total: None)
    spans = source.spans(backtest.since, backtest.until, STRETCH)
    total = Comparison.empty(backtest.cool_down)
    parts = _parts(backtest, source, spans, tell, workers)
    for (first, _, _), part in zip(spans, parts, strict=True):
        total.add(part)
        total.close(source.times(first, first)[0] - LATEST)
    total.close()
    hours = 0.0
    if spans:
        began, ended = source.times(spans[0][0], spans[-1][1])
        hours = (ended - began) / 3600
    return _report(total, source, hours, time.monotonic() - begun)


def _parts(
    backtest: Backtest, source: Source, spans: Sequence[Span], tell: Progress, workers: int
) -> Iterator[Comparison]:
    """What each stretch gives, in order."""
    whole = sum(count for *_, count in spans)
    tell(0, whole)
    if len(spans) > 1 and workers > 1:
        yield from _in_processes(backtest, source, spans, tell, workers)
        return
    worker, done = _Worker(backtest, source), 0
    for first, last, count in spans:
        yield worker.search(first, last)
        done += count
        tell(done, whole)


def _in_processes(
    backtest: Backtest, source: Source, spans: Sequence[Span], tell: Progress, workers: int
) -> Iterator[Comparison]:
    """At most a few stretches are under way or waiting for an earlier one, whatever the archive's size."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    pool = ProcessPoolExecutor(workers, context, _begin, (backtest, source, stop))
    waiting: list[Future[Comparison | None]] = []
    ahead, done, whole = iter(spans), 0, sum(count for *_, count in spans)
    try:
        for *_, count in spans:
            while len(waiting) < 3 * workers and (span := next(ahead, None)) is not None:
                waiting.append(pool.submit(_search, span[0], span[1]))
            oldest = waiting.pop(0)
            while not wait([oldest], LOOK, FIRST_COMPLETED).done:
                tell(done, whole)
            part = oldest.result()
            if part is not None:
                yield part
            done += count
            tell(done, whole)
    except BrokenProcessPool as error:
        raise Overloaded("a process of the backtest was ended from outside, most likely for want of memory") from error
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _report(total: Comparison, source: Source, hours: float, took: float) -> Report:
    found = [example for examples in total.examples.values() for example in examples]
    found = sorted(found, key=lambda example: example.spoken_at, reverse=True)[:EXAMPLES_IN_ALL]
    alerts = source.alerts({example.utterance for example in found})
    known = [
        replace(e, alert=alerts[e.utterance][0], clip=alerts[e.utterance][1]) for e in found if e.utterance in alerts
    ]
    unknown = [e for e in found if e.utterance not in alerts]
    examples = sorted((*known, *unknown), key=lambda e: (list(Change).index(e.change), e.rule, -e.spoken_at))
    gained, lost, regraded = (total.changes[change] for change in Change)
    rules = [
        RuleReport(
            rule=rule,
            hits_before=total.old.hits[rule],
            hits=total.new.hits[rule],
            gained=gained[rule],
            lost=lost[rule],
            regraded=regraded[rule],
            alerts_before=total.old.alerts.closed[rule],
            alerts=total.new.alerts.closed[rule],
        )
        for rule in Counter(total.old.hits) | total.new.hits
    ]
    rules.sort(key=lambda r: (-(r.gained + r.lost + r.regraded), -r.hits, r.rule))
    return Report(
        utterances=total.utterances,
        candidates=total.candidates,
        hours=hours,
        speech_hours=round(total.seconds / 3600, 6),  # the order in which it was added up doesn't matter
        rules=tuple(rules),
        examples=tuple(examples),
        took=took,
    )


class _Worker:
    """Searches stretches of the archive, one after the other."""

    def __init__(self, backtest: Backtest, source: Source, stopped: Callable[[], bool] = lambda: False) -> None:
        self._backtest = backtest
        self._source = source
        self._stopped = stopped
        self._replayer = backtest.replayer()
        self._sieve = Sieve([one for one in (backtest.old, backtest.new) if one is not None])

    def search(self, first: int, last: int) -> Comparison:
        found = Comparison.empty(self._backtest.cool_down)
        self._warm_up(first)
        for heard, sounds in self._kept(first, last, found):
            if self._stopped():
                break
            found.note(heard, *self._replayer.hits(heard, sounds=sounds), self._backtest.grades)
        return found

    def _warm_up(self, first: int) -> None:
        """What was said before this stretch, as far as combinations reach back."""
        if not self._replayer.reaches:
            return
        self._replayer.forget()
        begin = self._source.before(first, WARM_UP)
        for heard, sounds in self._kept(begin, first - 1, Comparison.empty(0.0)) if begin < first else ():
            self._replayer.hits(heard, sounds=sounds)

    def _kept(self, first: int, last: int, found: Comparison) -> Iterator[tuple[Recorded, bool]]:
        """The utterances of the stretch that any rule could hit, and whether one could by its sound."""
        rows = self._rows(first, last)
        found.utterances = len(rows)
        found.seconds = sum(row[3] for row in rows)
        kept = self._sieve.keep([Text(row[2], row[4], row[5]) for row in rows])
        found.candidates = len(kept.indexes)
        sounding = {rows[index][0] for index in kept.sounding}
        for heard in self._source.whole([rows[index][0] for index in kept.indexes]):
            yield heard, heard.seq in sounding

    def _rows(self, first: int, last: int) -> list[TextRow]:
        """All texts of the stretch; those that are missing or in another form are made, and kept for the next time."""
        wanted = form()
        rows = self._source.texts(first, last)
        good = [row for row in rows if row[1] == wanted]
        others = [row[0] for row in rows if row[1] != wanted] + self._source.without_text(first, last)
        if not others:
            return good
        heard = self._source.whole(others)
        made: list[tuple[Recorded, Spoken]] = []
        for one in heard:
            if self._stopped():
                return []
            made.append((one, spoken(one.words)))
        self._source.fill([(one.seq, text) for one, text in made])
        good += [(o.seq, wanted, o.language, o.seconds, text.normal, text.unfolded) for o, text in made]
        return sorted(good)


_worker: _Worker | None = None


def _begin(backtest: Backtest, source: Source, stop: Event) -> None:
    """A process begins. Ctrl-C is the parent's affair, and without a parent there is nobody to work for."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(backtest.nice)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker = _Worker(backtest, source, stop.is_set)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _search(first: int, last: int) -> Comparison | None:
    """Python's collector of cycles, which would go through all that is remembered again and again (a third of the
    time), waits until the stretch is done.
    """
    gc.disable()
    found = _worker.search(first, last) if _worker is not None else None
    gc.collect(0)
    return found
