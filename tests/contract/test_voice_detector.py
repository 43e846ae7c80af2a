"""What every VoiceDetector must do, whatever its model takes and gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import DetectorFailed
from monitor.model import RATE
from monitor.voices import models, selftest
from monitor.voices.detector import VoiceDetector
from monitor.voices.fusion import Fusion, Member
from tests.helpers import voice_models as tiny


class Straight:
    """A calibration that takes scores as they are."""

    name = "straight"
    languages = frozenset[str]()

    def llrs(self, scores: np.ndarray) -> np.ndarray:
        return scores


def of_features(folder: Path) -> VoiceDetector:
    said = f"""
        [input]
        layout = "frames"
        features = "{tiny.BANDS}"
        window = 2.0
        [output]
        kind = "logits"
        genuine = 1"""
    return models.load(str(tiny.write(folder, tiny.of_features(), said))).detector


def single_of_any_length(folder: Path) -> VoiceDetector:
    said = """
        [input]
        layout = "samples"
        window = 1.5
        [output]
        kind = "single"
        higher = "synthetic\""""
    return models.load(str(tiny.write(folder, tiny.of_samples(), said))).detector


def padded_one_at_a_time(folder: Path) -> VoiceDetector:
    said = """
        [input]
        layout = "channel-samples"
        window = 3.0
        samples = 64600
        padding = "repeat"
        [output]
        kind = "log-probabilities"
        genuine = 0"""
    model = tiny.of_samples("log-probabilities", 0, samples=64600, batch=1, channel=True)
    return models.load(str(tiny.write(folder, model, said))).detector


def probability_of_a_person(folder: Path) -> VoiceDetector:
    """Reversed: what it gives is higher for people. Made on the negative of the score."""
    model = tiny.of_samples("probabilities", 0)
    said = """
        [input]
        layout = "samples"
        window = 2.0
        [output]
        kind = "probabilities"
        genuine = 0"""
    return models.load(str(tiny.write(folder, model, said))).detector


def voting(folder: Path) -> VoiceDetector:
    one, other = of_features(folder / "one"), single_of_any_length(folder / "other")
    return Fusion("two", (Member(one, Straight(), 0.5), Member(other, Straight(), 0.5)))


def bundled(_: Path) -> VoiceDetector:
    return models.load("bundled").detector


@pytest.fixture(
    params=[of_features, single_of_any_length, padded_one_at_a_time, probability_of_a_person, voting, bundled],
    ids=lambda make: make.__name__,
)
def detector(request: pytest.FixtureRequest, tmp_path: Path) -> VoiceDetector:
    make: Callable[[Path], VoiceDetector] = request.param
    return make(tmp_path)


def test_machines_score_higher_than_people(detector: VoiceDetector) -> None:
    people, machines = selftest.material(detector.window)
    assert all(len(w) == round(detector.window * RATE) for w in people)
    assert detector.score(machines).mean() > detector.score(people).mean()


def test_one_finite_score_a_window_in_order_whatever_the_batch(detector: VoiceDetector) -> None:
    people, machines = selftest.material(detector.window)
    batch = [*people, *machines] * 4  # more than one run holds
    scores = detector.score(batch)
    assert scores.shape == (len(batch),)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(detector.score(batch[::-1]), scores[::-1], atol=1e-3)
    np.testing.assert_allclose([float(detector.score([w])[0]) for w in batch[:3]], scores[:3], atol=1e-3)
    assert detector.score([]).shape == (0,)


def test_silence_and_full_scale_have_scores_too(detector: VoiceDetector) -> None:
    size = round(detector.window * RATE)
    loud = np.sign(np.sin(np.arange(size) * 0.3)).astype(np.float32)
    assert np.isfinite(detector.score([np.zeros(size, np.float32), loud])).all()


def test_its_identity_is_its_content(detector: VoiceDetector) -> None:
    assert detector.name
    assert len(detector.digest) == 12
    assert detector.digest == detector.digest.lower()
    assert 0.5 < detector.window <= 30


def test_once_stopped_it_fails_instead_of_answering(detector: VoiceDetector) -> None:
    people, _ = selftest.material(detector.window)
    detector.stop()
    with pytest.raises(DetectorFailed):
        detector.score(people[:1])
