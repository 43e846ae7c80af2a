"""`bench latency`: from the end of the spoken keyword to the alert on the websocket, over real WebRTC.

Where a keyword ends in a recording is taken from the recogniser's own word times on the whole recording, heard once
before; when that moment is spoken is known from when the speaking peer sent the recording's first packet. So the
delay holds everything: encoding, network, hearing, waiting for the end of the utterance, recognising, storing, sending.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TaskID
from websockets.asyncio.client import connect

from monitor import demo
from monitor.app import Service
from monitor.bench.clips import from_recordings
from monitor.bench.machine import describe, quantiles
from monitor.config import Settings
from monitor.fetch.recordings import Recording
from monitor.messages import FEED, AlertChanged, AlertRaised
from monitor.replay import replay
from monitor.rooms.builtin.script import Turn
from monitor.rooms.builtin.speak import speak

NEAR = 1.0
"""Seconds by which an alert's own idea of when the word ended may be off from ours and still be that word."""
PAUSE = 1.5


@dataclass(frozen=True, slots=True)
class Spoken:
    """One keyword that a peer has spoken."""

    phrase: str
    ended: float  # wall time


class Stage:
    """What was spoken when, and the delays of the alerts that answered."""

    def __init__(self, keywords: dict[str, list[tuple[str, float]]]) -> None:
        """`keywords`: for each recording its phrases with the seconds at which they end in it."""
        self._keywords = keywords
        self._spoken: deque[Spoken] = deque(maxlen=1000)
        self.delays: list[float] = []
        self.own: list[float] = []  # the delays that the alerts state themselves
        self.unmatched = 0

    def started(self, recording: str, at: float) -> None:
        self._spoken.extend(Spoken(phrase, at + offset) for phrase, offset in self._keywords[recording])

    def heard(self, phrase: str, spoken_at: float, raised_at: float, now: float) -> None:
        near = [s for s in self._spoken if s.phrase == phrase and abs(s.ended - spoken_at) < NEAR]
        if not near:
            self.unmatched += 1
            return
        spoken = min(near, key=lambda s: abs(s.ended - spoken_at))
        self._spoken.remove(spoken)
        self.delays.append(now - spoken.ended)
        self.own.append(raised_at - spoken_at)


async def measure(settings: Settings, recordings: list[Recording], alerts: int, out: Console) -> None:
    """Run the service and the speakers until `alerts` alerts were measured; print p50 and p95."""
    with tempfile.TemporaryDirectory(prefix="room-monitor-bench-") as scratch:
        settings = demo.settings_for(settings, Path(scratch))
        settings = settings.model_copy(
            update={
                "web": settings.web.model_copy(update={"port": 0}),
                "alerts": settings.alerts.model_copy(update={"cool_down": 0.0}),
            }
        )
        keywords = await _keywords(settings, recordings, Path(scratch))
        recordings = [recording for recording in recordings if keywords[recording.name]]
        stage = Stage(keywords)
        with Progress(console=out, transient=True) as progress:
            task = progress.add_task("Alerts", total=alerts)
            await Service(settings).run(lambda url: _play(url, recordings, stage, alerts, progress, task))
    voices = len({recording.speaker for recording in recordings})
    out.print(f"End of the spoken keyword → alert on the websocket: {quantiles(stage.delays)}", highlight=False)
    out.print(f"The delay that the alerts state themselves:         {quantiles(stage.own)}", highlight=False)
    out.print(
        f"{len(recordings)} recordings of {voices} speakers in turns, hangover {settings.hearing.hangover} s, "
        f"model {settings.speech.model}; {stage.unmatched} alerts could not be matched to a spoken keyword",
        highlight=False,
    )
    out.print(describe(), style="dim", highlight=False)


async def _keywords(
    settings: Settings, recordings: list[Recording], scratch: Path
) -> dict[str, list[tuple[str, float]]]:
    clips = from_recordings(recordings, scratch)
    found: dict[str, list[tuple[str, float]]] = {clip.path.stem: [] for clip in clips}

    def emit(row: dict[str, object]) -> None:
        if row["type"] == "alert":
            found[Path(str(row["file"])).stem].append((str(row["phrase"]), float(str(row["at"]))))

    await replay([clip.path for clip in clips], settings, emit, language="en")
    return found


class _Enough(Exception):
    """As many alerts as were asked for."""


async def _play(
    address: str, recordings: list[Recording], stage: Stage, wanted: int, progress: Progress, task: TaskID
) -> None:
    socket = address.replace("http", "ws", 1)
    turn = Turn()
    voices: dict[str, list[Recording]] = {}
    for recording in recordings:
        voices.setdefault(recording.speaker, []).append(recording)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_listen(socket, stage, wanted, progress, task))
            for name, spoken in voices.items():
                clips = [recording.samples for recording in spoken]
                tasks.create_task(
                    speak(
                        f"{socket}/rooms/{demo.ROOM.id}/ws",
                        name,
                        clips,
                        pause=PAUSE,
                        turn=turn,
                        on_clip_started=_teller(stage, [recording.name for recording in spoken]),
                    )
                )
    except* _Enough:
        pass


def _teller(stage: Stage, names: list[str]) -> Callable[[str, int, float], None]:
    return lambda speaker, index, at: stage.started(names[index], at)


async def _listen(socket: str, stage: Stage, wanted: int, progress: Progress, task: TaskID) -> None:
    async with connect(f"{socket}/feed?after=0") as feed:
        async for text in feed:
            message = FEED.validate_json(text)
            if isinstance(message, AlertRaised | AlertChanged) and message.alert.hits:
                alert = message.alert
                hit = alert.hits[-1]
                stage.heard(hit.phrase, hit.spoken_at, message.at, time.time())
                progress.update(task, completed=len(stage.delays))
                if len(stage.delays) >= wanted:
                    raise _Enough
