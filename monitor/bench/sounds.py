"""Sounds in which nobody speaks, made from a seed: what a room hears when it hears no one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.model import RATE, Samples

Signal = NDArray[np.float64]
Maker = Callable[[int, np.random.Generator], Signal]
"""Samples wanted → a signal of any level."""

DTMF = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
"""Hz, rows and columns (ITU-T Q.23)."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    kind: str  # silence, noise, hum and clicks, signals, made music, recorded music
    name: str
    samples: Samples


def made(seconds: float, seed: int) -> list[Sound]:
    """All of them, `seconds` long together, in equal parts."""
    rows = _silences() + _levels()
    each = max(RATE, round(seconds * RATE / len(rows)))
    sounds = []
    for number, (kind, name, level, maker) in enumerate(rows):
        chance = np.random.default_rng((seed, number))
        label = name if level is None else f"{name}, {level:g} dBFS"
        sounds.append(Sound(kind, label, _at(maker(each, chance), level)))
    return sounds


def _levels() -> list[tuple[str, str, float | None, Maker]]:
    noises: list[tuple[str, Maker]] = [("white noise", _white), ("pink noise", pink), ("brown noise", _brown)]
    rest: list[tuple[str, str, float | None, Maker]] = [
        ("noise", "fan that swells", -28.0, _fan),
        ("hum and clicks", "mains hum", -25.0, _hum),
        ("hum and clicks", "mains hum", -45.0, _hum),
        ("hum and clicks", "clicks on the line", -35.0, _clicks),
        ("hum and clicks", "keyboard", -35.0, _keyboard),
        ("signals", "beeps", -25.0, _beeps),
        ("signals", "DTMF", -20.0, _dtmf),
        ("signals", "swept tone", -25.0, _sweep),
        ("made music", "chords", -22.0, _chords),
        ("made music", "arpeggios", -22.0, _arpeggios),
        ("made music", "drums", -22.0, _drums),
    ]
    return [("noise", name, level, maker) for name, maker in noises for level in (-20.0, -35.0, -55.0)] + rest


def _silences() -> list[tuple[str, str, float | None, Maker]]:
    return [
        ("silence", "digital silence", None, lambda n, chance: np.zeros(n)),
        ("silence", "constant offset", None, lambda n, chance: np.full(n, 300.0)),
        ("silence", "dither", None, lambda n, chance: chance.integers(-1, 2, n).astype(float)),
        ("silence", "a quiet room", -62.0, pink),
    ]


def _at(signal: Signal, level: float | None) -> Samples:
    """At so many dBFS (RMS); None: the numbers as they are."""
    if level is not None:
        signal = signal * (32768 * 10 ** (level / 20) / max(float(np.sqrt(np.mean(signal**2))), 1e-9))
    return np.clip(np.round(signal), -32768, 32767).astype(np.int16)


def _white(n: int, chance: np.random.Generator) -> Signal:
    return chance.normal(0, 1, n)


def pink(n: int, chance: np.random.Generator) -> Signal:
    return _coloured(n, chance, 0.5)


def _brown(n: int, chance: np.random.Generator) -> Signal:
    return _coloured(n, chance, 1.0)


def _coloured(n: int, chance: np.random.Generator, power: float) -> Signal:
    """Amplitude falls with frequency to the `power`; level below 20 Hz."""
    spectrum = np.fft.rfft(chance.normal(0, 1, n))
    frequency = np.maximum(np.fft.rfftfreq(n, 1 / RATE), 20.0)
    return np.asarray(np.fft.irfft(spectrum / frequency**power, n))


def _fan(n: int, chance: np.random.Generator) -> Signal:
    return pink(n, chance) * (1 + 0.6 * np.sin(2 * np.pi * 0.4 * _time(n))) + 0.3 * _hum(n, chance) / 50


def _hum(n: int, chance: np.random.Generator) -> Signal:
    t = _time(n)
    tones = [np.sin(2 * np.pi * 50 * k * t + chance.uniform(0, 6.28)) / k for k in range(1, 9)]
    return np.asarray(np.sum(tones, axis=0) + chance.normal(0, 0.02, n))


