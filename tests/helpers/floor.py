"""The house half at work, with tracks from memory and a recogniser that says what a test tells it to.

Wall time is the test's own: tracks move it on as their frames come, so that nothing waits and all adds up exactly.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from monitor.alerts.policy import Policy
from monitor.evidence.ring import Ring
from monitor.hearing.coverage import Book
from monitor.hearing.segmenter import Rules
from monitor.house import House
from monitor.keywords.library import Library
from monitor.messages import Numbered
from monitor.model import FRAME, RATE, AudioFrame, Origin, Samples, Speaker, Transcript, Utterance, Word
from monitor.pipeline import Pipeline
from monitor.raising import Raiser
from monitor.rehearing import Rehearing
from monitor.speech.batcher import Batcher
from monitor.speech.recogniser import Hints, Recogniser
from monitor.speech.second import SecondHearings
from monitor.store.schema import migrate, schema_version
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.watch import RoomFacts, RoomWatch
from tests.helpers.service import LIST
from tests.helpers.trails import trail_of
from tests.helpers.vaults import keeping_of

ROOM = "lobby"
ANN = Speaker("s1", "Ann")


class Clock:
    """Wall time that only tests move."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Part:
    """A stretch of a track. `wait`: seconds before it in which nothing comes, and for which there is no media time."""

    samples: Samples
    origin: Origin = Origin.HEARD
    wait: float = 0.0


@dataclass
class MemoryTrack:
    """One speaker; the frames come as fast as they are taken, and the clock goes with them."""

    clock: Clock
    parts: Sequence[Part | Samples]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    speaker: Speaker = ANN
    silence: float = 0.0  # seconds after the last frame until the track ends
    leave: asyncio.Event | None = None  # the track ends when it is set
    said: asyncio.Event = field(default_factory=asyncio.Event)  # all frames were taken

    async def frames(self) -> AsyncIterator[AudioFrame]:
        start = 0
        for part in (p if isinstance(p, Part) else Part(p) for p in self.parts):
            self.clock.now += part.wait
            for at in range(0, len(part.samples) - FRAME + 1, FRAME):
                self.clock.now += FRAME / RATE
                yield AudioFrame(start, part.samples[at : at + FRAME], part.origin, self.clock.now)
                start += FRAME
            await asyncio.sleep(0)
        self.clock.now += self.silence
        self.said.set()
        if self.leave is not None:
            await self.leave.wait()


class Typist:
    """A recogniser: `says` is called in the batcher's thread and gives the text, or blocks, or raises."""

    model = "typist"

    def __init__(self, says: Callable[[Utterance], str] = lambda _: "nothing much") -> None:
        self._says = says
        self.heard: list[Utterance] = []

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        return [self._one(utterance) for utterance, _ in batch]

    def _one(self, utterance: Utterance) -> Transcript:
        self.heard.append(utterance)
        said = self._says(utterance).split()
        each = utterance.seconds / max(1, len(said))
        at = utterance.start / RATE
        words = tuple(Word(f" {word}", at + n * each, at + (n + 1) * each, 0.9) for n, word in enumerate(said))
        return Transcript(utterance, "en", words, self.model, 0.0)


class Verdict(NamedTuple):
    probability: float
    speech_seconds: float


def all_is_speech(audio: Samples) -> Verdict:
    """A gate that lets everything through."""
    return Verdict(1.0, len(audio) / RATE)


@asynccontextmanager
async def house(
    directory: Path,
    typist: Recogniser,
    told: Callable[[Numbered], None],
    *,
    clock: Callable[[], float] = time.time,
    backlog: float = 120.0,
    words: str = LIST,
    bigger: Recogniser | None = None,
    metrics: Metrics | None = None,
) -> AsyncIterator[House]:
    """All parts but the model; the session is begun and not ended: that is the stop's, or nobody's after a crash.

    `words`: the keyword list; `bigger`: hears hits again.
    """
    (directory / "lists").mkdir(exist_ok=True)
    (directory / "lists" / "test.toml").write_text(words, "utf-8")
    library = Library(directory / "lists")
    library.load()
    metrics, book = metrics or Metrics(), Book()
    if schema_version(directory / "monitor.db") is None:
        migrate(directory / "monitor.db")
    async with Store.open(directory / "monitor.db", told, clock) as store:
        await store.recover(clock())
        await store.begin_session()
        trail = await trail_of(store, directory)
        ring = Ring()
        keeping = keeping_of(store, directory, trail, ring, clock)
        policy = Policy(30.0, 3, lambda: uuid.uuid4().hex)
        raiser = Raiser(store=store, policy=policy, vault=keeping.vault, metrics=metrics, clock=clock)
        rehearing = Rehearing(store=store, raiser=raiser, ring=ring, metrics=metrics)
        pipeline = Pipeline(
            store=store,
            book=book,
            library=library,
            raiser=raiser,
            rehearing=rehearing,
            ring=ring,
            vault=keeping.vault,
            languages={},
            near_misses=60,
            metrics=metrics,
            clock=clock,
        )
        batcher = Batcher(
            typist, all_is_speech, veto=0.5, backlog_seconds=backlog, done=pipeline.settle, clock=time.monotonic
        )
        pipeline.batcher = batcher
        if bigger is not None:
            rehearing.hearings = SecondHearings(
                bigger, backlog_seconds=60.0, idle=batcher.settle, done=rehearing.settle
            )
        yield House(
            store, book, library, pipeline, batcher, typist, metrics, Rules(), keeping, trail, rehearing.hearings
        )


def watch(built: House, clock: Callable[[], float], every: float = 0.0) -> RoomWatch:
    """The room, as the service makes it; `every`: seconds of speech between looks at open utterances, 0: none."""
    return RoomWatch(
        RoomFacts(ROOM, "Lobby"),
        book=built.book,
        store=built.store,
        rules=built.rules,
        aggressiveness=1,
        hand_over=built.pipeline.accept,
        talking=lambda _room, _speaker, _on: None,
        forget=built.pipeline.forget,
        ids=lambda: uuid.uuid4().hex,
        clock=clock,
        look=built.pipeline.look,
        every=every,
    )


class Row(NamedTuple):
    """One track in the database."""

    seconds: dict[str, float]  # by state, without those at 0
    opened: float
    closed: float | None
    gaps: dict[str, float]  # seconds of its gap entries, by state

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def tracks(directory: Path) -> dict[str, Row]:
    """What the database says of each speaker, by name; of the newest track of theirs."""
    return dict(all_tracks(directory))


def all_tracks(directory: Path) -> list[tuple[str, Row]]:
    """What the database says of each track, with its speaker's name."""
    with closing(sqlite3.connect(directory / "monitor.db")) as db:
        gaps: dict[str, dict[str, float]] = {}
        for track, state, seconds in db.execute("SELECT track, state, sum(seconds) FROM gaps GROUP BY track, state"):
            gaps.setdefault(track, {})[state] = seconds
        return [
            (name, Row({k: v for k, v in json.loads(seconds).items() if v}, opened, closed, gaps.get(track, {})))
            for track, name, seconds, opened, closed in db.execute(
                "SELECT id, speaker_name, seconds, opened_at, closed_at FROM tracks ORDER BY opened_at"
            )
        ]


def room_gaps(directory: Path) -> list[tuple[float, float, str]]:
    """The gaps of the whole room: (began, seconds, cause)."""
    with closing(sqlite3.connect(directory / "monitor.db")) as db:
        return db.execute("SELECT began, seconds, cause FROM gaps WHERE speaker_id IS NULL ORDER BY began").fetchall()
