"""Copy-synthesis: a recording taken apart by a vocoder and put together again, in the same voice with the same words.

Trains and tests on what a vocoder leaves behind, and on nothing else (Wang and Yamagishi, "Spoofed training data for
speech spoofing countermeasure can be efficiently created using neural vocoders", ICASSP 2023; there with neural ones).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.model import RATE, Samples
from monitor.voices.corpus.packaged import Outside, running
from monitor.voices.corpus.rows import Row
from monitor.voices.corpus.wav import read_wav, write_wav

_SIZE, _STEP, _BANDS = 1024, 256, 80
_ROUNDS = 32


class Copier(Protocol):
    """A vocoder."""

    @property
    def generator(self) -> str: ...

    @property
    def install(self) -> str: ...

    def missing(self) -> bool: ...

    def wants(self, row: Row) -> bool:
        """Whether to copy this recording."""

    def ready(self) -> AbstractContextManager[None]:
        """To be entered around `copy`."""

    def copy(self, samples: Samples) -> Samples:
        """As long as the original. Raises ValueError for what is too short."""


def _short_of(row: Row) -> bool:
    return row.source not in ("asterisk", "fillets")


@dataclass(frozen=True, slots=True)
class GriffinLim:
    """Phases guessed from an 80-band mel spectrogram (Griffin and Lim 1984; fast variant: Perraudin et al. 2013)."""

    generator: str = "copy-griffinlim"
    install: str = ""
    rounds: int = _ROUNDS

    def missing(self) -> bool:
        return False

    def wants(self, row: Row) -> bool:
        return _short_of(row)

    def ready(self) -> AbstractContextManager[None]:
        return nullcontext()

    def copy(self, samples: Samples) -> Samples:
        signal = samples.astype(np.float64) / 32768
        if len(signal) < 2 * _SIZE:
            raise ValueError(f"{len(signal) / RATE:.2f} s are too short to copy")
        spectrum = _analysed(signal)
        bands = _mel()
        magnitudes = np.maximum(np.abs(spectrum) @ bands.T @ _unmel().T, 1e-6)
        rng = np.random.default_rng(len(signal))
        phases = np.exp(2j * np.pi * rng.random(magnitudes.shape))
        before = np.zeros_like(phases)
        for _ in range(self.rounds):
            again = _analysed(_joined(magnitudes * phases, len(signal)))
            phases = again - 0.99 / 1.99 * before
            phases /= np.maximum(np.abs(phases), 1e-9)
            before = again
        return _as_loud(_joined(magnitudes * phases, len(signal)), signal)


@dataclass(slots=True)
class World:
    """Pitch, envelope and aperiodicity (Morise et al. 2016), by the package pyworld beside the corpus."""

    home: Path
    generator: str = "copy-world"
    install: str = "room-monitor voices data --neural"
    _engine: Outside | None = None

    def missing(self) -> bool:
        return not any(self.home.glob("lib/python*/site-packages/pyworld"))

    def wants(self, row: Row) -> bool:
        return _short_of(row)

    @contextmanager
    def ready(self) -> Iterator[None]:
        with running(self.home, "world") as self._engine:
            yield

    def copy(self, samples: Samples) -> Samples:
        assert self._engine is not None, "copy() outside of ready()"  # noqa: S101
        with tempfile.TemporaryDirectory(prefix="room-monitor-") as scratch:
            original, made = Path(scratch, "original.wav"), Path(scratch, "made.wav")
            write_wav(original, samples)
            if error := self._engine.ask(original=str(original), path=str(made)):
                raise ValueError(error)
            copied = read_wav(made).astype(np.float64) / 32768
        signal = samples.astype(np.float64) / 32768
        return _as_loud(np.pad(copied, (0, max(0, len(signal) - len(copied))))[: len(signal)], signal)


def _as_loud(signal: NDArray[np.float64], model: NDArray[np.float64]) -> Samples:
    gain = np.sqrt(np.mean(model**2) / max(float(np.mean(signal**2)), 1e-12))
    loud: Samples = np.clip(np.round(signal * gain * 32768), -32768, 32767).astype(np.int16)
    return loud


def _analysed(signal: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Short-time spectrum, shape (frames, bins)."""
    padded = np.pad(signal, _SIZE // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::_STEP]
    return np.fft.rfft(frames * np.hanning(_SIZE), axis=1)


def _joined(spectrum: NDArray[np.complex128], length: int) -> NDArray[np.float64]:
    """The signal whose spectrum is nearest: weighted overlap and add."""
    window = np.hanning(_SIZE)
    pieces = np.fft.irfft(spectrum, _SIZE, axis=1) * window
    total = _added(pieces)
    weight = _added(np.broadcast_to(window**2, pieces.shape))
    signal = (total / np.maximum(weight, 1e-3))[_SIZE // 2 :][:length]
    return np.pad(signal, (0, length - len(signal)))


def _added(pieces: NDArray[np.float64]) -> NDArray[np.float64]:
    """Overlap and add: every fourth piece begins where the last of its kind ended, so four sums do."""
    times = _SIZE // _STEP
    total = np.zeros((len(pieces) - 1) * _STEP + _SIZE)
    for first in range(times):
        joined = pieces[first::times].reshape(-1)
        total[first * _STEP : first * _STEP + len(joined)] += joined
    return total


@cache
def _unmel() -> NDArray[np.float64]:
    return np.asarray(np.linalg.pinv(_mel()))


@cache
def _mel() -> NDArray[np.float64]:
    """Triangles on O'Shaughnessy's mel scale, shape (bands, bins)."""
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, _BANDS + 2) / 2595) - 1)
    bins = np.arange(_SIZE // 2 + 1) * RATE / _SIZE
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rise, fall))
