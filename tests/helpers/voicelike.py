"""A signal that a voice activity detector takes for a voice: glottal pulses through moving formants.

For tests that need "somebody talks now" at an exact time, without a recording.
"""

from __future__ import annotations

import numpy as np

from monitor.model import RATE, Samples

VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480))
"""Formants in Hz of a, i, u, e (Peterson & Barney 1952, male speakers)."""


def voice(seconds: float, *, level: float = -20.0, pitch: float = 120.0, seed: int = 0) -> Samples:
    """`level`: dBFS of the RMS. A syllable every 0.2 s; voiced from the first sample to the last."""
    chance = np.random.default_rng(seed)
    n = round(seconds * RATE)
    glide = pitch * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * np.arange(n) / RATE))
    phase = np.cumsum(glide) / RATE
    source = np.diff(np.floor(phase), prepend=0.0) + chance.normal(0, 0.01, n)
    out = np.zeros(n)
    step = RATE // 5
    for at in range(0, n, step):
        block = source[at : at + step]
        spectrum = np.fft.rfft(block, 2 * step)
        f = np.fft.rfftfreq(2 * step, 1 / RATE)
        formants = VOWELS[chance.integers(len(VOWELS))]
        shape = sum(1 / (1 + ((f - formant) / 90) ** 2) / (i + 1) for i, formant in enumerate(formants))
        syllable = np.fft.irfft(spectrum * shape)[: len(block)]
        swell = 0.3 + 0.7 * np.sin(np.pi * np.arange(1, len(block) + 1) / step)
        out[at : at + step] = syllable * swell * 10 ** (chance.uniform(-6, 3) / 20)
    out *= 10 ** (level / 20) * 32768 / np.sqrt(np.mean(out**2))
    return out.clip(-32768, 32767).astype(np.int16)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.int16)


def room_noise(seconds: float, *, level: float = -65.0, seed: int = 0) -> Samples:
    """White noise at `level` dBFS: a quiet room."""
    chance = np.random.default_rng(seed)
    return chance.normal(0, 10 ** (level / 20) * 32768, round(seconds * RATE)).astype(np.int16)
