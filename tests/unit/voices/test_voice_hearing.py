"""The detector's queue: every utterance comes out, with windows or with a reason; a bad detector goes alone."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import DetectorFailed
from monitor.model import RATE, Utterance
from monitor.voice_model import Abstained, VoiceScored
from monitor.voices import selftest
from monitor.voices.detector import Calibration, VoiceDetector
from monitor.voices.features import Signal
from monitor.voices.hearing import VoiceHearing
from monitor.voices.manifest import read
from monitor.voices.onnx import OnnxDetector
from monitor.voices.quality import Limits
from tests.helpers import voice_models as tiny
from tests.helpers.speech import read_audio, utterance

SAMPLES = sorted(selftest.SAMPLES.glob("*.opus"))
SAID = '[input]\nlayout = "samples"\nwindow = 2.0\n[output]\nkind = "single"\nhigher = "synthetic"\n'


class Doubling:
    """A calibration on English: twice the score."""

    name = "doubling"
    languages = frozenset({"en"})

    def llrs(self, scores: np.ndarray) -> np.ndarray:
        return 2 * scores


class Held:
    """A detector that waits for a word before it answers: 1 for each window."""

    name, digest, window = "held", "0" * 12, 2.0

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.at_it = threading.Event()
        self.batches: list[int] = []

    async def asked(self) -> None:
        """Returns once it has been given something."""
        assert await asyncio.to_thread(self.at_it.wait, 60)

    def score(self, windows: Sequence[Signal]) -> np.ndarray:
        self.at_it.set()
        if not self.go_on.wait(60):
            raise DetectorFailed("nobody let it go on")
        self.batches.append(len(windows))
        return np.ones(len(windows))

    def stop(self) -> None:
        self.go_on.set()


class Room:
    """What comes out."""

    def __init__(self) -> None:
        self.scored: list[VoiceScored] = []
        self.failures: list[str] = []

    async def done(self, scored: VoiceScored) -> None:
        self.scored.append(scored)

    async def failed(self, reason: str) -> None:
        self.failures.append(reason)

    @property
    def reasons(self) -> list[tuple[str, set[Abstained | None]]]:
        return [(s.utterance.id, {w.abstained for w in s.windows}) for s in self.scored]


@asynccontextmanager
async def at_work(
    detector: VoiceDetector, calibration: Calibration | None = None, *, backlog: float = 100.0, deadline: float = 60.0
) -> AsyncIterator[tuple[VoiceHearing, Room]]:
    room = Room()
    hearing = VoiceHearing(
        detector,
        calibration,
        backlog_seconds=backlog,
        done=room.done,
        failed=room.failed,
        limits=Limits(narrow=-90.0),
        deadline=deadline,
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hearing.run())
        yield hearing, room
        hearing.close()


def onnx(folder: Path, how: str = "") -> OnnxDetector:
    """A tiny detector; one that is broken is not self-tested: it breaks later, as real ones do."""
    tiny.write(folder, tiny.broken(how) if how else tiny.of_samples(), SAID)
    return OnnxDetector(read(folder / "manifest.toml"), folder / "model.onnx")


def spoken(path: Path = SAMPLES[0], name: str = "u1", track: str = "track") -> Utterance:
    return dataclasses.replace(utterance(read_audio(path), name=name), track=track)


async def test_people_and_machines_are_told_apart_with_places_and_likelihoods(tmp_path: Path) -> None:
    async with at_work(onnx(tmp_path), Doubling()) as (hearing, room):
        for number, path in enumerate(SAMPLES):
            hearing.submit(spoken(path, f"u{number}", track=path.stem), "en")
        await hearing.settle()
    assert [s.utterance.id for s in room.scored] == ["u0", "u1", "u2", "u3"]
    for scored, path in zip(room.scored, SAMPLES, strict=True):
        windows = scored.windows
        assert len(windows) >= 2
        assert all(w.llr == pytest.approx(2 * (w.score or 0)) and w.abstained is None for w in windows)
        assert bool(np.mean([w.llr for w in windows]) > 0) is path.stem.startswith("synthetic"), path.stem
        assert all(0 <= w.start < w.end <= scored.utterance.seconds for w in windows)
        assert (scored.model, scored.calibration) == (hearing.model, "doubling")
        assert scored.took > 0
    assert room.failures == []


async def test_without_a_calibration_there_are_scores_and_no_likelihoods(tmp_path: Path) -> None:
    async with at_work(onnx(tmp_path)) as (hearing, room):
        hearing.submit(spoken(), "zh")
        await hearing.settle()
    assert room.scored[0].calibration == ""
    assert all(w.score is not None and w.llr is None for w in room.scored[0].windows)


async def test_a_language_that_the_calibration_does_not_know_is_abstained_from(tmp_path: Path) -> None:
    async with at_work(onnx(tmp_path), Doubling()) as (hearing, room):
        hearing.submit(spoken(), "zh")
        await hearing.settle()
    assert room.reasons == [("u1", {Abstained.LANGUAGE})]
    assert all(w.score is None and w.llr is None for w in room.scored[0].windows)


async def test_speakers_who_wait_are_scored_together() -> None:
    detector = Held()
    async with at_work(detector) as (hearing, room):
        for number in range(6):
            hearing.submit(spoken(name=f"u{number}", track=f"t{number}"), "en")
        detector.go_on.set()
        await hearing.settle()
    assert len(room.scored) == 6
    each = len(room.scored[0].windows)
    assert detector.batches[0] == 1, "the first one shows how long it takes"
    assert sum(detector.batches) == 6 * each
    assert max(detector.batches) > each


async def test_a_slow_detector_is_asked_for_a_window_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stall would be noticed only after all that one call was asked for."""

    class Slow(Held):
        def score(self, windows: Sequence[Signal]) -> np.ndarray:
            begun = time.thread_time()
            while time.thread_time() - begun < 0.015 * len(windows):
                pass
            return super().score(windows)

    monkeypatch.setattr("monitor.voices.hearing.BUSY", 0.02)
    detector = Slow()
    detector.go_on.set()
    async with at_work(detector) as (hearing, room):
        for number in range(3):
            hearing.submit(spoken(name=f"u{number}", track=f"t{number}"), "en")
        await hearing.settle()
    assert len(room.scored) == 3
    assert set(detector.batches) == {1}


