"""`bench voices`: how many speakers who talk at once a core can judge, beside a recogniser that is always at work.

Speakers talk without a pause, which people don't: what is said of a core holds for the worst case. Each has a recording
over and over, cut into utterances as live; one is handed over at the moment when its last sample would have arrived.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from monitor.bench.machine import describe, quantiles
from monitor.config import Settings
from monitor.fetch.recordings import Recording
from monitor.hearing.veto import SpeechGate
from monitor.model import RATE, Utterance
from monitor.speech.recogniser import Hints, Recogniser
from monitor.speech.weights import find
from monitor.speech.whisper import WhisperRecogniser
from monitor.voice_files import utterances
from monitor.voice_model import Abstained, VoiceScored
from monitor.voices import models
from monitor.voices.hearing import VoiceHearing, in_a_thread

WANTED = 30
"""Speakers at once on a core: what the product promises."""


@dataclass(frozen=True, slots=True)
class Plan:
    speakers: int
    seconds: float  # that they talk
    model: str
    trust: bool


@dataclass(slots=True)
class _Tally:
    """What came of it."""

    speech: float = 0.0  # seconds of talking that were judged
    windows: int = 0
    abstained: int = 0
    cpu: float = 0.0
    delays: list[float] = field(default_factory=list)  # from the end of an utterance to its scores
    ended: dict[tuple[str, int], float] = field(default_factory=dict)
    failure: str = ""


async def measure(settings: Settings, recordings: Sequence[Recording], plan: Plan, out: Console) -> bool:
    """Print the figures; False where a core can't judge WANTED speakers, or speech was left out."""
    loaded = await asyncio.to_thread(models.load, plan.model, trust=plan.trust)
    recogniser = await asyncio.to_thread(_recogniser, settings)
    said = [await asyncio.to_thread(_cut, settings, recording) for recording in recordings]
    said = [pieces for pieces in said if pieces]
    tally = _Tally()

    async def done(scored: VoiceScored) -> None:
        ended = tally.ended.pop((scored.utterance.track, scored.utterance.start))
        if any(window.abstained in (Abstained.BEHIND, Abstained.FAILED) for window in scored.windows):
            return
        tally.delays.append(asyncio.get_running_loop().time() - ended)
        judged = [window for window in scored.windows if window.abstained is None]
        tally.speech += scored.utterance.seconds - scored.utterance.overlap / RATE
        tally.windows += len(judged)
        tally.abstained += len(scored.windows) - len(judged)
        tally.cpu += scored.took

    async def failed(reason: str) -> None:
        tally.failure = reason

    backlog = settings.voices.backlog
    hearing = VoiceHearing(loaded.detector, loaded.calibration, backlog_seconds=backlog, done=done, failed=failed)
    load = _Recognising(recogniser, [pieces[0] for pieces in said])
    begun = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hearing.run())
        beside = tasks.create_task(load.run())
        async with asyncio.TaskGroup() as talking:
            for number in range(plan.speakers):
                talking.create_task(_talk(hearing, tally, said[number % len(said)], number, plan))
        load.stop()
        await beside
        hearing.close()
    took = time.monotonic() - begun
    return _print(out, loaded, plan, tally, hearing.dropped_seconds, load, took)


def _recogniser(settings: Settings) -> Recogniser:
    speech = settings.speech
    files = find(speech.model, trust=speech.trust)
    return WhisperRecogniser(
        files.path, files.name, device=speech.device, compute_type=speech.compute_type, threads=speech.threads
    )


def _cut(settings: Settings, recording: Recording) -> list[Utterance]:
    rules = settings.hearing
    path = Path(recording.name)
    return list(utterances(path, recording.samples, SpeechGate(), rules.veto, rules.aggressiveness))


async def _talk(hearing: VoiceHearing, tally: _Tally, said: list[Utterance], number: int, plan: Plan) -> None:
    """One speaker, utterance after utterance without a pause, for as long as planned."""
    loop = asyncio.get_running_loop()
    begun = loop.time() + number / plan.speakers * 5  # or all would end their sentences together
    at, turn = 0, number
    while at < plan.seconds * RATE:
        one = said[turn % len(said)]
        fresh = one.audio[one.overlap :]
        utterance = replace(
            one, id=f"{number}-{at}", track=str(number), start=at, audio=fresh, overlap=0, speaker=one.speaker
        )
        at, turn = at + len(fresh), turn + 1
        ended = begun + at / RATE
        await asyncio.sleep(max(0.0, ended - loop.time()))
        tally.ended[utterance.track, utterance.start] = ended
        hearing.submit(utterance, "en")


class _Recognising:
    """A recogniser that always has something to do."""

    def __init__(self, recogniser: Recogniser, said: Sequence[Utterance]) -> None:
        self._recogniser = recogniser
        self._said = said
        self._stopped = False
        self.speech = 0.0  # seconds that it has heard
        self.took = 0.0

    async def run(self) -> None:
        await in_a_thread(self._work, "recogniser")

    def stop(self) -> None:
        self._stopped = True

    def _work(self) -> None:
        begun = time.monotonic()
        turn = 0
        while not self._stopped:
            one = self._said[turn % len(self._said)]
            self._recogniser.transcribe([(one, Hints(("en",)))])
            self.speech += one.seconds
            turn += 1
        self.took = time.monotonic() - begun


def _print(
    out: Console,
    loaded: models.Loaded,
    plan: Plan,
    tally: _Tally,
    dropped: float,
    load: _Recognising,
    took: float,
) -> bool:
    if tally.failure or not tally.speech:
        out.print(f"The detector failed: {tally.failure or 'nothing was judged'}", highlight=False)
        return False
    cost = tally.cpu / tally.speech
    lines = [
        f"Detector {loaded.model}, windows of {loaded.detector.window:g} s",
        f"{plan.speakers} speakers at once for {plan.seconds:g} s, none of them ever silent: "
        f"{tally.speech:.0f} s of talking judged in {tally.windows} windows ({tally.abstained} abstained from), "
        f"{dropped:.0f} s left out for want of time",
        f"CPU: {1000 * cost:.2f} ms for a second of talking = {1 / cost:.0f} speakers at once a core "
        f"(promised: {WANTED}); {tally.cpu:.1f} s in {took:.0f} s of wall time",
        f"From the end of an utterance to its scores: {quantiles(tally.delays)}",
        f"The recogniser beside it heard {load.speech:.0f} s of speech in {load.took:.0f} s",
        describe(),
    ]
    for line in lines:
        out.print(line, highlight=False)
    return 1 / cost >= WANTED and dropped == 0
