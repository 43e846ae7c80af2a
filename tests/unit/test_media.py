"""Reading files: any rate, any channels, and a clear word where it can't be done."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import MediaUnreadable
from monitor.media import probe, read, read_all


def _write(path: Path, rate: int, channels: list[np.ndarray]) -> Path:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(len(channels))
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.stack(channels, axis=1).astype("<i2").tobytes())
    return path


def _tone(rate: int, seconds: float, pitch: float) -> np.ndarray:
    return (8000 * np.sin(2 * np.pi * pitch * np.arange(int(rate * seconds)) / rate)).astype(np.int16)


def _pitch(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples.astype(float)))
    return float(np.argmax(spectrum) * 16_000 / len(samples))


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_any_rate_becomes_16_khz_of_the_same_length_and_pitch(tmp_path: Path, rate: int) -> None:
    path = _write(tmp_path / "tone.wav", rate, [_tone(rate, 1.0, 440)])
    samples = read_all(path)
    assert abs(len(samples) - 16_000) < 40
    assert abs(_pitch(samples) - 440) < 3
    assert probe(path).rate == rate


def test_stereo_is_mixed_or_taken_apart(tmp_path: Path) -> None:
    path = _write(tmp_path / "two.wav", 16_000, [_tone(16_000, 1, 300), _tone(16_000, 1, 900)])
    assert probe(path).channels == 2
    left, right = (np.concatenate(list(read(path, channel))) for channel in (0, 1))
    assert abs(_pitch(left) - 300) < 3
    assert abs(_pitch(right) - 900) < 3
    mixed = np.abs(np.fft.rfft(read_all(path).astype(float)))
    assert mixed[300] > 100 * np.median(mixed)
    assert mixed[900] > 100 * np.median(mixed)


@pytest.mark.parametrize("content", [b"", b"not audio at all " * 50, b"RIFF\x00\x00\x00\x00WAVE"])
def test_a_file_without_audio_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(MediaUnreadable, match=r"broken\.wav"):
        read_all(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(MediaUnreadable, match="no such file"):
        probe(tmp_path / "nowhere.wav")
