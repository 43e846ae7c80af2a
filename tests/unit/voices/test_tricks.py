"""The tricks do to a tone what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.model import RATE
from monitor.voices.tricks import TRICKS, played, rerecorded, shifted, stretched, with_music


def tone(hertz: float, seconds: float = 2.0) -> np.ndarray:
    return np.round(8000 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.int16)


def pitch(samples: np.ndarray) -> float:
    middle = samples[len(samples) // 4 : -len(samples) // 4].astype(float)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 1 << 18))
    return float(np.argmax(spectrum)) * RATE / (1 << 18)


def test_a_tape_played_faster_is_shorter_and_higher() -> None:
    fast = played(tone(440), 1.1)
    assert len(fast) == pytest.approx(2 * RATE / 1.1, abs=2)
    assert pitch(fast) == pytest.approx(484, abs=2)


def test_stretching_keeps_the_pitch() -> None:
    fast = stretched(tone(440), 1.25)
    assert len(fast) == pytest.approx(2 * RATE / 1.25, rel=0.01)
    assert pitch(fast) == pytest.approx(440, abs=4)


@pytest.mark.parametrize(("semitones", "hertz"), [(2, 493.9), (-2, 392.0)])
def test_shifting_keeps_the_length(semitones: float, hertz: float) -> None:
    high = shifted(tone(440), semitones)
    assert len(high) == pytest.approx(2 * RATE, rel=0.02)
    assert pitch(high) == pytest.approx(hertz, abs=5)


def test_rerecording_loses_the_lows_and_adds_a_floor() -> None:
    quiet = np.concatenate((tone(1000, 1.0), np.zeros(RATE, np.int16)))
    assert np.std(quiet[-RATE // 4 :]) == 0
    assert np.std(rerecorded(quiet)[-RATE // 4 :]) > 10
    both = (tone(100) // 2 + tone(1000) // 2).astype(np.int16)
    spectrum = np.abs(np.fft.rfft(rerecorded(both).astype(float)))
    assert spectrum[200] < 0.3 * spectrum[2000]  # half a hertz a bin


def test_the_music_lies_as_far_below_as_said() -> None:
    voice = tone(1000)
    bed = with_music(voice, 15).astype(float) - voice
    assert 20 * np.log10(np.std(voice) / np.std(bed)) == pytest.approx(15, abs=0.5)


def test_each_trick_takes_a_short_and_a_silent_recording() -> None:
    for trick in TRICKS.values():
        for samples in (tone(300, 0.3), np.zeros(RATE, np.int16)):
            done = trick(samples)
            assert done.dtype == np.int16
            assert len(done) == pytest.approx(len(samples), rel=0.12)
