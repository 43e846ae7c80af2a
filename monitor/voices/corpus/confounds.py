"""How far one thing alone gets that is not the voice: noise floor, pauses, bands, level, length.

Where such a feature separates a generator from people, a detector's good figure there means little: it may know the
recordings and not the voices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.model import RATE, Samples
from monitor.voices.corpus.rows import Label, Row
from monitor.voices.features import speech_of
from monitor.voices.metrics import eer

_FRAME = RATE // 100
_SIZE = 512
FEATURES = (
    "noise floor",
    "pauses",
    "digital silence",
    "below 200 Hz",
    "200-1000 Hz",
    "1-3 kHz",
    "3-6 kHz",
    "above 6 kHz",
    "level",
    "length",
)
NEEDED = 8
"""Recordings of each class below which no figure is given."""


@dataclass(frozen=True, slots=True)
class Separated:
    """One feature between people and one generator."""

    generator: str
    feature: str
    eer: float  # 0.5 = chance; 0.1: this feature alone is right nine times in ten
    genuine: int
    synthetic: int


def features(samples: Samples) -> dict[str, float]:
    """Of one recording, whole: nothing is cut or levelled."""
    signal = samples.astype(np.float64) / 32768
    frames = signal[: len(signal) // _FRAME * _FRAME].reshape(-1, _FRAME)
    if not len(frames):
        return dict.fromkeys(FEATURES, 0.0)
    levels = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    loud = float(np.percentile(levels, 90))
    return {
        "noise floor": float(np.percentile(levels, 5)) - loud,
        "pauses": float(np.mean(levels < loud - 25)),
        "digital silence": float(np.mean(levels < -90)),
        **_bands(signal),
        "level": loud,
        "length": len(signal) / RATE,
    }


def seen_features(samples: Samples) -> dict[str, float]:
    """Of what a detector sees: speech without pauses at the fixed level. What is left here is what it could use."""
    speech = speech_of(samples)
    return features(np.clip(speech.samples * 32767, -32768, 32767).astype(np.int16)) | {"length": speech.seconds}


def _bands(signal: NDArray[np.float64]) -> dict[str, float]:
    """Shares of the power, in dB."""
    edges = {
        "below 200 Hz": (20, 200),
        "200-1000 Hz": (200, 1000),
        "1-3 kHz": (1000, 3000),
        "3-6 kHz": (3000, 6000),
        "above 6 kHz": (6000, 8000),
    }
    if len(signal) < _SIZE:
        return dict.fromkeys(edges, 0.0)
    frames = np.lib.stride_tricks.sliding_window_view(signal, _SIZE)[:: _SIZE // 2]
    power = np.mean(np.abs(np.fft.rfft(frames * np.hanning(_SIZE), axis=1)) ** 2, axis=0)
    at = np.arange(len(power)) * RATE / _SIZE
    total = float(np.sum(power)) + 1e-12
    return {
        name: float(10 * np.log10(np.sum(power[(at >= low) & (at < high)]) / total + 1e-9))
        for name, (low, high) in edges.items()
    }


def report(
    rows: Iterable[Row],
    load: Callable[[Row], Samples],
    measure: Callable[[Samples], Mapping[str, float]] = features,
) -> list[Separated]:
    """Each feature for each generator, beside all of them together and the matched pairs, strongest first.

    `load` gives a recording as it is to be judged: raw, or through the chain. A generator is compared with the people
    whose texts it speaks, where there are enough, else with all.
    """
    measured = [(row, measure(load(row))) for row in rows]
    people = [one for one in measured if one[0].label is Label.GENUINE]
    made: dict[str, list[tuple[Row, Mapping[str, float]]]] = defaultdict(list)
    for one in measured:
        if one[0].label is Label.SYNTHETIC:
            made[one[0].generator].append(one)
    made["all"] = [one for found in list(made.values()) for one in found]
    found = []
    for generator, machines in made.items():
        texts = {row.text_id for row, _ in machines}
        same = [one for one in people if one[0].text_id in texts]
        found += _compared(generator, same if len(same) >= NEEDED else people, machines)
    found += _compared("matched pairs", *_pairs(people, made["all"]))
    return sorted(found, key=lambda s: (s.generator, s.eer))


def _pairs(
    people: list[tuple[Row, Mapping[str, float]]], machines: list[tuple[Row, Mapping[str, float]]]
) -> tuple[list[tuple[Row, Mapping[str, float]]], list[tuple[Row, Mapping[str, float]]]]:
    """Systems' demonstrations and the recordings of the same sentences by the same people."""
    theirs = {row.pair_id for row, _ in people if row.source == "matched-pairs"}
    twins = [one for one in machines if one[0].pair_id in theirs and one[0].source == "matched-pairs"]
    both = {row.pair_id for row, _ in twins if row.family != "copy"}
    return [p for p in people if p[0].pair_id in both], [t for t in twins if t[0].family != "copy"]


def _compared(
    generator: str,
    people: list[tuple[Row, Mapping[str, float]]],
    machines: list[tuple[Row, Mapping[str, float]]],
) -> list[Separated]:
    if min(len(people), len(machines)) < NEEDED:
        return []
    found = []
    for feature in FEATURES:
        genuine = np.array([values[feature] for _, values in people])
        synthetic = np.array([values[feature] for _, values in machines])
        rate = min(eer(genuine, synthetic), eer(-genuine, -synthetic))
        found.append(Separated(generator, feature, rate, len(genuine), len(synthetic)))
    return found
