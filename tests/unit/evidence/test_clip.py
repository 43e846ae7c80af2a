from __future__ import annotations

import stat
import wave
from pathlib import Path

import numpy as np
import pytest

from monitor.evidence.clip import MAX_HOLE, assemble, is_clip_name, remove, sweep, write
from monitor.evidence.ring import Part
from monitor.model import RATE


def part(start: int, length: int, value: int) -> Part:
    return Part(start, np.full(length, value, np.int16))


def test_file_holds_the_parts_with_silence_between(tmp_path: Path) -> None:
    clips = tmp_path / "deep" / "clips"
    name = write(clips, "abc-1", [part(5000, 100, 7), part(5300, 50, -9)])
    assert name == "abc-1.wav"
    with wave.open(str(clips / name)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        audio = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert audio.tolist() == [7] * 100 + [0] * 200 + [-9] * 50
    assert stat.S_IMODE((clips / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(clips.stat().st_mode) == 0o700
    assert [path.name for path in clips.iterdir()] == [name], "no draft stays"


def test_written_again_is_replaced(tmp_path: Path) -> None:
    write(tmp_path, "a", [part(0, 100, 1)])
    write(tmp_path, "a", [part(0, 200, 1)])
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getnframes() == 200


def test_failure_leaves_nothing_half(tmp_path: Path) -> None:
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(IsADirectoryError):
        write(tmp_path, "a", [part(0, 100, 1)])
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".a", "a.b", "a\n", "ä", "-a", "a" * 101, "a\x00"])
def test_unsafe_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="alert id"):
        write(tmp_path, name, [part(0, 10, 1)])
    assert not is_clip_name(f"{name}.wav")
    with pytest.raises(ValueError, match="name of a clip"):
        remove(tmp_path, ["good.wav", f"{name}.wav"])
    assert list(tmp_path.iterdir()) == []


def test_remove(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write(tmp_path, name, [part(0, 10, 1)])
    assert remove(tmp_path, ["a.wav", "c.wav", "gone.wav"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["b.wav"]
    assert remove(tmp_path / "missing", ["a.wav"]) == 0


def test_sweep_takes_drafts_of_a_crash_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, "a", [part(0, 10, 1)])
    (tmp_path / ".b.wav.1234abcd").write_bytes(b"RIFF")
    (tmp_path / "notes.txt").write_text("mine")
    assert sweep(tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "notes.txt"]
    assert sweep(tmp_path / "missing") == 0


def test_parts_in_any_order_and_overlapping() -> None:
    assert assemble([part(30, 20, 2), part(0, 40, 1)]).tolist() == [1] * 40 + [2] * 10
    assert assemble([part(0, 0, 9), part(10, 5, 3)]).tolist() == [3] * 5
    with pytest.raises(ValueError, match="no audio"):
        assemble([part(0, 0, 9)])


def test_what_is_far_before_the_newest_part_is_left_out() -> None:
    hole = round(MAX_HOLE * RATE)
    assert len(assemble([part(0, 10, 1), part(10 + hole, 10, 2)])) == 20 + hole
    assert assemble([part(0, 10, 1), part(11 + hole, 10, 2)]).tolist() == [2] * 10
