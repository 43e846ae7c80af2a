"""`bench capacity`: how many rooms one machine hears in time, with the whole pipeline at work.

A room is one speaker who talks half of the time, at the pace of life, in utterances as people make them; no network.
Everything behind it is the product's: VAD, segmenter, recogniser, keyword lists, alerts with their clips, database,
feed. Held is a number of rooms when nothing is lost and p95 from the end of speech to the stored alert is 2 s or less.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
import uuid
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from monitor import house as houses
from monitor.bench import vitals
from monitor.bench.clips import Clip
from monitor.bench.machine import describe
from monitor.bench.paced import PacedTrack, Talk
from monitor.config import Settings
from monitor.config_rooms import Room
from monitor.hearing.veto import SpeechGate
from monitor.house import House
from monitor.media import read
from monitor.messages import AlertChanged, AlertRaised, HeardMessage, Numbered
from monitor.model import RATE, Heard, Samples
from monitor.watch import RoomFacts, RoomWatch

IN_TIME = 2.0
"""Seconds from the end of speech to the stored alert that p95 must keep."""
WORDS = 3
"""Most frequent words of four letters and more that alert: about every other utterance has one."""
NEAR = 0.2
"""Seconds by which the end of an utterance may lie before the end of its speech."""


@dataclass(slots=True)
class Result:
    """What one number of rooms came to."""

    way: str
    rooms: int
    heard: list[float] = field(default_factory=list)  # seconds from the end of speech to the stored text
    alerts: list[float] = field(default_factory=list)  # the same to the stored alert; below 0: it came before the end
    words: list[float] = field(default_factory=list)  # seconds from the end of the word to the stored alert
    tentative: int = 0  # alerts that came before the utterance was over
    withdrawn: int = 0
    lost: float = 0.0  # seconds of speech
    spoken: float = 0.0  # seconds of recordings
    cpu: float = 0.0  # cores
    memory: float = 0.0  # MB

    @property
    def held(self) -> bool:
        return not self.lost and bool(self.alerts) and float(np.percentile(self.alerts, 95)) <= IN_TIME


class Account:
    """Takes what the house tells, and knows when the speech of each utterance ended."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self._raised: dict[str, float] = {}  # by utterance, before its text is stored; a bench is short
        self._ended: dict[str, float] = {}
        self.tracks: dict[str, PacedTrack] = {}  # by room

    def told(self, message: Numbered) -> None:
        now = time.time()
        match message:
            case HeardMessage():
                ended = self._ended[message.utterance] = self._speech_end(message)
                if message.words:
                    self._result.heard.append(now - ended)
                    self.note(ended, now - ended)
                if message.utterance in self._raised:
                    self._result.alerts.append(self._raised.pop(message.utterance) - ended)
            case AlertRaised(alert=alert):
                self._result.words.append(now - alert.spoken_at)
                self._result.tentative += alert.hits[0].tentative
                if alert.utterance in self._ended:
                    self._result.alerts.append(now - self._ended[alert.utterance])
                else:
                    self._raised[alert.utterance] = now
            case AlertChanged(alert=alert):
                self._result.withdrawn += alert.state == "withdrawn"

    def note(self, ended: float, delay: float) -> None:
        """A text was stored: `ended`, wall time at which its speech did; `delay`, seconds. For those who ask when."""

    def _speech_end(self, message: HeardMessage) -> float:
        """A cut for length ends where it is cut: the speaker goes on."""
        end = message.began + message.seconds
        if message.cut == "length":
            return end
        ends = sorted(self.tracks[message.room].ends)
        before = bisect_right(ends, end + NEAR)
        return ends[before - 1] if before and ends[before - 1] > message.began else end


async def measure(
    settings: Settings,
    clips: Sequence[Clip],
    counts: Sequence[int],
    seconds: float,
    plain: bool,
    out: Console,
    monologue: float = 0.0,
) -> list[Result]:
    """Measure and print; `plain`: each number beside plain 30 s windows, one at a time; `monologue`: see `talks_of`.
    Raises OperatorError."""
    talks, words = await asyncio.to_thread(talks_of, clips, monologue)
    ways = ["short contexts", *(["30 s windows"] if plain else [])]
    results: list[Result] = []
    with Progress(console=out, transient=True) as progress:
        task = progress.add_task("Rooms", total=len(counts) * len(ways) * seconds)
        for way in ways:
            for rooms in counts:
                progress.update(task, description=f"{way}, {rooms} rooms")
                with tempfile.TemporaryDirectory(prefix="room-monitor-capacity-") as scratch:
                    ready = prepared(settings, rooms, Path(scratch), words, way)
                    results.append(await _apart(ready, talks, seconds, Result(way, rooms)))
                progress.advance(task, seconds)
    _show(results, seconds, len(talks), words, settings, out)
    return results