def _clicks(n: int, chance: np.random.Generator) -> Signal:
    out = chance.normal(0, 0.002, n)
    for at in chance.integers(0, n, max(1, n * 3 // RATE)):
        out[at : at + 24] += chance.uniform(-1, 1)
    return out


def _keyboard(n: int, chance: np.random.Generator) -> Signal:
    """A key goes down and comes up again: two short bursts, irregular."""
    out = chance.normal(0, 0.003, n)
    at = 0
    while at < n:
        for delay, loud in ((0, 1.0), (chance.integers(900, 1800), 0.4)):
            _add(out, at + int(delay), loud * chance.normal(0, 1, 400) * np.exp(-np.arange(400) / 60))
        at += int(RATE * (chance.uniform(0.08, 0.25) if chance.random() < 0.8 else chance.uniform(0.5, 1.5)))
    return out


def _beeps(n: int, chance: np.random.Generator) -> Signal:
    pitch = chance.choice([425.0, 800.0, 1000.0])
    return np.asarray(np.sin(2 * np.pi * pitch * _time(n)) * (_time(n) % 1.0 < 0.35))


def _dtmf(n: int, chance: np.random.Generator) -> Signal:
    out = np.zeros(n)
    length = round(0.12 * RATE)
    for at in range(0, n, round(0.3 * RATE)):
        low, high = (chance.choice(tones) for tones in DTMF)
        t = _time(length)
        _add(out, at, np.sin(2 * np.pi * low * t) + np.sin(2 * np.pi * high * t))
    return out


def _sweep(n: int, chance: np.random.Generator) -> Signal:
    """Up and down between 100 and 5,000 Hz, once in five seconds."""
    octaves = np.log2(50) * (0.5 - 0.5 * np.cos(2 * np.pi * 0.2 * _time(n) + chance.uniform(0, 6.28)))
    return np.asarray(np.sin(2 * np.pi * np.cumsum(100 * 2**octaves) / RATE))


def _chords(n: int, chance: np.random.Generator) -> Signal:
    out = np.zeros(n)
    for at in range(0, n, 2 * RATE):
        root = 110 * 2 ** (chance.integers(0, 12) / 12)
        for step in chance.permutation([0, 4, 7, 12]) + chance.choice([0, 0, 12]):
            _add(out, at, _note(root * 2 ** (step / 12), 1.9, 1.2))
    return out


def _arpeggios(n: int, chance: np.random.Generator) -> Signal:
    out = np.zeros(n)
    steps = (0, 4, 7, 12, 16, 12, 7, 4)
    root = 0
    for number, at in enumerate(range(0, n, RATE // 5)):
        root = int(chance.choice([0, 5, 7, 9])) if number % 8 == 0 else root
        _add(out, at, _note(196 * 2 ** ((root + steps[number % 8]) / 12), 0.5, 6.0))
    return out


def _drums(n: int, chance: np.random.Generator) -> Signal:
    """Bass drum on the beat, snare on two and four, hi-hat between: 110 beats a minute."""
    out = np.zeros(n)
    beat = RATE * 60 // 110
    for number, at in enumerate(range(0, n, beat // 2)):
        t = _time(3000)
        if number % 4 == 0:
            _add(out, at, 2 * np.sin(2 * np.pi * (45 + 60 * np.exp(-t * 30)) * t) * np.exp(-t * 15))
        if number % 4 == 2:
            _add(out, at, chance.normal(0, 0.8, 3000) * np.exp(-t * 25))
        _add(out, at, chance.normal(0, 0.2, 3000) * np.exp(-t * 90))
    return out


def _note(pitch: float, seconds: float, decay: float) -> Signal:
    t = _time(round(seconds * RATE))
    tones = [np.sin(2 * np.pi * pitch * k * t) / k for k in range(1, 6)]
    return np.asarray(np.sum(tones, axis=0) * np.exp(-decay * t))


def _add(out: Signal, at: int, piece: Signal) -> None:
    room = max(0, min(len(piece), len(out) - at))
    out[at : at + room] += piece[:room]


def _time(n: int) -> Signal:
    return np.arange(n) / RATE