async def test_past_the_limit_the_oldest_is_left_out_and_says_so() -> None:
    detector = Held()
    async with at_work(detector, backlog=11.0) as (hearing, room):
        hearing.submit(spoken(name="u0"), "en")
        await detector.asked()
        for number in range(1, 5):
            hearing.submit(spoken(name=f"u{number}", track=f"t{number}"), "en")
        assert hearing.waiting_seconds <= 11.0
        assert hearing.dropped_seconds == pytest.approx(2 * 5.3, abs=0.1)
        detector.go_on.set()
        await hearing.settle()
    assert room.reasons == [
        ("u0", {None}),
        ("u1", {Abstained.BEHIND}),
        ("u2", {Abstained.BEHIND}),
        ("u3", {None}),
        ("u4", {None}),
    ]


@pytest.mark.parametrize(
    ("how", "told"), [("nan", "no numbers"), ("crash", "ONNXRuntimeError"), ("stall", "gave no answer in 0.5 s")]
)
async def test_a_detector_that_breaks_is_switched_off_once_and_every_utterance_comes_out(
    how: str, told: str, tmp_path: Path
) -> None:
    async with at_work(onnx(tmp_path, how), deadline=0.5 if how == "stall" else 60.0) as (hearing, room):
        for number in range(3):
            hearing.submit(spoken(name=f"u{number}"), "en")
        await hearing.settle()
        assert told in hearing.failure
        hearing.submit(spoken(name="u3"), "en")
        await hearing.settle()
    assert room.reasons == [(f"u{number}", {Abstained.FAILED}) for number in range(4)]
    assert room.failures == [hearing.failure]


async def test_a_stalled_run_ends_instead_of_using_a_core_for_ever(tmp_path: Path) -> None:
    before = threading.active_count()
    async with at_work(onnx(tmp_path, "stall"), deadline=0.2) as (hearing, room):
        hearing.submit(spoken(), "en")
        await hearing.settle()
    for thread in threading.enumerate():
        if thread.name == "voice detector":
            thread.join(20)
    assert threading.active_count() <= before
    assert room.failures


async def test_a_stop_does_not_wait_for_the_detector() -> None:
    detector = Held()

    async def work() -> None:
        async with at_work(detector) as (hearing, _):
            hearing.submit(spoken(), "en")
            await hearing.settle()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work())
        await detector.asked()
        task.cancel()
    assert detector.go_on.is_set(), "the thread was told to end"


async def test_a_bug_flies() -> None:
    class Buggy(Held):
        def score(self, windows: Sequence[Signal]) -> np.ndarray:
            raise KeyError("a bug")

    async def work() -> None:
        async with at_work(Buggy()) as (hearing, _):
            hearing.submit(spoken(), "en")
            await asyncio.sleep(60)

    with pytest.raises(ExceptionGroup) as caught:
        await work()
    assert caught.group_contains(KeyError)


async def test_after_the_close_nothing_is_taken() -> None:
    detector = Held()
    detector.go_on.set()
    async with at_work(detector) as (hearing, room):
        hearing.submit(spoken(name="u1"), "en")
        hearing.close()
        hearing.submit(spoken(name="u2"), "en")
    assert [s.utterance.id for s in room.scored] == ["u1"]


async def test_silence_comes_out_without_windows() -> None:
    detector = Held()
    detector.go_on.set()
    async with at_work(detector) as (hearing, room):
        hearing.submit(utterance(np.zeros(2 * RATE, np.int16)), "en")
        await hearing.settle()
    assert room.scored[0].windows == ()
