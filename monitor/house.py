"""The house half, put together: what lives as long as the process and serves all rooms. `run` and `replay` share it."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from monitor.alerts.policy import Policy
from monitor.config import Settings
from monitor.evidence.clip import sweep as sweep_clips
from monitor.hearing.coverage import Book
from monitor.hearing.segmenter import Rules
from monitor.hearing.veto import SpeechGate
from monitor.keywords.library import Library
from monitor.messages import Numbered
from monitor.pipeline import Pipeline
from monitor.speech.batcher import Batcher
from monitor.speech.recogniser import Recogniser
from monitor.speech.weights import find
from monitor.speech.whisper import WhisperRecogniser
from monitor.store.lock import owned
from monitor.store.schema import migrate, schema_version
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class House:
    """The parts, ready; `batcher.run()` still wants a task."""

    store: Store
    book: Book
    library: Library
    pipeline: Pipeline
    batcher: Batcher
    recogniser: Recogniser
    metrics: Metrics
    rules: Rules
    clips: Path


@asynccontextmanager
async def build(
    settings: Settings,
    data: Path,
    told: Callable[[Numbered], None],
    *,
    clock: Callable[[], float] = time.time,
    metrics: Metrics | None = None,
) -> AsyncIterator[House]:
    """Open the database in `data`, load lists and model. Raises OperatorError with what to do."""
    metrics = metrics or Metrics()
    database = data / "monitor.db"
    library = Library(settings.keywords.lists)
    for problem in library.load().problems:
        log.error("keyword list refused", problem=problem)
    recogniser = await asyncio.to_thread(_recogniser, settings)
    gate = await asyncio.to_thread(SpeechGate)
    async with AsyncExitStack() as stack:
        stack.enter_context(owned(data))
        await asyncio.to_thread(_prepare, database)
        store = await stack.enter_async_context(Store.open(database, told))
        book = Book()
        pipeline = Pipeline(
            store=store,
            book=book,
            library=library,
            policy=Policy(settings.alerts.cool_down, settings.alerts.escalate_after, lambda: uuid.uuid4().hex),
            clips=data / "clips",
            lead=settings.alerts.lead,
            languages={room.id: room.languages for room in settings.rooms},
            metrics=metrics,
            clock=clock,
        )
        batcher = Batcher(
            recogniser,
            gate.examine,
            veto=settings.hearing.veto,
            backlog_seconds=settings.speech.backlog,
            done=pipeline.settle,
            clock=time.monotonic,
        )
        pipeline.batcher = batcher
        await _begin(store, library)
        yield House(store, book, library, pipeline, batcher, recogniser, metrics, _rules(settings), data / "clips")
        await store.end_session(clean=True)


async def _begin(store: Store, library: Library) -> None:
    """What the process before this one left open becomes a recorded gap; then this one's session begins."""
    for gap in await store.recover(time.time()):
        log.warning("unheard time recorded", room=gap.room, seconds=round(gap.seconds, 1), cause=gap.cause)
    await store.begin_session()
    for name in library.names():
        await store.add_list(name)


def _prepare(database: Path) -> None:
    """A new database is made without asking; an old one is for `room-monitor migrate`."""
    sweep_clips(database.parent / "clips")
    if schema_version(database) is None:
        migrate(database)


def _recogniser(settings: Settings) -> Recogniser:
    speech = settings.speech
    model = find(speech.model, trust=speech.trust)
    return WhisperRecogniser(
        model.path, model.name, device=speech.device, compute_type=speech.compute_type, threads=speech.threads
    )


def _rules(settings: Settings) -> Rules:
    hearing = settings.hearing
    return Rules(
        pre_roll=hearing.pre_roll,
        hangover=hearing.hangover,
        hangover_long=hearing.hangover_long,
        max_utterance=hearing.max_utterance,
        overlap=hearing.overlap,
    )
