"""`bench capacity`: how many rooms one machine hears in time, with the whole service at work.

A room is one speaker who talks half of the time, at the pace of life, in utterances as people make them: as frames
without a network (pcm), or as a real participant over WebRTC, in a built-in room or a Janus's. Everything behind it is
the product's (hold.py). Held is a number of rooms when nothing is lost and p95 from the end of speech to the stored
alert is 2 s or less.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console

from monitor.bench import capacity_show
from monitor.bench.account import Delays, delays
from monitor.bench.clips import Clip
from monitor.bench.hold import Held, Over, Plan, Shift, hold
from monitor.bench.janus import running
from monitor.bench.paced import Talk
from monitor.bench.progress import progress
from monitor.config import Settings, Web
from monitor.config_rooms import JanusRoom, Room
from monitor.hearing.veto import SpeechGate
from monitor.media import read
from monitor.model import RATE, Samples
from monitor.model_house import device_of, workers_of
from monitor.speech import measure as machine
from monitor.speech.weights import find

IN_TIME = 2.0
"""Seconds from the end of speech to the stored alert that p95 must keep."""
WORDS = 3
"""Most frequent words of four letters and more that alert: about every other utterance has one."""
FIRST = 1001
"""Number of the first VideoRoom."""
LITTLE = 0.02
"""Seconds of speech: one frame, as sums of seconds are no whole numbers."""
SHORT, PLAIN, NOTHING = "short contexts", "30 s windows", "no recogniser"


@dataclass(frozen=True, slots=True)
class Asked:
    """What to measure."""

    rooms: tuple[int, ...]
    seconds: float  # each
    over: tuple[Over, ...] = (Over.PCM,)
    plain: tuple[int, ...] = ()  # numbers of rooms with plain 30 s windows, one at a time, without a network
    monologue: float = 0.0  # see `talks_of`
    idle: int = 0  # further rooms in which nobody speaks, whose memory is measured; 0: it isn't
    stages: bool = False  # where the CPU time goes, in detail
    quick: bool = False  # a recogniser that takes no time: what all the rest costs


@dataclass(slots=True)
class Result:
    """What one number of rooms came to."""

    way: str
    over: Over
    rooms: int
    held_for: Held = field(default_factory=Held)
    delays: Delays = field(default_factory=lambda: Delays((), (), (), ()))
    speed: tuple[float, ...] = ()  # seconds of speech heard in a second, with nobody in a room, before and after

    @property
    def held(self) -> bool:
        alerts = [one.seconds for one in self.delays.alerts]
        return self.held_for.lost < LITTLE and bool(alerts) and float(np.percentile(alerts, 95)) <= IN_TIME


@dataclass(frozen=True, slots=True)
class Idle:
    """Memory of rooms in which somebody is and nobody speaks, MB."""

    over: Over
    rooms: int
    more: int
    before: float  # with `rooms`
    after: float  # with `more` beside them

    @property
    def each(self) -> float:
        return (self.after - self.before) / self.more


async def measure(
    settings: Settings, clips: Sequence[Clip], asked: Asked, out: Console
) -> tuple[list[Result], list[Idle]]:
    """Measure and print. What is done when it is broken off is printed. Raises OperatorError."""
    talks, words = await asyncio.to_thread(talks_of, clips, asked.monologue)
    texts = tuple(clip.transcript for clip in clips) if asked.quick else ()
    results: list[Result] = []
    idle: list[Idle] = []
    try:
        for result in _to_do(asked):
            plan = Plan((Shift(result.rooms, 0.0, asked.seconds),), result.over, stages=asked.stages, quick=texts)
            before = await _speed(settings, result.way)
            async with progress(out, f"{result.way}, {result.rooms} rooms, {result.over.value}", asked.seconds):
                result.held_for = await _apart(settings, plan, talks, words, result.way)
            result.speed = (*before, *await _speed(settings, result.way))
            result.delays = delays(result.held_for.record, result.held_for.ends, result.held_for.began)
            results.append(result)
        for over in asked.over if asked.idle else ():
            async with progress(out, f"idle rooms, {over.value}", 60):
                idle.append(await _idle(settings, over, max(asked.rooms), asked.idle, talks, words))
    finally:
        capacity_show.show(results, idle, asked, len(talks), words, settings, out)
    return results, idle


def _to_do(asked: Asked) -> list[Result]:
    if asked.quick:
        return [Result(NOTHING, over, rooms) for over in asked.over for rooms in asked.rooms]
    plain = [Result(PLAIN, Over.PCM, rooms) for rooms in asked.plain]
    return plain + [Result(SHORT, over, rooms) for over in asked.over for rooms in asked.rooms]


async def _speed(settings: Settings, way: str) -> tuple[float, ...]:
    """Seconds of speech that the machine hears in a second at this moment: what others do on a shared host shows."""
    if way == NOTHING:
        return ()
    speech, where = settings.speech, device_of(settings)
    shared = (workers_of(settings), speech.threads or 1)

    def measured() -> tuple[float, ...]:
        files = find(speech.model, trust=speech.trust)
        rates = machine.measure(files.path, (shared,), device=where.kind, compute_type=where.compute_type)
        return tuple(rate.speech for rate in rates)

    return await asyncio.to_thread(measured)


async def _apart(settings: Settings, plan: Plan, talks: Sequence[Talk], words: Sequence[str], way: str) -> Held:
    async with AsyncExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="room-monitor-capacity-")))
        ready = prepared(settings, plan.rooms, scratch, words, way)
        if plan.over is Over.JANUS:
            janus = await stack.enter_async_context(running(scratch / "janus", range(FIRST, FIRST + plan.rooms)))
            ready = ready.model_copy(update={"rooms": _videorooms(janus.url, plan.rooms)})
        return await hold(ready, plan, talks, scratch)


def _videorooms(address: str, rooms: int) -> tuple[JanusRoom, ...]:
    return tuple(
        JanusRoom(kind="janus", id=f"room-{number}", address=address, room=FIRST + number, languages=("en",))
        for number in range(rooms)
    )


async def _idle(
    settings: Settings, over: Over, rooms: int, more: int, talks: Sequence[Talk], words: Sequence[str]
) -> Idle:
    memory = []
    for count in (rooms, rooms + more):
        plan = Plan((Shift(count, 0.0, 0.0),), over, silent=True)
        memory.append((await _apart(settings, plan, talks, words, SHORT)).rested)
    return Idle(over, rooms, more, memory[0], memory[1])


def prepared(settings: Settings, rooms: int, scratch: Path, words: Sequence[str], way: str) -> Settings:
    """Settings of a service with so many rooms, data in `scratch`, and a list of `words`."""
    lists = scratch / "keywords"
    lists.mkdir()
    phrases = ", ".join(f'"{word}"' for word in words)
    (lists / "frequent.toml").write_text(
        f'name = "frequent"\nlanguages = ["en"]\nseverity = "low"\nphrases = [{phrases}]\n', "utf-8"
    )
    speech = settings.speech
    if way == PLAIN:
        speech = speech.model_copy(update={"context": "full", "workers": 1, "unsure": 0.0, "early": 0.0})
    return settings.model_copy(
        update={
            "rooms": tuple(Room(id=f"room-{number}", languages=("en",)) for number in range(rooms)),
            "storage": settings.storage.model_copy(update={"data": scratch / "data"}),
            "keywords": settings.keywords.model_copy(update={"lists": lists}),
            "web": Web(port=0),
            "canary": settings.canary.model_copy(update={"enabled": False}),
            "webhooks": (),
            "grace": 600.0,
            "speech": speech,
        }
    )


def talks_of(clips: Sequence[Clip], monologue: float = 0.0) -> tuple[list[Talk], list[str]]:
    """The recordings, where speech ends in them, and the words that are said most. `monologue`: seconds for which
    somebody goes on without a pause: as many recordings as that takes, without the silence around their speech."""
    gate = SpeechGate()
    talks = []
    said_on: list[Samples] = []
    for clip in clips:
        samples = np.concatenate(list(read(clip.path)))
        spans = gate.examine(samples).spans
        if monologue and spans:
            said_on.append(samples[spans[0][0] : spans[-1][1]])
            if sum(map(len, said_on)) < monologue * RATE:
                continue
            samples, said_on = np.concatenate(said_on), []
            spans = gate.examine(samples).spans
        talks.append(Talk(samples, tuple(end / RATE for _, end in spans)))
    said = Counter(
        word for clip in clips for word in clip.transcript.lower().split() if word.isalpha() and len(word) > 3
    )
    return talks, [word for word, _ in said.most_common(WORDS)]
