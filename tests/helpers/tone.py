"""Made-up sound that tests can recognise again, and the Opus packets of it."""

from __future__ import annotations

import numpy as np

from monitor.model import RATE, Samples
from monitor.rooms.opus import Encoder, fec_samples

PACKET = RATE // 50


def tone(seconds: float, hertz: float = 440.0, level: float = 0.3, rate: int = RATE) -> Samples:
    """A sine, int16."""
    t = np.arange(round(seconds * rate)) / rate
    return (np.sin(2 * np.pi * hertz * t) * level * 32767).astype(np.int16)


def beeps(count: int, every: float = 0.5, rate: int = RATE) -> Samples:
    """`count` beeps of 100 ms, each at the start of its period."""
    period = np.zeros(round(every * rate), np.int16)
    beep = tone(0.1, 1000.0, rate=rate)
    period[: len(beep)] = beep
    return np.tile(period, count)


def babble(seconds: float, seed: int = 1) -> Samples:
    """Like a voice to a codec: harmonics of a moving pitch, in syllables. Not speech: nobody says anything."""
    t = np.arange(round(seconds * RATE)) / RATE
    pitch = 120 + 30 * np.sin(2 * np.pi * 0.7 * t + seed)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = sum(np.sin(n * phase) / n for n in range(1, 12))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 3.3 * t)
    return (voice * syllables * 5000).astype(np.int16)


def packets(sound: Samples, **options: object) -> list[bytes]:
    """Opus packets of 20 ms at 16 kHz; what doesn't fill one is left out. Options as of `Encoder`."""
    encoder = Encoder(RATE, **options)  # type: ignore[arg-type]
    return [encoder.encode(sound[i : i + PACKET]) for i in range(0, len(sound) - PACKET + 1, PACKET)]


def recoverable(sent: list[bytes], lost: set[int]) -> int:
    """How many of the lost packets the ones after them carry a copy of. libopus makes none for silence."""
    return sum(n + 1 < len(sent) and n + 1 not in lost and fec_samples(sent[n + 1]) > 0 for n in lost)


def loudness(sound: Samples) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(sound.astype(np.float64) ** 2))) if len(sound) else 0.0
