"""What `room-monitor check` says of the canary."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.check import Finding, findings
from monitor.config import shipped

SETTINGS = """
[storage]
data = "data"
[keywords]
lists = "lists"
[canary]
enabled = true
"""


def of_canary(directory: Path, more: str = "", lists: tuple[str, ...] = ("canary.en.toml",)) -> Finding:
    (directory / "lists").mkdir()
    for name in lists:
        (directory / "lists" / name).write_text((shipped() / "keywords" / name).read_text("utf-8"), "utf-8")
    (directory / "monitor.toml").write_text(SETTINGS + more, "utf-8")
    (found,) = [finding for finding in findings(directory / "monitor.toml") if finding.what == "canary"]
    return found


def test_the_shipped_list_fits_the_shipped_settings(tmp_path: Path) -> None:
    assert of_canary(tmp_path).grade == "ok"


def test_a_missing_list_is_named_with_where_to_get_it(tmp_path: Path) -> None:
    found = of_canary(tmp_path, lists=("care.en.toml",))
    assert found.grade == "wrong"
    assert "canary-en" in found.found
    assert "config/keywords" in found.mend


@pytest.mark.parametrize(("name", "grade"), [("mine.wav", "wrong"), ("here.wav", "ok")])
def test_a_recording_of_ones_own_counts_from_the_settings_file(tmp_path: Path, name: str, grade: str) -> None:
    (tmp_path / "here.wav").write_bytes(b"RIFF")
    found = of_canary(tmp_path, f'recording = "{name}"\n')
    assert found.grade == grade
    if grade == "wrong":
        assert str(tmp_path / name) in found.found
