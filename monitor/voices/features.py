"""From samples to what a detector sees: the same code in training, in evaluation and live.

What tells two recordings apart most easily is not the voice: the level, the pauses and the noise in them. So the level
of the speech is brought to one value, edges and long pauses are cut, and a floor hides what lies far below the speech.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from monitor.model import FRAME, RATE, Samples

LEVEL = -26.0
"""dBFS (RMS over the frames with speech) that speech is brought to: ITU-T P.56's usual level."""
MOST_GAIN = 40.0
"""dB. Beyond it there is only the noise of the microphone to be raised."""
RANGE = 30.0
"""dB below the loud frames down to which a frame may be speech; less where the noise reaches higher."""
HANGOVER = 3
"""Frames kept on both sides of speech: a pause is never longer than twice this (120 ms) in what a detector sees."""
CLICK = 3
"""Loud stretches of fewer frames are clicks."""
FADE = 80
"""Samples (5 ms) over which the sound is faded where a pause was cut, so that the cut doesn't click."""
SILENT = -120.0
"""dBFS of digital silence, so that logarithms stay finite."""

Signal = NDArray[np.float32]
"""Mono at RATE, full scale 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """One recording without its pauses, at LEVEL, and what it was like before."""

    samples: Signal  # shape (n,); the kept spans one after another
    spans: tuple[tuple[int, int], ...]  # [start, end) in samples of the recording, of what was kept
    level: float  # dBFS of the speech as it came
    snr: float  # dB from the quietest tenth of the frames to the speech; low also in speech without any pause

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE

    def at(self, position: int) -> int:
        """Where in the recording a sample of `samples` was; `len(samples)` gives the end of the last span."""
        for start, end in self.spans:
            if position < end - start:
                return start + position
            position -= end - start
        return self.spans[-1][1] if self.spans else 0


def speech_of(audio: Samples | Signal) -> Speech:
    """Cut edges and long pauses out of a recording (int16, or float with full scale 1) and fix its level.

    Works on energy alone: which parts are speech at all was decided before (voice activity, words).
    """
    signal = as_signal(audio)
    decibels = frame_levels(signal)
    if not len(decibels) or float(decibels.max()) <= SILENT + 20:
        return Speech(np.zeros(0, np.float32), (), SILENT, 0.0)
    loud, quiet = np.percentile(decibels, [95, 5])
    mask = decibels >= max(loud - RANGE, min(quiet + 6, loud - 12))
    mask = _without_clicks(mask)
    level = _mean_level(decibels[mask]) if mask.any() else SILENT
    noise = _mean_level(np.sort(decibels)[: max(1, len(decibels) // 10)])
    spans = _spans(_grown(mask))
    gain = np.float32(10 ** (min(LEVEL - level, MOST_GAIN) / 20))
    pieces = [_faded(signal[start:end] * gain) for start, end in spans]
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    return Speech(samples, spans, level, level - noise)


def windows(length: int, window: float, hop: float) -> list[tuple[int, int]]:
    """[start, end) of each whole window of `window` seconds in `length` samples of speech, `hop` seconds apart."""
    size, step = round(window * RATE), round(hop * RATE)
    return [(start, start + size) for start in range(0, length - size + 1, step)]


def as_signal(audio: Samples | Signal) -> Signal:
    """Float with full scale 1, without its constant part."""
    scale = np.float32(1 / 32768) if audio.dtype == np.int16 else np.float32(1)
    signal = np.asarray(audio, np.float32) * scale
    return np.asarray(signal - signal.mean(), np.float32) if len(signal) else signal


# filterbanks


@dataclass(frozen=True)
class Filterbank:
    """Log energies of overlapping triangular bands, equally wide: linear ones keep the detail above 4 kHz.

    A linear front end is the usual one of countermeasures for synthetic speech (Sahidullah, Kinnunen and Hanilçi,
    Interspeech 2015).
    """

    bands: int = 80
    low: float = 0.0  # Hz, lower edge of the first band
    high: float = 8000.0  # Hz, upper edge of the last band
    length: int = 400  # samples in a frame: 25 ms
    step: int = 160  # samples from one frame to the next: 10 ms
    size: int = 512  # of the Fourier transform
    floor: float = -85.0  # dBFS in one band; about 40 dB below the mean band of speech at LEVEL

    def __call__(self, batch: Signal) -> NDArray[np.float32]:
        """Shape (n, samples) to (n, frames, bands), natural logarithms of power."""
        frames = np.lib.stride_tricks.sliding_window_view(batch, self.length, axis=1)[:, :: self.step]
        spectrum = np.fft.rfft(frames * self._taper, self.size, axis=2)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        energies = power.astype(np.float32, copy=False) @ self._filters
        return np.asarray(np.log(np.maximum(energies, np.float32(10 ** (self.floor / 10)))), np.float32)

    def frames(self, samples: int) -> int:
        """Frames that so many samples give."""
        return max(0, (samples - self.length) // self.step + 1)

    @cached_property
    def _taper(self) -> Signal:
        """Hamming, scaled so that the bands' energies add up to about the power of the signal."""
        taper = np.hamming(self.length)
        return np.asarray(taper * np.sqrt(2 / (self.size * np.sum(taper**2))), np.float32)

    @cached_property
    def _filters(self) -> NDArray[np.float32]:
        """Shape (size // 2 + 1, bands)."""
        edges = np.linspace(self.low, self.high, self.bands + 2)
        frequencies = np.fft.rfftfreq(self.size, 1 / RATE)[:, None]
        rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
        falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
        return np.asarray(np.maximum(0, np.minimum(rising, falling)), np.float32)


Features = Callable[[Signal], NDArray[np.float32]]
"""Shape (n, samples) to (n, frames, bands)."""

FEATURES: Mapping[str, Features] = MappingProxyType(
    {
        "linear-filterbank-80": Filterbank(),
        "linear-filterbank-60": Filterbank(bands=60),
        "linear-filterbank-80-above-100": Filterbank(low=100.0),
    }
)
"""What a manifest may name as its input. A name never changes its meaning: trained models depend on it."""


def frame_levels(signal: Signal) -> NDArray[np.float64]:
    """dBFS of each whole 20 ms frame, shape (frames,)."""
    whole = len(signal) // FRAME * FRAME
    power = np.mean(np.square(signal[:whole].reshape(-1, FRAME).astype(np.float64)), axis=1)
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (SILENT / 10))))


def _mean_level(decibels: NDArray[np.float64]) -> float:
    """dB of the mean power."""
    return float(10 * np.log10(np.mean(10 ** (decibels / 10))))


def _without_clicks(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    kept = mask.copy()
    for start, end in _runs(mask):
        if end - start < CLICK:
            kept[start:end] = False
    return kept


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.convolve(mask, np.ones(2 * HANGOVER + 1, np.int64), "same")[: len(mask)] > 0 if len(mask) else mask


def _spans(mask: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    return tuple((start * FRAME, end * FRAME) for start, end in _runs(mask))


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """[start, end) of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False]))))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _faded(piece: Signal) -> Signal:
    ramp = np.linspace(0, 1, FADE, dtype=np.float32)
    piece[:FADE] *= ramp
    piece[-FADE:] *= ramp[::-1]
    return piece
