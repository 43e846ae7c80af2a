"""The seam between what hears a speaker and what judges the voice: a detector, and the calibration of its scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.voices.features import Signal


class VoiceDetector(Protocol):
    """Judges windows of speech. Implementations: `onnx.OnnxDetector`, `fusion.Fusion`."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str:
        """First 12 digits of the SHA-256 of what decides its scores: another file, another digest."""

    @property
    def window(self) -> float:
        """Seconds of speech that it wants in a window."""

    def score(self, windows: Sequence[Signal]) -> NDArray[np.float64]:
        """One raw score a window, shape (n,): higher means more synthetic, whatever the model's own convention.

        A window is speech at `features.LEVEL`, 16 kHz, without pauses, of `window` seconds. Synchronous on purpose: the
        caller owns the thread. Finite, or it raises DetectorFailed; also raises what the engine raises.
        """

    def stop(self) -> None:
        """A run that goes on in another thread ends as soon as the engine can, and later ones fail. From any thread."""


class Calibration(Protocol):
    """Turns raw scores into log-likelihood ratios (monitor/voices/calibrate.py makes them from labelled speech)."""

    @property
    def name(self) -> str: ...

    @property
    def languages(self) -> frozenset[str]:
        """ISO 639-1 codes that it was made on; empty: it holds for any."""

    def llrs(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Natural logarithms of synthetic : genuine, shape (n,)."""
