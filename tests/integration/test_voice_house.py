"""The voice detector beside everything else in the house: what it may say, and that it can fail alone."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from monitor.config import Voices
from monitor.errors import DetectorFailed
from monitor.evidence.ring import Ring
from monitor.messages import AlertRaised, Numbered, VoiceChanged, VoiceDetectorChanged
from monitor.model import RATE, Cut, Speaker, Transcript, Utterance, Word
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.voice_house import VoiceHouse, plan_for
from monitor.voices import selftest
from monitor.voices.features import Signal
from monitor.voices.models import Loaded
from monitor.voices.thresholds import Tail
from tests.helpers.speech import read_audio
from tests.helpers.storing import database
from tests.helpers.trails import trail_of
from tests.helpers.vaults import keeping_of
from tests.helpers.voice_calibrations import made_up

MISJUDGED = Tail(speakers=100, hours=10.0, over=9.0, exceeding=10, excess=4.0)
"""Genuine speakers some of whom the detector takes for machines all along."""
ALERTING = Voices(alert="alerts")
SPEECH = next(path for path in sorted(selftest.SAMPLES.glob("genuine-*.opus")))


class Turning:
    """A detector that scores 1 for every window, until it is told how to break."""

    name, digest, window = "turning", "0" * 12, 2.0

    def __init__(self) -> None:
        self.breaks = ""
        self._stopped = threading.Event()

    def score(self, windows: Sequence[Signal]) -> np.ndarray:
        if self.breaks == "crash":
            raise DetectorFailed("turning failed: node 7")
        if self.breaks == "stall":
            self._stopped.wait(60)
            raise DetectorFailed("stopped")
        return np.ones(len(windows))

    def stop(self) -> None:
        self._stopped.set()


class Scene:
    def __init__(self, voices: VoiceHouse, detector: Turning, ring: Ring, told: list[Numbered]) -> None:
        self.voices = voices
        self.detector = detector
        self.told = told
        self._ring = ring
        self._said = 0
        self._audio = read_audio(SPEECH)

    async def say(self) -> None:
        """One utterance, scored."""
        start = self._said * (len(self._audio) + RATE)
        self._said += 1
        who = Speaker("s1", "Ann")
        heard = Utterance(f"u{self._said}", "lobby", who, "t1", 1000.0, start, self._audio, Cut.SILENCE)
        self._ring.add(heard)
        words = (Word(" hi", start / RATE, start / RATE + 1, 0.9),)
        self.voices.voicing.hear(Transcript(heard, "en", words, "base", 0.1))
        await self.voices.settle()

    def detectors(self) -> list[VoiceDetectorChanged]:
        return [message for message in self.told if isinstance(message, VoiceDetectorChanged)]


def loaded(detector: Turning, tail: Tail | None = None, claims: tuple[str, ...] = ("tests",)) -> Loaded:
    calibration = made_up("turning@000000000000", detector.window, claims=claims)
    if tail is not None:
        calibration = dataclasses.replace(calibration, tail=tail)
    return Loaded(detector, calibration, (), "MIT", "the tests", "", None, Path("nowhere"))


@asynccontextmanager
async def at_work(directory: Path, *, settings: Voices | None = None, tail: Tail | None = None) -> AsyncIterator[Scene]:
    told: list[Numbered] = []
    detector, ring = Turning(), Ring()
    async with Store.open(database(directory), told.append) as store, asyncio.TaskGroup() as tasks:
        vault = keeping_of(store, directory, await trail_of(store, directory), ring).vault
        voices = VoiceHouse(
            settings or ALERTING,
            loaded(detector, tail),
            store,
            ring,
            vault,
            Metrics(),
            lambda: 2000.0,
            lambda _: None,
            deadline=0.5,
        )
        tasks.create_task(voices.run())
        yield Scene(voices, detector, ring, told)
        voices.close()


async def test_speech_that_scores_as_synthetic_comes_to_an_alert(tmp_path: Path) -> None:
    async with at_work(tmp_path) as it:
        for _ in range(4):
            await it.say()
        assert it.voices.view().state == "on"
        assert it.voices.view().chance == ["voice conversion"]
        assert it.voices.trouble() == []
        assert [m.alert.speaker.name for m in it.told if isinstance(m, AlertRaised)] == ["Ann"]
        assert it.detectors() == []  # that it works is no news


@pytest.mark.parametrize(("how", "says"), [("crash", "node 7"), ("stall", "no answer")])
async def test_a_detector_that_breaks_is_off_and_told_and_the_rest_goes_on(tmp_path: Path, how: str, says: str) -> None:
    async with at_work(tmp_path) as it:
        await it.say()
        it.detector.breaks = how
        await it.say()
        await it.say()
        (told,) = it.detectors()
        assert told.detector.state == "failed"
        assert says in told.detector.detail
        assert told.detector == it.voices.view()
        (trouble,) = it.voices.trouble()
        assert says in trouble
        voice = it.voices.voicing.of("lobby", "s1")
        assert voice is not None
        assert [each.reason for each in voice.abstained] == ["the detector failed"]
        assert voice.windows > 0  # what was scored before stays


async def test_what_is_marked_only_never_alerts(tmp_path: Path) -> None:
    async with at_work(tmp_path, settings=Voices()) as it:
        for _ in range(5):
            await it.say()
        assert it.voices.view().marks_only
        assert [m.voice.state for m in it.told if isinstance(m, VoiceChanged)][-1] == "suspicious"
        assert not [m for m in it.told if isinstance(m, AlertRaised)]


def test_alerts_need_claims_figures_on_speakers_and_the_settings_word() -> None:
    detector = Turning()
    assert plan_for(ALERTING, loaded(detector)).thresholds.alert is not None
    assert plan_for(Voices(), loaded(detector)).thresholds.alert is None
    assert plan_for(Voices(), loaded(detector), measured=True).thresholds.alert is not None
    assert plan_for(Voices(alert="alerts", false_alerts=0.0), loaded(detector)).thresholds.alert is None
    assert plan_for(ALERTING, loaded(detector, claims=())).thresholds.alert is None
    assert plan_for(ALERTING, loaded(detector, MISJUDGED)).thresholds.alert is None
    uncalibrated = dataclasses.replace(loaded(detector), calibration=None)
    assert plan_for(ALERTING, uncalibrated).thresholds.alert is None


def test_fewer_false_alerts_take_more_evidence() -> None:
    strict, lax = (
        plan_for(Voices(alert="alerts", false_alerts=n), loaded(Turning())).thresholds.alert for n in (0.5, 50.0)
    )
    assert strict is not None
    assert lax is not None
    assert strict > lax