async def _apart(settings: Settings, talks: Sequence[Talk], seconds: float, result: Result) -> Result:
    """In a process of its own: its memory and CPU are those of this number of rooms alone."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, _child, settings, talks, seconds, result)


def _child(settings: Settings, talks: Sequence[Talk], seconds: float, result: Result) -> Result:
    asyncio.run(_hold(settings, talks, seconds, result))
    return result


async def _hold(settings: Settings, talks: Sequence[Talk], seconds: float, result: Result) -> None:
    ledger = Account(result)
    until = asyncio.get_running_loop().time() + seconds
    async with houses.build(settings, settings.storage.data, ledger.told) as house:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(house.run())
            cpu, wall = vitals.cpu(), time.monotonic()
            await _talk(house, settings, talks, until, ledger, result)
            result.cpu = (vitals.cpu() - cpu) / (time.monotonic() - wall)
            result.memory = vitals.resident()
            house.batcher.close()
        result.lost = house.batcher.lost_seconds + sum(
            house.book.ledger(track.id).totals().seconds.get(state, 0.0)
            for track in ledger.tracks.values()
            for state in (Heard.LOST_ERROR,)
        )


async def _talk(
    house: House, settings: Settings, talks: Sequence[Talk], until: float, ledger: Account, result: Result
) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number, room in enumerate(settings.rooms):
            track = PacedTrack(talks, number, until)
            ledger.tracks[room.id] = track
            tasks.create_task(watch(house, settings, room.id).on_track(track))
    result.spoken = sum(track.spoken for track in ledger.tracks.values())


def watch(house: House, settings: Settings, room: str) -> RoomWatch:
    return RoomWatch(
        RoomFacts(room, room),
        book=house.book,
        store=house.store,
        rules=house.rules,
        aggressiveness=settings.hearing.aggressiveness,
        hand_over=house.pipeline.accept,
        talking=lambda room, speaker, on: None,
        forget=lambda track: None,  # its ledger is read in the end
        ids=lambda: uuid.uuid4().hex,
        clock=time.time,
        look=house.pipeline.look,
        every=settings.speech.early,
    )


def prepared(settings: Settings, rooms: int, scratch: Path, words: Sequence[str], way: str) -> Settings:
    lists = scratch / "keywords"
    lists.mkdir()
    phrases = ", ".join(f'"{word}"' for word in words)
    (lists / "frequent.toml").write_text(
        f'name = "frequent"\nlanguages = ["en"]\nseverity = "low"\nphrases = [{phrases}]\n', "utf-8"
    )
    speech = settings.speech
    if way != "short contexts":
        speech = speech.model_copy(update={"context": "full", "workers": 1, "unsure": 0.0})
    return settings.model_copy(
        update={
            "rooms": tuple(Room(id=f"room-{number}", languages=("en",)) for number in range(rooms)),
            "storage": settings.storage.model_copy(update={"data": scratch}),
            "keywords": settings.keywords.model_copy(update={"lists": lists}),
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


def _show(
    results: Sequence[Result], seconds: float, talks: int, words: Sequence[str], settings: Settings, out: Console
) -> None:
    table = Table(title=f"Rooms heard in time: {seconds:g} s each, model {settings.speech.model}")
    table.add_column("")
    for result in results:
        table.add_column(f"{result.rooms} rooms\n{result.way}", justify="right")
    for name, cells in (
        ("utterances", [str(len(one.heard)) for one in results]),
        ("end of speech → text, p50 / p95 s", [pair(one.heard) for one in results]),
        ("alerts (tentative, withdrawn)", [f"{len(o.alerts)} ({o.tentative}, {o.withdrawn})" for o in results]),
        ("end of speech → alert, p50 / p95 s", [pair(one.alerts) for one in results]),
        ("end of the word → alert, p50 / p95 s", [pair(one.words) for one in results]),
        ("lost s", [f"{one.lost:.1f}" for one in results]),
        ("cores", [f"{one.cpu:.2f}" for one in results]),
        ("MB", [f"{one.memory:.0f}" for one in results]),
        ("held", ["yes" if one.held else "no" for one in results]),
    ):
        table.add_row(name, *cells)
    out.print(table)
    out.print(
        f"{talks} recordings, half of the time; alerts on {', '.join(words)}. Held: nothing lost, and p95 from the end "
        f"of speech to the stored alert at most {IN_TIME:g} s. Below 0: the alert came before the end. Tentative: "
        "raised before the utterance was over.",
        highlight=False,
    )
    out.print(describe(), style="dim", highlight=False)


def pair(values: Sequence[float]) -> str:
    if not values:
        return "-"
    p50, p95 = np.percentile(values, [50, 95])
    return f"{p50:.2f} / {p95:.2f}"
