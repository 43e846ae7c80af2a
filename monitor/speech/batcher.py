"""The recogniser's threads and their queue: bounded by seconds of audio, honest about what it gives up.

Every utterance that is submitted comes out in exactly one outcome, also on overload, on an error and on a stop.
Open utterances can be looked at beside that, where nothing else waits (early.py). What the memory has no room for goes
to disk (late.py) and is heard once nothing new waits; how much is done for each follows the queue (effort.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

from monitor.model import RATE, Heard, Utterance
from monitor.speech.company import Company
from monitor.speech.costs import Costs
from monitor.speech.early import Early
from monitor.speech.effort import Effort, Steps
from monitor.speech.examine import Examiner
from monitor.speech.hearers import Hearers, Same
from monitor.speech.late import Late
from monitor.speech.outcomes import Gate, GivenUp, Outcome, Transcribed, Vetoed, Wanting, utterance_of
from monitor.speech.recogniser import Hints, Recogniser, context
from monitor.speech.schedule import Schedule, Waiting
from monitor.speech.telling import Telling
from monitor.speech.together import worth

__all__ = ["Batcher", "GivenUp", "Outcome", "Transcribed", "Vetoed"]


class _Batch(NamedTuple):
    """What one thread is at work on."""

    items: tuple[Waiting, ...]
    model: str  # its name; the model itself may go meanwhile
    future: asyncio.Future[list[Outcome | Wanting]]
    busy: bool  # all threads had work when it began


class Batcher:
    """`submit` from the event loop; `run` in one task; `close` ends it once all is examined.

    `done` is awaited with each outcome, those of a track one by one and in order, those of others at the same time.
    What it raises ends `run`: it is a bug. Cancelling `run` is the deadline: what is left comes out as given up before
    the cancellation goes on.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        gate: Gate,
        *,
        veto: float,
        backlog_seconds: float,
        done: Callable[[Outcome], Awaitable[None]],
        clock: Callable[[], float],
        workers: int = 1,
        together: int = 1,
        late: Late | None = None,
        smaller: Recogniser | None = None,
        models: Hearers | None = None,
        weight: Callable[[str], float] = lambda _: 1.0,
    ) -> None:
        """`workers`: threads that call the recogniser at the same time; `together`: most utterances in one call;
        `late`: takes what is past `backlog_seconds`, else it is given up; `smaller`: a quicker recogniser for when too
        much waits; `models`: in place of both; `weight`: of a room.
        """
        self._hearers: Hearers = models or Same(recogniser, smaller)
        self._examiner = Examiner(gate, veto, clock, self._hearers.after)
        self._late = Late(None, 0.0) if late is None else late
        self._steps = Steps()
        self._costs = Costs()
        self._company = Company()
        self._limit = backlog_seconds
        self._clock = clock
        self._workers = workers
        self._together = together
        self._waiting = Schedule(weight)  # bounded by seconds, in submit
        self._early: Early[Outcome] = Early()
        self._running: list[_Batch] = []  # at most `workers`
        self._telling = Telling(done, self._changed)
        self._withdrawn: dict[str, str] = {}  # ids of utterances in work whose outcome nobody may have, with the reason
        self._closed = False
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()  # set whenever the backlog shrinks
        self._lost_seconds = 0.0

    @property
    def waiting_seconds(self) -> float:
        """Seconds of speech that wait or are being examined."""
        return self._waiting.seconds + self._late.seconds + sum(item.seconds for item in self._whole_in_work())

    @property
    def oldest_age(self) -> float:
        """Seconds since the oldest utterance that isn't done was submitted; 0 where there is none."""
        since = [item.since for item in self._whole_in_work()]
        since += [oldest for oldest in (self._waiting.oldest(), self._late.oldest) if oldest is not None]
        return self._clock() - min(since) if since else 0.0

    @property
    def late_seconds(self) -> float:
        """Seconds of speech that wait on disk."""
        return self._late.seconds

    @property
    def looks_kept(self) -> int:
        """Looks at utterances that may yet turn out to be whole."""
        return self._early.kept

    def follow(self) -> tuple[int, Effort]:
        """How much is done for each utterance now, as the queue is: index in effort.STEPS, and what it says. Call it
        now and then: while nothing comes, nobody else does."""
        # What waits for its own track, or for a look at itself, wouldn't be heard sooner on another machine.
        since, now = self._waiting.oldest(self._tracks_in_work()), self._clock()
        self._steps.follow(0.0 if since is None else now - since, now)
        return self._steps.step, self._steps.effort

    @property
    def lost_seconds(self) -> float:
        """Seconds of speech given up for overload so far."""
        return self._lost_seconds

    def submit(self, utterance: Utterance, hints: Hints) -> None:
        """Queue an utterance; never waits. Past the limit the oldest of the fullest room are put aside, or given up
        where there is no room for that either; never the one that came last.

        After `close` it is given up at once.
        """
        if self._closed:
            self._give_up(utterance, "the recogniser has stopped", Heard.LOST_ERROR)
            return
        self._early.over(utterance)
        cost = self._costs.of(self._hearers.choose(utterance, hints).model)
        self._waiting.add(utterance, hints, self._clock(), cost)
        while self._waiting.seconds > self._limit and (oldest := self._waiting.give_up()):
            if not self._late.put(oldest):
                self._give_up(oldest.utterance, f"more than {self._limit:g} s of speech waited")
        self._wake.set()

    def withdraw(self, tracks: Container[str], reason: str) -> None:
        """Nobody may hear what was said on these tracks: what waits is given up, and what a thread is at work on, or
        has just done, comes out as given up as well. What `done` was called with before is told."""
        self.drop_looks(tracks)
        for item in self._waiting.withdraw(tracks):
            self._give_up(item.utterance, reason, Heard.NOT_CONSENTED)
        for utterance in self._late.withdraw(tracks):
            self._give_up(utterance, reason, Heard.NOT_CONSENTED)
        for batch in self._running:
            mine = (item.utterance for item in batch.items if item.utterance.track in tracks)
            self._withdrawn.update((utterance.id, reason) for utterance in mine)

        def given_up(outcome: Outcome) -> Outcome:
            utterance = utterance_of(outcome)
            return GivenUp(utterance, reason, Heard.NOT_CONSENTED) if utterance.track in tracks else outcome

        self._telling.change(given_up)

    def drop_looks(self, tracks: Container[str]) -> None:
        """The open utterances of these tracks were dropped: nothing comes of looks at them any more."""
        self._early.forget(tracks)
        looks = [item.utterance for batch in self._running for item in batch.items if item.utterance.open]
        self._withdrawn.update((look.id, "dropped") for look in looks if look.track in tracks)

        def left(outcome: Outcome) -> Outcome | None:
            utterance = utterance_of(outcome)
            return None if utterance.open and utterance.track in tracks else outcome

        self._telling.change(left)

    def look(self, utterance: Utterance, hints: Hints) -> None:
        """Hear an open utterance as far as it goes, if there is time for it before more of it comes; never waits.

        Its outcome, where there is one, comes before that of the whole utterance.
        """
        if not self._closed:
            self._early.add(Waiting(utterance, hints, self._clock()))
            self._wake.set()

    def close(self) -> None:
        """No more will come: `run` ends once all that waits is examined."""
        self._closed = True
        self._wake.set()

    async def settle(self, below: float = 0.0) -> None:
        """Wait until at most so many seconds of speech wait: for sources that can be slowed down, like files.

        At 0, `done` has returned for all that was submitted.
        """
        while self.waiting_seconds > below or (self._telling and below == 0):
            self._moved.clear()
            await self._moved.wait()

    async def run(self) -> None:
        """Examine what is submitted. Raises what `done` raises, and bugs of the recogniser."""
        pool = ThreadPoolExecutor(max_workers=self._workers, thread_name_prefix="recogniser")
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._go_on(pool, tasks)
        except ExceptionGroup as group:  # a bug, of which one is enough
            raise group.exceptions[0] from group
        finally:
            # An utterance in work can't be interrupted: its thread ends with it, and the loop doesn't wait.
            pool.shutdown(wait=False, cancel_futures=True)

    async def _go_on(self, pool: ThreadPoolExecutor, tasks: asyncio.TaskGroup) -> None:
        try:
            while True:
                self._wake.clear()
                self._collect()
                self.follow()
                self._start(pool)
                self._telling.go_on(tasks)
                if self._closed and not (self._running or self._waiting or self._late or self._telling):
                    return
                await self._wake.wait()
        except asyncio.CancelledError:
            if not self._telling.failed:
                await self._abandon(tasks)
            raise

    def _start(self, pool: ThreadPoolExecutor) -> None:
        """Give work to whoever has none."""
        while item := self._waiting.take_known(self._tracks_in_work(), self._early.knows):
            self._telling.add(self._of_whole(self._early.pop(item), item))
            self._moved.set()
        while len(self._running) < self._workers and not self._telling.full and (items := self._next()):
            model = self._hears(items[0])
            future = asyncio.get_running_loop().run_in_executor(pool, self._examiner.examine, model, items)
            future.add_done_callback(lambda _: self._wake.set())
            self._running.append(_Batch(items, model.model, future, len(self._running) + 1 == self._workers))
            del model  # it may be replaced before this is gone over again

    def _next(self) -> tuple[Waiting, ...]:
        """What is heard next: one utterance, and with it as many that fit as leave work for the other threads."""
        busy = self._tracks_in_work()
        if self._expects_company(busy):
            return ()
        one = self._waiting.take(busy)
        if one is None:
            return self._from_disk(busy) or self._look(busy)
        idle = self._workers - len(self._running) - 1
        # Three together take hardly less than two and one, and all wait for the longest: half is left for the next.
        most = min(self._together - 1, (len(self._waiting) - idle + 1) // 2)
        others = self._together_with(one, busy, most) if most > 0 and self._company.take(self._named(one)) else []
        for item in (one, *others):
            self._early.drop(item.utterance.track)
        return tuple(self._trimmed(item) for item in (one, *others))

    def _expects_company(self, busy: Container[str]) -> bool:
        """Whether the only one that waits should wait a little more, as those heard together take less."""
        since = self._waiting.oldest(busy)
        if since is None or not self._running or self._waiting.ready(busy) > 1:
            return False
        if self._together == 1 or not self._company.pays(self._running[0].model):
            return False
        left = self._steps.effort.patience - (self._clock() - since)
        if left > 0:
            asyncio.get_running_loop().call_later(left, self._wake.set)
        return left > 0

    def _from_disk(self, busy: Container[str]) -> tuple[Waiting, ...]:
        while back := self._late.take(busy):
            if back.whole:
                return (self._trimmed(back.item),)
            self._give_up(back.item.utterance, "put aside on disk, and not to be read again", Heard.LOST_ERROR)
        return ()

    def _look(self, busy: Container[str]) -> tuple[Waiting, ...]:
        """What was said before a pause is most often all, so it is as good as whole. Those who go on never have all
        threads: what is whole in the meantime finds one."""
        if self._waiting or self._closed or not self._steps.effort.looks:
            return ()
        at_work = sum(batch.items[0].hints.glance for batch in self._running)
        early = self._early.take(busy, self._steps.effort.glances and at_work < max(1, self._workers - 1))
        return (early,) if early else ()

    def _trimmed(self, item: Waiting) -> Waiting:
        return replace(item, hints=self._steps.effort.hints(item.hints))

    def _together_with(self, one: Waiting, busy: Container[str], most: int) -> list[Waiting]:
        length = self._length(one)
        return self._waiting.take_with(one, busy, lambda item: abs(self._length(item) - length), self._fits, most)

    def _fits(self, item: Waiting, taken: Sequence[Waiting]) -> bool:
        """Whether it should be heard in one call with what was taken: for the first time, by the same model, and about
        as long."""
        alone = item.hints.again or taken[0].hints.again
        same = not alone and self._hears(item) is self._hears(taken[0])
        return same and worth(self._length(item), [self._length(each) for each in taken])

    def _length(self, item: Waiting) -> int:
        """Samples that would be heard of it now."""
        return _samples(self._trimmed(item))

    def _named(self, item: Waiting) -> str:
        return self._hears(item).model

    def _hears(self, item: Waiting) -> Recogniser:
        return self._hearers.choose(item.utterance, item.hints, self._steps.effort.smaller)

    def _whole_in_work(self) -> list[Waiting]:
        return [item for batch in self._running for item in batch.items if not item.utterance.open]

    def _tracks_in_work(self) -> set[str]:
        return {item.utterance.track for batch in self._running for item in batch.items}

    def _collect(self) -> None:
        """Take what the threads have done. Raises their bugs."""
        for batch in [batch for batch in self._running if batch.future.done()]:
            self._running.remove(batch)
            self._note_cost(batch)
            for item, outcome in zip(batch.items, map(self._allowed, batch.future.result()), strict=True):
                if isinstance(outcome, Wanting):
                    if not item.utterance.open:
                        self._waiting.put_back(replace(item, hints=replace(item.hints, again=True)))
                elif not item.utterance.open:
                    self._telling.add(outcome)
                elif not isinstance(outcome, GivenUp):  # else the whole of it has another chance, where it may be heard
                    self._early.heard(item, outcome)
                    self._telling.add(outcome)
            self._moved.set()

    def _note_cost(self, batch: _Batch) -> None:
        heard = [outcome for outcome in batch.future.result() if isinstance(outcome, Transcribed)]
        if heard:  # each was in the thread for as long as all of them
            speech = sum(outcome.transcript.utterance.seconds for outcome in heard)
            self._costs.note(batch.model, speech, max(outcome.heard for outcome in heard))
            self._note_company(batch, heard)

    def _note_company(self, batch: _Batch, heard: Sequence[Transcribed]) -> None:
        """Only what may be compared: whole utterances in one short hearing each, while all threads were at work."""
        plain = all(item.hints.quick and not (item.hints.again or item.utterance.open) for item in batch.items)
        if batch.busy and plain and not any(outcome.transcript.full for outcome in heard):
            speech = sum(map(_samples, batch.items)) / RATE
            self._company.note(batch.model, len(batch.items), speech, max(outcome.heard for outcome in heard))

    def _allowed(self, outcome: Outcome | Wanting) -> Outcome | Wanting:
        utterance = utterance_of(outcome)
        reason = self._withdrawn.pop(utterance.id, "")
        return GivenUp(utterance, reason, Heard.NOT_CONSENTED) if reason else outcome

    def _of_whole(self, early: Outcome, item: Waiting) -> Outcome:
        """What was heard in the pause is the outcome of the whole: it is the same audio."""
        if isinstance(early, Transcribed):
            whole = replace(early.transcript, utterance=item.utterance)
            return replace(early, transcript=whole, queued=self._clock() - item.since, heard=0.0)
        return replace(early, utterance=item.utterance)

    async def _abandon(self, tasks: asyncio.TaskGroup) -> None:
        self._closed = True
        running = self._whole_in_work()
        self._running.clear()
        for item in [*running, *self._waiting.clear(), *(back.item for back in self._late.clear())]:
            self._give_up(item.utterance, "the stop's deadline came first", Heard.LOST_ERROR)
        await self._telling.finish(tasks)

    def _give_up(self, utterance: Utterance, reason: str, state: Heard = Heard.LOST_OVERLOAD) -> None:
        if state is Heard.LOST_OVERLOAD:  # without its head that the utterance before has as well
            self._lost_seconds += utterance.seconds - utterance.overlap / RATE
        self._early.drop(utterance.track)
        self._telling.add(GivenUp(utterance, reason, state))
        self._changed()

    def _changed(self) -> None:
        self._wake.set()
        self._moved.set()


def _samples(item: Waiting) -> int:
    return len(context(item.utterance, item.hints)) + len(item.utterance.audio)
