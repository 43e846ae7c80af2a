"""`room-monitor replay`: the live pipeline, driven from files as fast as it can."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from monitor import house as houses
from monitor.config import Settings
from monitor.config_rooms import Room
from monitor.errors import MediaUnreadable
from monitor.house import House
from monitor.media import probe, read
from monitor.messages import AlertChanged, AlertRaised, AlertView, HeardMessage, HitView, Numbered, VoiceChanged
from monitor.model import FRAME, RATE, AudioFrame, Coverage, Samples, Speaker
from monitor.speech.recogniser import Recogniser
from monitor.telemetry.metrics import Metrics
from monitor.views import coverage_view
from monitor.watch import RoomFacts, RoomWatch

PATIENT = {"hangover": 2.0, "hangover_long": 2.0, "max_utterance": 27.0}
"""How a file is cut unless it is to be as live: nobody waits for an alert, and whole sentences are heard better."""
AHEAD = 30.0
"""Seconds of speech that may wait for the recogniser before reading goes on: memory stays bounded."""


@dataclass(slots=True)
class Tally:
    """What the summary is made from."""

    files: int = 0
    unreadable: int = 0
    seconds: float = 0.0
    utterances: int = 0
    words: int = 0
    alerts: int = 0
    confirmed: int = 0  # hits, by a second hearing
    withdrawn: int = 0
    doubted: int = 0  # utterances in which other readings were looked for
    doubting: float = 0.0  # seconds spent on that
    recognising: float = 0.0  # seconds in the recogniser, with those
    coverage: list[Coverage] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)  # name@version


class FileTrack:
    """One channel of a file as a speaker's track. `arrived` counts from the start of the file, not from the epoch."""

    def __init__(
        self, path: Path, channel: int | None, room: Callable[[], Awaitable[None]], progress: Callable[[float], None]
    ) -> None:
        """`room`: returns once the recogniser can take more."""
        self.id = uuid.uuid4().hex
        # An id of its own for each file: what is said in one is no evidence on the voice in another.
        self.speaker = Speaker(f"{path}#{channel or 0}", _label(path, channel))
        self.seconds = 0.0
        self.damage = ""
        self._blocks = read(path, channel)
        self._room = room
        self._progress = progress

    async def frames(self) -> AsyncIterator[AudioFrame]:
        start = 0
        for samples in self._framed():
            start += FRAME
            yield AudioFrame(start - FRAME, samples, arrived=start / RATE)
            if start % RATE == 0:
                self._progress(start / RATE)
                await asyncio.sleep(0)
                await self._room()
        self.seconds = start / RATE

    def _framed(self) -> Iterator[Samples]:
        """Exactly FRAME samples each; the last one is filled up with silence. Damage ends the file, and is noted."""
        rest = np.zeros(0, np.int16)
        try:
            for block in self._blocks:
                rest = np.concatenate([rest, block])
                whole = len(rest) // FRAME * FRAME
                yield from rest[:whole].reshape(-1, FRAME)
                rest = rest[whole:]
        except MediaUnreadable as error:
            self.damage = str(error)
        if len(rest):
            yield np.pad(rest, (0, FRAME - len(rest)))


