"""The house half, put together: what lives as long as the process and serves all rooms. `run` and `replay` share it."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from monitor.alerts.policy import Policy
from monitor.audit.trail import Trail
from monitor.config import Settings
from monitor.evidence.ring import Ring
from monitor.evidence_model import Found
from monitor.hearing.coverage import Book
from monitor.hearing.segmenter import Rules
from monitor.hearing.veto import SpeechGate
from monitor.keeping import Keeping
from monitor.keeping_house import make_keeping, ready
from monitor.keywords.library import Library
from monitor.keywords.spoken import form
from monitor.messages import Numbered, RoomChanged, VoiceNow, VoiceView
from monitor.model import Grade, RoomState
from monitor.model_house import models_of, second_of, together_of, workers_of
from monitor.pipeline import Pipeline
from monitor.raising import Raiser
from monitor.rehearing import Case, Rehearing
from monitor.review.incident import Grouping
from monitor.speech.batcher import Batcher
from monitor.speech.late import Late
from monitor.speech.models import Models
from monitor.speech.recogniser import Recogniser
from monitor.speech.second import SecondHearings
from monitor.store.lock import owned
from monitor.store.schema import migrate, schema_version
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.vault import Vault
from monitor.voice_house import VoiceHouse
from monitor.voice_house import detector as voice_detector

log = structlog.get_logger()

WEIGHTS = {"high": 4.0, "normal": 1.0, "low": 0.25}
"""A room's share of the recogniser while rooms wait, by its priority."""


@dataclass(frozen=True, slots=True)
class House:
    """The parts, ready; `run()` still wants a task."""

    store: Store
    book: Book
    library: Library
    pipeline: Pipeline
    batcher: Batcher
    recogniser: Recogniser
    metrics: Metrics
    rules: Rules
    keeping: Keeping
    trail: Trail
    second: SecondHearings[Case] | None = None
    languages: dict[str, tuple[str, ...]] = field(default_factory=dict)  # each room's, as the pipeline knows them
    priorities: dict[str, str] = field(default_factory=dict)  # each room's, as the recogniser's queue knows them
    voices: VoiceHouse | None = None  # None: no voice detector runs
    models: Models | None = None  # what `recogniser` is made of; None: it was given as it is

    async def run(self) -> None:
        """Examine what is submitted. Returns once `batcher` is closed and all of it is heard, and heard again."""
        async with asyncio.TaskGroup() as tasks:
            if self.second is not None:
                tasks.create_task(self.second.run())
            if self.voices is not None:
                tasks.create_task(self.voices.run())
            tasks.create_task(self.keeping.vault.run())
            await self.batcher.run()
            if self.second is not None:
                self.second.close()
            if self.voices is not None:
                self.voices.close()
            self.keeping.vault.close()

    def voice(self, room: str, speaker: str) -> VoiceView | None:
        """What is known of the voice of somebody in a room now."""
        return self.voices.voicing.of(room, speaker) if self.voices else None

    async def settle(self) -> None:
        """Wait until all that was submitted is done with."""
        await self.batcher.settle()
        if self.second is not None:
            await self.second.settle()
        if self.voices is not None:
            await self.voices.settle()


@asynccontextmanager
async def build(
    settings: Settings,
    data: Path,
    told: Callable[[Numbered], None],
    *,
    clock: Callable[[], float] = time.time,
    metrics: Metrics | None = None,
    hears: Recogniser | None = None,
    passing: Callable[[VoiceNow], None] = lambda _: None,
) -> AsyncIterator[House]:
    """Open the database in `data`, load lists and model. Raises OperatorError with what to do.

    `hears`: a recogniser, or several, in place of the settings' models; `passing`: tells whoever listens now of what
    isn't stored.
    """
    metrics = metrics or Metrics()
    library = Library(settings.keywords.lists)
    for problem in library.load().problems:
        log.error("keyword list refused", problem=problem)
    workers, together = 1 if hears else workers_of(settings), together_of(settings)
    models = await asyncio.to_thread(models_of, settings) if hears is None else _given(hears)
    bigger = await asyncio.to_thread(second_of, settings)
    gate = await asyncio.to_thread(SpeechGate)
    judge = await asyncio.to_thread(voice_detector, settings.voices)
    async with AsyncExitStack() as stack:
        book, ring = Book(), Ring()
        store, trail, keeping = await _foundation(stack, settings, data, told, ring, clock)
        vault = keeping.vault
        raiser = Raiser(store=store, policy=_policy(settings), vault=vault, metrics=metrics, clock=clock)
        rehearing = Rehearing(store=store, raiser=raiser, ring=ring, metrics=metrics)
        languages: dict[str, tuple[str, ...]] = {room.id: room.languages for room in settings.rooms}
        priorities: dict[str, str] = {room.id: room.priority for room in settings.rooms}
        voices = None
        if judge is not None:
            apart = frozenset({settings.canary.room})  # a recording speaks there, for ever the same
            voices = VoiceHouse(settings.voices, judge, store, ring, vault, metrics, clock, passing, without=apart)
        pipeline = Pipeline(
            store=store,
            book=book,
            library=library,
            raiser=raiser,
            rehearing=rehearing,
            ring=ring,
            vault=vault,
            languages=languages,
            near_misses=settings.keywords.near_misses,
            metrics=metrics,
            clock=clock,
            voicing=voices.voicing if voices else None,
        )
        batcher = Batcher(
            models,
            metrics.gate.measured(gate.examine),
            veto=settings.hearing.veto,
            backlog_seconds=settings.speech.backlog,
            done=pipeline.settle,
            clock=time.monotonic,
            workers=workers,
            together=together,
            late=Late(data / "late", settings.speech.late),
            models=models,
            weight=lambda room: WEIGHTS[priorities.get(room, "normal")],
        )
        pipeline.batcher = batcher
        if bigger is not None:
            rehearing.hearings = SecondHearings(
                bigger, backlog_seconds=settings.speech.second_backlog, idle=batcher.settle, done=rehearing.settle
            )
        await _begin(store, library)
        keeping.forget = forgetting(pipeline, raiser, voices)
        rules, second = _rules(settings), rehearing.hearings
        parts = (store, book, library, pipeline, batcher, models, metrics)
        yield House(*parts, rules, keeping, trail, second, languages, priorities, voices, models)
        await store.end_session(clean=True)


