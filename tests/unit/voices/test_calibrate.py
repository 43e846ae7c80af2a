"""Calibration against Gaussian scores, whose true likelihood ratio is known, and everything that it must refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from monitor.voices.calibrate import About, CalibrationInvalid, Labelled, adapted, fit, from_json, load, to_json
from monitor.voices.metrics import cllr
from monitor.voices.thresholds import Tail

ABOUT = About("test", "toy@0123456789ab", 2.0, "none", frozenset({"en"}))


def gaussian(mean: float, speakers: int, windows: int, seed: int, scale: float = 1.0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(mean, scale, windows) for _ in range(speakers))


def test_the_true_ratio_of_two_gaussians_is_found() -> None:
    made = fit(ABOUT, Labelled(gaussian(-1, 200, 50, 1), gaussian(1, 200, 50, 2)))
    # N(1, 1) against N(-1, 1): the log ratio is 2 x.
    assert made.llrs(np.array([-1.0, 0.0, 1.0])) == pytest.approx([-2, 0, 2], abs=0.1)
    assert made.eer == pytest.approx(0.1587, abs=0.01)
    assert made.cllr == pytest.approx(made.min_cllr, abs=0.01)


def test_class_sizes_are_no_evidence() -> None:
    made = fit(ABOUT, Labelled(gaussian(-1, 400, 50, 1), gaussian(1, 20, 50, 2)))
    assert made.llrs(np.array([0.0]))[0] == pytest.approx(0, abs=0.15)


def test_a_talkative_speaker_weighs_like_a_quiet_one() -> None:
    quiet = gaussian(-1, 50, 40, 1)
    talkative = gaussian(4, 1, 20_000, 3)
    made = fit(ABOUT, Labelled(quiet + talkative, gaussian(1, 50, 40, 2)))
    assert made.llrs(np.array([2.0]))[0] > 0.3  # by windows, most of what scores 2 is genuine


def test_it_says_no_more_than_its_speakers_can_show() -> None:
    made = fit(ABOUT, Labelled(gaussian(-9, 19, 5, 1), gaussian(9, 6, 5, 2)))
    assert np.isfinite(made.slope)
    assert made.llrs(np.array([1e6, -1e6])) == pytest.approx([np.log(20), -np.log(7)])


def test_other_rooms_are_calibrated_from_their_genuine_speech_alone() -> None:
    base = fit(ABOUT, Labelled(gaussian(-1, 100, 20, 1), gaussian(1, 100, 20, 2)))
    rooms = gaussian(0, 100, 20, 5)  # here people score higher than where the model was calibrated
    made = adapted(base, "rooms", rooms, "our rooms", frozenset({"de"}))
    people = np.concatenate(rooms)
    synthetic = np.concatenate(gaussian(1, 100, 20, 6))
    assert np.mean(made.llrs(people)) < np.mean(base.llrs(people))
    assert cllr(made.llrs(people), made.llrs(synthetic)) < cllr(base.llrs(people), base.llrs(synthetic))
    assert made.synthetic == base.synthetic
    assert made.languages == {"de"}


def test_a_set_is_written_and_read_again(tmp_path: Path) -> None:
    made = fit(ABOUT, Labelled(gaussian(-1, 20, 5, 1), gaussian(1, 20, 5, 2)))
    made = replace(made, tail=Tail(40, 3.5, 1.0, 5, 0.4), claims=("flite",), chance=("modern clones",))
    path = tmp_path / "set.json"
    path.write_text(to_json(made), encoding="utf-8")
    assert load(path) == made


def test_whether_it_fits_a_detector() -> None:
    made = fit(ABOUT, Labelled(gaussian(-1, 20, 5, 1), gaussian(1, 20, 5, 2)))
    assert made.fits(ABOUT.model, 2.0) is None
    assert "voices calibrate" in (made.fits("toy@ffff", 2.0) or "")
    assert "2 s, not of 4 s" in (made.fits(ABOUT.model, 4.0) or "")


@pytest.mark.parametrize(
    ("genuine", "synthetic", "why"),
    [
        (gaussian(0, 2, 2, 1), gaussian(1, 20, 5, 2), "4 windows of genuine"),
        (gaussian(0, 20, 5, 1), (), "0 windows of synthetic"),
        (gaussian(1, 20, 5, 1), gaussian(-1, 20, 5, 2), "apart"),
        (gaussian(0, 20, 5, 1), (np.array([np.nan] * 20),), "not a finite"),
    ],
)
def test_what_can_not_be_fitted(genuine: tuple, synthetic: tuple, why: str) -> None:
    with pytest.raises(CalibrationInvalid, match=why):
        fit(ABOUT, Labelled(genuine, synthetic))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"slope": -1.0}, "slope"),
        ({"offset": float("nan")}, "finite"),
        ({"low": 1.0}, "low below 0"),
        ({"colour": "red"}, "colour"),
        ({"languages": None}, "not iterable"),
    ],
)
def test_a_damaged_set_is_refused_by_name(change: dict, why: str) -> None:
    fields = json.loads(to_json(fit(ABOUT, Labelled(gaussian(-1, 20, 5, 1), gaussian(1, 20, 5, 2)))))
    with pytest.raises(CalibrationInvalid, match=why):
        from_json(json.dumps(fields | change))


def test_a_missing_field_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(CalibrationInvalid, match="languages"):
        from_json("{}")
    with pytest.raises(CalibrationInvalid, match="none"):
        load(tmp_path / "none.json")
