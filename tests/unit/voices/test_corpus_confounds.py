from __future__ import annotations

import numpy as np
import pytest

from monitor.model import RATE, Samples
from monitor.voices.corpus.confounds import features, report, seen_features
from monitor.voices.corpus.rows import Label, Row, Split


def row(number: int, label: Label, generator: str = "", source: str = "read") -> Row:
    return Row(
        f"{label}-{generator}-{number}",
        label,
        source,
        f"s{number}",
        generator,
        f"t{number}",
        f"p{number}",
        "en",
        "CC0",
        True,
        Split.TEST,
        2.0,
    )


def voice(number: int, floor: float) -> Samples:
    """Bursts of noise of random colour over a floor of noise, dBFS."""
    rng = np.random.default_rng(number)
    at = np.arange(2 * RATE) / RATE
    burst = np.convolve(rng.normal(0, 0.1, 2 * RATE), rng.normal(0, 1, 8), "same") * (np.sin(2 * np.pi * 2 * at) > 0)
    return np.round((burst + rng.normal(0, 10 ** (floor / 20), len(at))) * 16000).astype(np.int16)


def test_a_feature_that_gives_a_generator_away_is_found_and_others_are_at_chance() -> None:
    people = [row(n, Label.GENUINE) for n in range(20)]
    clean = [row(n, Label.SYNTHETIC, "formant-clean") for n in range(20)]
    alike = [row(n, Label.SYNTHETIC, "formant-alike") for n in range(20)]
    chance = np.random.default_rng(0)

    def load(one: Row) -> Samples:
        quiet = one.generator == "formant-clean"
        return voice(int(chance.integers(1 << 30)), -80 if quiet else -45 + 4 * chance.normal())

    found = {(s.generator, s.feature): s for s in report(people + clean + alike, load)}
    assert found["formant-clean", "noise floor"].eer < 0.05
    assert found["formant-alike", "noise floor"].eer > 0.25
    assert found["formant-clean", "above 6 kHz"].eer > 0.2
    assert found["all", "noise floor"].synthetic == 40


def test_matched_pairs_stand_apart_from_everything_else() -> None:
    people = [row(n, Label.GENUINE, source="matched-pairs") for n in range(10)]
    twins = [row(n, Label.SYNTHETIC, "net-x", "matched-pairs") for n in range(10)]
    copies = [row(n, Label.SYNTHETIC, "copy-y", "matched-pairs") for n in range(10)]
    others = [row(n + 50, Label.GENUINE) for n in range(10)]
    found = {
        (s.generator, s.feature): s
        for s in report(people + twins + copies + others, lambda r: voice(int(r.speaker[1:]), -40))
    }
    pairs = found["matched pairs", "level"]
    assert (pairs.genuine, pairs.synthetic) == (10, 10)
    assert pairs.eer == pytest.approx(0.5, abs=0.06)  # the same sounds on both sides


def test_features_measure_what_they_are_called() -> None:
    at = np.arange(RATE) / RATE
    tone = np.round(8000 * np.sin(2 * np.pi * 100 * at)).astype(np.int16)
    half = np.concatenate([tone, np.zeros(RATE, np.int16)])
    low = features(half)
    assert low["below 200 Hz"] > -0.5
    assert low["3-6 kHz"] < -30
    assert low["length"] == 2.0
    assert low["pauses"] == pytest.approx(0.5, abs=0.02)
    assert low["digital silence"] == pytest.approx(0.5, abs=0.02)
    assert low["level"] == pytest.approx(20 * np.log10(8000 / 32768 / np.sqrt(2)), abs=0.5)


def test_what_a_detector_sees_has_no_level_and_no_pauses_left() -> None:
    loud = voice(1, -60)
    soft = (loud // 8).astype(np.int16)
    assert seen_features(loud)["level"] == pytest.approx(seen_features(soft)["level"], abs=0.5)
    assert seen_features(loud)["length"] < features(loud)["length"] - 0.3


def test_too_few_recordings_give_no_figure() -> None:
    rows = [row(n, Label.GENUINE) for n in range(20)] + [row(n, Label.SYNTHETIC, "net-x") for n in range(3)]
    assert report(rows, lambda r: voice(int(r.speaker[1:]), -40)) == []
