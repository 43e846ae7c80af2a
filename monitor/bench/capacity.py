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
from monitor.messages import AlertRaised, HeardMessage, Numbered
from monitor.model import RATE, Heard
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
    alerts: list[float] = field(default_factory=list)  # the same to the stored alert
    lost: float = 0.0  # seconds of speech
    spoken: float = 0.0  # seconds of recordings
    cpu: float = 0.0  # cores
    memory: float = 0.0  # MB

    @property
    def held(self) -> bool:
        return not self.lost and bool(self.alerts) and float(np.percentile(self.alerts, 95)) <= IN_TIME


class _Ledger:
    """Takes what the house tells, and knows when the speech of each utterance ended."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self._ended: dict[str, float] = {}  # by utterance; a bench is short
        self.tracks: dict[str, PacedTrack] = {}  # by room

    def told(self, message: Numbered) -> None:
        now = time.time()
        match message:
            case HeardMessage():
                ended = self._speech_end(message)
                self._ended[message.utterance] = ended
                if message.words:
                    self._result.heard.append(now - ended)
            case AlertRaised(alert=alert) if alert.utterance in self._ended:
                self._result.alerts.append(now - self._ended[alert.utterance])

    def _speech_end(self, message: HeardMessage) -> float:
        """A cut for length ends where it is cut: the speaker goes on."""
        end = message.began + message.seconds
        if message.cut == "length":
            return end
        ends = sorted(self.tracks[message.room].ends)
        before = bisect_right(ends, end + NEAR)
        return ends[before - 1] if before and ends[before - 1] > message.began else end


async def measure(
    settings: Settings, clips: Sequence[Clip], counts: Sequence[int], seconds: float, plain: bool, out: Console
) -> list[Result]:
    """Measure and print; `plain`: each number beside plain 30 s windows, one at a time. Raises OperatorError."""
    talks, words = await asyncio.to_thread(_talks, clips)
    ways = ["short contexts", *(["30 s windows"] if plain else [])]
    results: list[Result] = []
    with Progress(console=out, transient=True) as progress:
        task = progress.add_task("Rooms", total=len(counts) * len(ways) * seconds)
        for way in ways:
            for rooms in counts:
                progress.update(task, description=f"{way}, {rooms} rooms")
                with tempfile.TemporaryDirectory(prefix="room-monitor-capacity-") as scratch:
                    prepared = _prepared(settings, rooms, Path(scratch), words, way)
                    results.append(await _apart(prepared, talks, seconds, Result(way, rooms)))
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
    ledger = _Ledger(result)
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
    house: House, settings: Settings, talks: Sequence[Talk], until: float, ledger: _Ledger, result: Result
) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number, room in enumerate(settings.rooms):
            track = PacedTrack(talks, number, until)
            ledger.tracks[room.id] = track
            tasks.create_task(_watch(house, settings, room.id).on_track(track))
    result.spoken = sum(track.spoken for track in ledger.tracks.values())


def _watch(house: House, settings: Settings, room: str) -> RoomWatch:
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
    )


def _prepared(settings: Settings, rooms: int, scratch: Path, words: Sequence[str], way: str) -> Settings:
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


def _talks(clips: Sequence[Clip]) -> tuple[list[Talk], list[str]]:
    """The recordings, where speech ends in them, and the words that are said most."""
    gate = SpeechGate()
    talks = []
    for clip in clips:
        samples = np.concatenate(list(read(clip.path)))
        talks.append(Talk(samples, tuple(end / RATE for _, end in gate.examine(samples).spans)))
    said = Counter(
        word for clip in clips for word in clip.transcript.lower().split() if word.isalpha() and len(word) > 3
    )
    return talks, [word for word, _ in said.most_common(WORDS)]


def _show(
    results: Sequence[Result], seconds: float, talks: int, words: Sequence[str], settings: Settings, out: Console
) -> None:
    table = Table(title=f"Rooms heard in time: {seconds:g} s each, model {settings.speech.model}")
    for name in ("way", "rooms", "utterances", "text p50/p95 s", "alerts", "alert p50/p95 s", "lost s", "cores", "MB"):
        table.add_column(name, justify="left" if name == "way" else "right")
    table.add_column("held")
    for result in results:
        table.add_row(
            result.way,
            str(result.rooms),
            str(len(result.heard)),
            _pair(result.heard),
            str(len(result.alerts)),
            _pair(result.alerts),
            f"{result.lost:.1f}",
            f"{result.cpu:.2f}",
            f"{result.memory:.0f}",
            "yes" if result.held else "no",
        )
    out.print(table)
    out.print(
        f"{talks} recordings, half of the time; alerts on {', '.join(words)}. Held: nothing lost, and p95 from the end "
        f"of speech to the stored alert at most {IN_TIME:g} s.",
        highlight=False,
    )
    out.print(describe(), style="dim", highlight=False)


def _pair(values: Sequence[float]) -> str:
    if not values:
        return "-"
    p50, p95 = np.percentile(values, [50, 95])
    return f"{p50:.2f} / {p95:.2f}"
