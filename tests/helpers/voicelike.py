"""Sounds whose beginning and end are known to the sample, for tests without a recording."""

from __future__ import annotations

import numpy as np

from monitor.bench.voicelike import voice
from monitor.model import RATE, Samples

__all__ = ["room_noise", "silence", "voice"]


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.int16)


def room_noise(seconds: float, *, level: float = -65.0, seed: int = 0) -> Samples:
    """White noise at `level` dBFS: a quiet room."""
    chance = np.random.default_rng(seed)
    return chance.normal(0, 10 ** (level / 20) * 32768, round(seconds * RATE)).astype(np.int16)
