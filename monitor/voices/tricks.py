"""Simple things that somebody does to a synthetic voice, or that happen to a genuine one, before it is sent.

Nothing here is meant to be clever: it shows how far a detector gets when nobody even tries hard. 16 kHz mono int16 in
and out, seeded where chance is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from monitor.model import RATE, Samples

_Signal = NDArray[np.float64]
_FRAME = 512
_HOP = 128


def played(samples: Samples, factor: float) -> Samples:
    """Played faster by `factor`, as a tape: higher by as much."""
    signal = samples.astype(np.float64)
    count = int(len(signal) / factor)
    if count < 1:
        return samples
    spectrum = np.fft.rfft(signal)
    kept = min(len(spectrum), count // 2 + 1)
    return _whole(np.fft.irfft(spectrum[:kept], count) * count / len(signal))


def stretched(samples: Samples, factor: float) -> Samples:
    """Faster by `factor` at the same pitch: phase vocoder (Flanagan and Golden, 1966; Laroche and Dolson, 1999)."""
    signal = np.pad(samples.astype(np.float64), (_FRAME, _FRAME))
    window = np.hanning(_FRAME)
    starts = np.arange(0, len(signal) - _FRAME - _HOP, _HOP * factor).astype(int)
    advance = 2 * np.pi * _HOP * np.arange(_FRAME // 2 + 1) / _FRAME
    phase: _Signal | None = None
    made = np.zeros(len(starts) * _HOP + _FRAME)
    weight = np.full(len(made), 1e-6)
    for number, start in enumerate(starts):
        now = np.fft.rfft(signal[start : start + _FRAME] * window)
        later = np.fft.rfft(signal[start + _HOP : start + _HOP + _FRAME] * window)
        turn = np.angle(later) - np.angle(now) - advance
        phase = np.angle(now) if phase is None else phase
        at = slice(number * _HOP, number * _HOP + _FRAME)
        made[at] += np.fft.irfft(np.abs(now) * np.exp(1j * phase), _FRAME) * window
        weight[at] += window**2
        phase = phase + advance + turn - 2 * np.pi * np.round(turn / (2 * np.pi))
    edge = int(_FRAME / factor)
    return _whole((made / np.maximum(weight, 0.1))[edge : edge + int(len(samples) / factor)])


def shifted(samples: Samples, semitones: float) -> Samples:
    """Higher by so many semitones at the same speed."""
    factor = 2 ** (semitones / 12)
    return played(stretched(samples, 1 / factor), factor)


def rerecorded(samples: Samples) -> Samples:
    """From a small loudspeaker through a room into another microphone: band-passed, distorted, echoed, hissing."""
    rng = np.random.default_rng(1)
    signal = samples.astype(np.float64) / 32768
    loud = float(np.sqrt(np.mean(signal**2))) or 1.0
    signal = np.tanh(_banded(signal, 250, 6500) / loud / 3) * 3
    length = int(0.4 * RATE)
    tail = rng.normal(0, 1, length) * np.exp(-6.9 * np.arange(length) / length)
    tail *= 0.5 / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    size = len(signal) + length
    signal = np.fft.irfft(np.fft.rfft(signal, size) * np.fft.rfft(tail, size), size)[: len(samples)]
    return _whole((signal + 0.03 * rng.normal(0, 1, len(signal))) * loud * 32768)


def with_music(samples: Samples, below: float = 15.0) -> Samples:
    """Over chords of four-part harmony, `below` dB under the voice."""
    at = np.arange(len(samples)) / RATE
    chords = ((220, 277, 330), (196, 247, 294), (175, 220, 262), (196, 247, 330))
    bed = np.zeros(len(samples))
    for start in range(0, len(samples), RATE):
        stop = min(start + RATE, len(samples))
        for note in chords[start // RATE % len(chords)]:
            for harmonic in range(1, 6):
                bed[start:stop] += np.sin(2 * np.pi * note * harmonic * at[start:stop]) / harmonic
    voice = samples.astype(np.float64)
    gain = np.sqrt(np.mean(voice**2) / max(float(np.mean(bed**2)), 1e-9)) * 10 ** (-below / 20)
    return _whole(voice + bed * gain)


TRICKS: Mapping[str, Callable[[Samples], Samples]] = MappingProxyType(
    {
        "2 semitones higher": lambda s: shifted(s, 2),
        "2 semitones lower": lambda s: shifted(s, -2),
        "10 % faster": lambda s: stretched(s, 1.1),
        "10 % faster and higher, as a tape": lambda s: played(s, 1.1),
        "re-recorded": rerecorded,
        "music, 15 dB below": with_music,
    }
)


def _banded(signal: _Signal, low: float, high: float) -> _Signal:
    hertz = np.fft.rfftfreq(len(signal), 1 / RATE)
    gain = 1 / np.sqrt((1 + (low / np.maximum(hertz, 1)) ** 4) * (1 + (hertz / high) ** 8))
    return np.fft.irfft(np.fft.rfft(signal) * gain, len(signal))


def _whole(signal: _Signal) -> Samples:
    return np.clip(np.round(signal), -32768, 32767).astype(np.int16)