async def replay(
    files: list[Path],
    settings: Settings,
    emit: Callable[[dict[str, Any]], None],
    progress: Callable[[Path, float], None] = lambda path, seconds: None,
    *,
    split: bool = False,
    language: str | None = None,
    live: bool = False,
    metrics: Metrics | None = None,
    hears: Recogniser | None = None,
) -> Tally:
    """Run each file through the pipeline; `emit` gets one JSON-ready object for each utterance, alert, coverage, for
    each hit that a bigger model heard again (type `second`), and for alerts about a voice and changes of what is known
    of one (types `voice`, `voice_state`).

    A file that can't be read becomes an object of type `problem` and does not stop the others. `split`: each channel
    is a speaker of its own. `live`: cut as in a live room, for delay; else for accuracy. `metrics` counts along.
    `hears`: a recogniser in place of the settings' model.
    Raises OperatorError when the house can't be built (no model, say).
    """
    tally = Tally()
    metrics = metrics or Metrics()
    current = Path()
    room = Room(id="replay", languages=(language,) if language else ())
    alone: dict[str, Any] = {"workers": 1}  # a file's utterances come one by one: each has all cores
    if not live:
        alone["context"] = "full"
        settings = settings.model_copy(update={"hearing": settings.hearing.model_copy(update=PATIENT)})
    speech = settings.speech.model_copy(update=alone)
    settings = settings.model_copy(update={"rooms": (room,), "speech": speech})
    hits: dict[str, AlertView] = {}

    def told(message: Numbered) -> None:
        for shown in _shown(message, current, hits):
            tally.utterances += shown["type"] == "utterance"
            tally.words += len(shown.get("words", ()))
            tally.alerts += shown["type"] == "alert"
            tally.confirmed += shown.get("outcome") == "confirmed"
            tally.withdrawn += shown.get("outcome") == "withdrawn"
            emit(shown)

    with tempfile.TemporaryDirectory(prefix="room-monitor-") as scratch:
        async with (
            houses.build(settings, Path(scratch), told, metrics=metrics, hears=hears) as house,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(house.run())
            tally.lists = house.library.names()
            try:
                for path in files:
                    current = path
                    await _one(path, house, settings, emit, progress, split, tally)
            finally:
                house.batcher.close()
    tally.doubted = round(metrics.total("room_monitor_alternatives_total"))
    tally.doubting = metrics.total("room_monitor_alternatives_seconds_total")
    tally.recognising = metrics.total("room_monitor_recogniser_seconds_sum")
    return tally


async def _one(
    path: Path,
    house: House,
    settings: Settings,
    emit: Callable[[dict[str, Any]], None],
    progress: Callable[[Path, float], None],
    split: bool,
    tally: Tally,
) -> None:
    try:
        info = probe(path)
    except MediaUnreadable as error:
        tally.unreadable += 1
        emit({"type": "problem", "file": str(path), "code": error.code, "message": str(error)})
        return
    channels: list[int | None] = list(range(info.channels)) if split else [None]
    for channel in channels:
        track = FileTrack(path, channel, lambda: house.batcher.settle(AHEAD), lambda s: progress(path, s))
        watch = _watch(house, settings)
        await watch.on_track(track)
        coverage = await _settled(house, track.id)
        tally.coverage.append(coverage)
        tally.seconds += track.seconds
        if track.damage or not track.seconds:
            tally.unreadable += 1
            message = track.damage or f"{path}: no audio in it"
            emit({"type": "problem", "file": str(path), "code": MediaUnreadable.code, "message": message})
        emit(
            {"type": "coverage", "file": str(path), "speaker": track.speaker.name}
            | coverage_view(coverage).model_dump()
        )
        await watch.close()
    tally.files += 1


async def _settled(house: House, track: str) -> Coverage:
    ledger = house.book.ledger(track)
    await house.settle()
    return ledger.totals()


def _watch(house: House, settings: Settings) -> RoomWatch:
    return RoomWatch(
        RoomFacts("replay", "replay"),
        book=house.book,
        store=house.store,
        rules=house.rules,
        aggressiveness=settings.hearing.aggressiveness,
        hand_over=house.pipeline.accept,
        talking=lambda room, speaker, on: None,
        forget=house.pipeline.forget,
        ids=lambda: uuid.uuid4().hex,
        clock=lambda: 0.0,
    )


def summary(tally: Tally, took: float, model: str) -> dict[str, Any]:
    """The last object of a replay; `took` is wall seconds."""
    return {
        "type": "summary",
        "files": tally.files,
        "unreadable": tally.unreadable,
        "seconds": round(tally.seconds, 2),
        "utterances": tally.utterances,
        "words": tally.words,
        "alerts": tally.alerts,
        "confirmed": tally.confirmed,
        "withdrawn": tally.withdrawn,
        "recogniser": round(tally.recognising, 2),
        "alternatives": {"utterances": tally.doubted, "seconds": round(tally.doubting, 2)},
        "took": round(took, 2),
        "times_real_time": round(tally.seconds / took, 2) if took else None,
        "model": model,
        "lists": tally.lists,
    }


def _label(path: Path, channel: int | None) -> str:
    return path.name if channel is None else f"{path.name} channel {channel + 1}"


def _shown(message: Numbered, path: Path, alerts: dict[str, AlertView]) -> Iterator[dict[str, Any]]:
    """The objects for one message. `alerts`: each as it was told last."""
    match message:
        case HeardMessage():
            kept = message.model_dump(include={"language", "text", "words", "ghosts", "cut", "seconds", "took"})
            yield {"type": "utterance", "file": str(path), "speaker": message.speaker.name, "at": message.began} | kept
        case AlertRaised(alert=alert) | AlertChanged(alert=alert) if alert.voice is not None:
            about = {"at": alert.spoken_at, "state": alert.state, "severity": alert.severity, "alert": alert.id}
            yield {"type": "voice", "file": str(path), "speaker": alert.speaker.name} | alert.voice.model_dump() | about
        case VoiceChanged(voice=voice):
            yield {"type": "voice_state", "file": str(path), "speaker": message.speaker.name} | voice.model_dump()
        case AlertRaised(alert=alert) | AlertChanged(alert=alert):
            before = alerts.get(alert.id)
            if before is None or alert.count > before.count:
                yield {"type": "alert"} | _hit(alert, alert.hits[-1], path)
            for hit in alert.hits:
                if hit.second and not (before and hit in before.hits):
                    heard = {"outcome": hit.second.outcome, "model": hit.second.model, "heard": hit.second.text}
                    yield {"type": "second"} | _hit(alert, hit, path) | heard
            alerts[alert.id] = alert


def _hit(alert: AlertView, hit: HitView, path: Path) -> dict[str, Any]:
    return {
        "file": str(path),
        "speaker": alert.speaker.name,
        "at": round(hit.spoken_at, 2),
        "severity": hit.severity,
        "alert_severity": alert.severity,
        "grade": hit.grade,
        "way": hit.way,
        "likeness": hit.likeness,
        "list": f"{hit.list_name}@{hit.list_version}",
        "phrase": hit.phrase,
        "matched": hit.matched,
        "before": hit.before,
        "after": hit.after,
        "probability": hit.probability,
        "repeat": alert.count > 1,
        "state": alert.state,
        "alert": alert.id,
    }
