"""Changes made to filterbanks while training: what a microphone, a room or a codec does to both classes alike.

Cheap because they work on log energies. They keep the network from telling recordings by how they were mastered: each
window gets another equaliser, another noise and holes in time and frequency (Park et al., "SpecAugment", 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Batch = NDArray[np.float32]
"""Shape (n, frames, bands), natural logarithms of power."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How much; 0 does nothing."""

    equaliser: float = 0.7  # standard deviation of the band gains, nats of power (0.7 = 3 dB)
    noise: float = 0.3  # share of windows with noise
    quietest: float = 30.0  # dB from the mean frame down to the noise, at most
    loudest: float = 8.0  # and at least
    lowpass: float = 0.1  # share of windows whose upper bands are empty
    holes: int = 1  # in time and in frequency, each
    widest: float = 0.12  # of a hole, as share of the axis


def augmented(batch: Batch, strength: Strength, rng: np.random.Generator) -> Batch:
    """The batch changed, each window in its own way."""
    done = batch + _equaliser(batch, strength, rng)
    for window in done:
        if rng.random() < strength.noise:
            _noise(window, strength, rng)
        if rng.random() < strength.lowpass:
            edge = int(rng.integers(window.shape[1] * 2 // 5, window.shape[1]))
            window[:, edge:] = np.minimum(window[:, edge:], window.min() + rng.uniform(0, 2))
        for _ in range(strength.holes):
            _hole(window, strength.widest, rng)
            _hole(window.T, strength.widest, rng)
    return done


def _equaliser(batch: Batch, strength: Strength, rng: np.random.Generator) -> Batch:
    """A smooth random curve over the bands for each window: a few cosines, the slow ones strongest."""
    count, _, bands = batch.shape
    waves = np.arange(1, 7)
    shapes = np.cos(np.pi * waves[:, None] * (np.arange(bands) + 0.5) / bands)
    weights = rng.normal(0, strength.equaliser, (count, len(waves))) / np.sqrt(waves)
    return np.asarray((weights @ shapes)[:, None, :], np.float32)


def _noise(window: Batch, strength: Strength, rng: np.random.Generator) -> None:
    """Steady noise of a random tilt; single frames' powers are spread as those of Gaussian noise."""
    frames, bands = window.shape
    tilt = rng.uniform(-3, 1) * np.linspace(0, 1, bands)
    level = np.log(np.mean(np.exp(window))) - rng.uniform(strength.loudest, strength.quietest) / 4.343
    shape = tilt - np.log(np.mean(np.exp(tilt)))
    drawn = rng.standard_exponential((2, frames, bands), np.float32).mean(axis=0)  # about two bins of the spectrum
    power = drawn * np.exp(level + shape).astype(np.float32)
    np.log(np.exp(window) + power, out=window)


def _hole(window: Batch, widest: float, rng: np.random.Generator) -> None:
    """A stretch of the first axis at the mean of the window."""
    width = int(rng.uniform(0, widest) * len(window))
    start = int(rng.integers(0, len(window) - width + 1))
    window[start : start + width] = window.mean()
