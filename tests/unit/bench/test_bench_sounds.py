"""The sounds of `bench ghosts`: made as they say, the same for the same seed, taken evenly from recordings."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from monitor.bench.ghosts import Result, Row, excerpts, through_opus
from monitor.bench.sounds import made
from monitor.errors import MediaUnreadable
from monitor.model import FRAME, RATE


def level(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples.astype(float) ** 2)) / 32768))


def test_sounds_are_as_long_and_as_loud_as_they_say() -> None:
    sounds = made(60, seed=1)
    assert abs(sum(len(sound.samples) for sound in sounds) / RATE - 60) < 0.1
    for sound in sounds:
        if sound.name.endswith("dBFS"):
            wanted = float(sound.name.split(", ")[1].removesuffix(" dBFS"))
            assert abs(level(sound.samples) - wanted) < 3, sound.name  # clicks and drums clip a little
    assert not any(sound.samples.any() for sound in sounds if sound.name == "digital silence")


def test_the_same_seed_makes_the_same_sounds() -> None:
    first, again, other = (made(30, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(first, again, strict=True))
    changed = {a.kind for a, b in zip(first, other, strict=True) if not np.array_equal(a.samples, b.samples)}
    assert changed == {"silence", "noise", "hum and clicks", "signals", "made music"}


def write(path: Path, seconds: float, rate: int = 8_000) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        ramp = np.linspace(1_000, 9_000, round(seconds * rate))
        out.writeframes(ramp.astype("<i2").tobytes())


def test_what_a_short_piece_lacks_the_others_give(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", 200)
    write(tmp_path / "b.wav", 5)
    (tmp_path / "notes.txt").write_text("no music", "utf-8")
    found = excerpts(tmp_path, 100)
    assert abs(sum(len(sound.samples) for sound in found) / RATE - 100) < 0.1
    names = [sound.name for sound in found]
    assert [name for name in names if name.startswith("b.wav")] == ["b.wav from 0 s"]
    assert len(names) == 4  # 95 s of a.wav in three stretches
    assert found[1].samples.mean() < found[-1].samples.mean() - 3_000  # from the beginning and from the end


def test_recordings_that_are_none_are_named(tmp_path: Path) -> None:
    assert excerpts(tmp_path, 60) == []
    assert excerpts(tmp_path / "nowhere", 60) == []
    (tmp_path / "c.wav").write_bytes(b"nothing of the kind")
    with pytest.raises(MediaUnreadable, match=r"c\.wav"):
        excerpts(tmp_path, 60)


def test_opus_keeps_length_and_level_and_fills_the_last_frame() -> None:
    t = np.arange(RATE + 7) / RATE
    tone = (8_000 * np.sin(2 * np.pi * 440 * t)).astype(np.int16)
    through = through_opus(tone)
    assert len(through) == len(tone) + FRAME - 7
    assert abs(level(through[FRAME:RATE]) - level(tone)) < 1


def test_what_is_lost_or_pending_is_not_accounted_for() -> None:
    def result(**coverage: float) -> Result:
        return Result(rows={"noise": Row(seconds=10)}, coverage=coverage)

    assert result(silence=4.0, vetoed=6.0, pending=0.0, total=10.0).accounted
    assert not result(silence=4.0, vetoed=5.0, pending=1.0, total=10.0).accounted
    assert not result(silence=4.0, lost_error=6.0, pending=0.0, total=10.0).accounted
    assert not result(silence=4.0, vetoed=5.0, pending=0.0, total=9.0).accounted
