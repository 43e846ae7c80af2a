"""`check` says whether the voice detector of the settings can go live."""

from __future__ import annotations

from pathlib import Path

from monitor.check import Finding, findings
from tests.helpers import voice_models as tiny


def found(directory: Path, model: str) -> list[Finding]:
    config = directory / "monitor.toml"
    config.write_text(f'[storage]\ndata = "."\n[voices]\nmodel = "{model}"\n', "utf-8")
    return [one for one in findings(config) if one.what == "voice detector"]


def test_a_calibrated_detector_is_well(tmp_path: Path) -> None:
    (one,) = found(tmp_path, str(tiny.calibrated(tmp_path / "tiny")))
    assert one.grade == "ok"
    assert one.found.endswith("calibration thin-air")


def test_one_without_a_calibration_says_nothing(tmp_path: Path) -> None:
    (one,) = found(tmp_path, str(tiny.write(tmp_path / "tiny", tiny.of_samples(), tiny.SINGLE)))
    assert (one.grade, one.mend) == ("note", "room-monitor voices calibrate")


def test_one_that_fails_its_self_test_is_wrong(tmp_path: Path) -> None:
    turned = tiny.SINGLE.replace('"synthetic"', '"genuine"')
    (one,) = found(tmp_path, str(tiny.write(tmp_path / "tiny", tiny.of_samples(), turned)))
    assert one.grade == "wrong"
    assert "the other way round" in one.found
    assert one.mend.startswith("room-monitor voices models ")


def test_none_is_wanted(tmp_path: Path) -> None:
    assert found(tmp_path, "") == []