async def _foundation(
    stack: AsyncExitStack,
    settings: Settings,
    data: Path,
    told: Callable[[Numbered], None],
    ring: Ring,
    clock: Callable[[], float],
) -> tuple[Store, Trail, Keeping]:
    """The directory, the database, the audit log and the vault, mended after a crash."""
    stack.enter_context(owned(data))
    await asyncio.to_thread(_prepare, data / "monitor.db")
    await asyncio.to_thread(form)  # takes a tenth of a second the first time: not in the event loop
    visits = _Visits(told)
    store = await stack.enter_async_context(Store.open(data / "monitor.db", visits.told, grouping=_grouping(settings)))
    trail = Trail(store, data)
    await trail.begin()
    log.info("audit log", head=str(trail.head))
    keeping = await asyncio.to_thread(make_keeping, settings, data, store, ring, trail, clock)
    visits.vault = keeping.vault
    await stack.enter_async_context(ready(keeping, data, clock))
    return store, trail, keeping


class _Visits:
    """Tells the vault when a visit to a room begins and ends: an event passes here on its way to everybody."""

    def __init__(self, told: Callable[[Numbered], None]) -> None:
        self._told = told
        self.vault: Vault | None = None

    def told(self, message: Numbered) -> None:
        if self.vault is not None and isinstance(message, RoomChanged):
            here = message.room.state == RoomState.LIVE.value
            (self.vault.entered if here else self.vault.left)(message.room.id)
        self._told(message)


def forgetting(pipeline: Pipeline, raiser: Raiser, voices: VoiceHouse | None) -> Callable[[Found], None]:
    """What was erased in the database must not come back from memory."""

    def forget(found: Found) -> None:
        for room in found.where if found.tracks else ():
            pipeline.withdraw(room, found.tracks, "erased on request")  # what waits to be examined goes, too
        raiser.forget(found.alerts)
        if voices is not None:
            voices.voicing.forget_alerts(found.alerts)

    return forget


async def _begin(store: Store, library: Library) -> None:
    """What the process before this one left open becomes a recorded gap; then this one's session begins."""
    for gap in await store.recover(time.time()):
        log.warning("unheard time recorded", room=gap.room, seconds=round(gap.seconds, 1), cause=gap.cause)
    await store.begin_session()
    for name in library.names():
        await store.add_list(name)


def _prepare(database: Path) -> None:
    """A new database is made without asking; an old one is for `room-monitor migrate`."""
    if schema_version(database) is None:
        migrate(database)


def _given(hears: Recogniser) -> Models:
    return hears if isinstance(hears, Models) else Models.fixed(hears)


def alerting(settings: Settings) -> frozenset[Grade]:
    """The grades that raise alerts."""
    return frozenset(grade for grade, most in settings.alerts.highest.items() if most is not None)


def _policy(settings: Settings) -> Policy:
    alerts = settings.alerts
    return Policy(alerts.cool_down, alerts.escalate_after, lambda: uuid.uuid4().hex, alerts.highest)


def _grouping(settings: Settings) -> Grouping:
    review = settings.review
    apart = frozenset({settings.canary.room}) if settings.canary.enabled else frozenset[str]()
    return Grouping(review.together, review.across, apart)


def _rules(settings: Settings) -> Rules:
    hearing = settings.hearing
    return Rules(
        pre_roll=hearing.pre_roll,
        hangover=hearing.hangover,
        hangover_long=hearing.hangover_long,
        max_utterance=hearing.max_utterance,
        overlap=hearing.overlap,
    )
