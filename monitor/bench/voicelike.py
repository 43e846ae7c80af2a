"""A signal that voice detectors take for a voice, at an exact time: glottal pulses through moving formants."""

from __future__ import annotations

import numpy as np

from monitor.model import RATE, Samples

VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480))
"""Formants in Hz of a, i, u, e (Peterson & Barney 1952, male speakers)."""
_SYLLABLE = RATE // 5


def voice(seconds: float, *, level: float = -20.0, pitch: float = 120.0, seed: int = 0) -> Samples:
    """`level`: dBFS of the RMS. A syllable every 0.2 s; voiced from the first sample to the last, without a pause."""
    chance = np.random.default_rng(seed)
    n = round(seconds * RATE)
    glide = pitch * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * np.arange(n) / RATE))
    source = np.diff(np.floor(np.cumsum(glide) / RATE), prepend=0.0) + chance.normal(0, 0.01, n)
    out = np.zeros(n)
    swell = 0.3 + 0.7 * np.sin(np.pi * np.arange(1, _SYLLABLE + 1) / _SYLLABLE)
    hertz = np.fft.rfftfreq(2 * _SYLLABLE, 1 / RATE)
    for at in range(0, n, _SYLLABLE):
        block = source[at : at + _SYLLABLE]
        formants = VOWELS[chance.integers(len(VOWELS))]
        shape = sum(1 / (1 + ((hertz - formant) / 90) ** 2) / (i + 1) for i, formant in enumerate(formants))
        syllable = np.fft.irfft(np.fft.rfft(block, 2 * _SYLLABLE) * shape)[: len(block)]
        out[at : at + _SYLLABLE] = syllable * swell[: len(block)] * 10 ** (chance.uniform(-6, 3) / 20)
    out *= 10 ** (level / 20) * 32768 / np.sqrt(np.mean(out**2))
    return out.clip(-32768, 32767).astype(np.int16)
