"""A recording's time line as a picture. Needs the extra `plot` (matplotlib)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from monitor.errors import OperatorError
from monitor.model import RATE, Samples
from monitor.voices.score import Moment, Timeline

if TYPE_CHECKING:
    from monitor.voices.evidence import Thresholds

POINTS = 2000
"""Points of the waveform that are drawn."""


def draw(path: Path, title: str, audio: Samples, line: Timeline, thresholds: Thresholds) -> None:
    """Waveform, likelihood ratio of each window, and the evidence against its thresholds, as a PNG.

    Raises OperatorError without matplotlib, or where the file can't be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise OperatorError("Drawing needs matplotlib: pip install 'room-monitor[plot]'") from error
    figure = Figure(figsize=(11, 6), layout="constrained")
    FigureCanvasAgg(figure)
    wave, windows, evidence = figure.subplots(3, 1, sharex=True, height_ratios=[1, 2, 2])
    figure.suptitle(f"Synthetic-voice signature, for review: {title}", fontsize=11)
    _wave(wave, audio)
    _windows(windows, line.moments)
    _evidence(evidence, line.moments, thresholds)
    wave.set_xlim(0, max(len(audio) / RATE, 0.1))
    try:
        figure.savefig(path, format="png")
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}") from error


def _wave(axes: Any, audio: Samples) -> None:
    step = max(1, len(audio) // POINTS)
    whole = audio[: len(audio) // step * step].reshape(-1, step)
    peaks = np.abs(whole.astype(np.float32)).max(axis=1) / 32768 if len(whole) else np.zeros(0)
    seconds = np.arange(len(peaks)) * step / RATE
    axes.fill_between(seconds, -peaks, peaks, color="0.5", linewidth=0)
    axes.set_yticks([])
    axes.set_ylabel("sound")


def _windows(axes: Any, moments: tuple[Moment, ...]) -> None:
    """Bars at each window's place; grey where it says nothing."""
    calibrated = any(m.window.llr is not None for m in moments)
    for moment in moments:
        window = moment.window
        value = window.llr if calibrated else window.score
        if value is None:
            axes.axvspan(window.start, window.end, color="0.9")
            reason = window.abstained.value if window.abstained else ""
            axes.annotate(reason, (window.start, 0), fontsize=7, color="0.4", rotation=90, va="center")
        else:
            axes.plot([window.start, window.end], [value, value], color="C3" if value > 0 else "C0", linewidth=2)
    axes.axhline(0, color="0.7", linewidth=0.8)
    axes.set_ylabel("LLR of a window\n(natural log)" if calibrated else "raw score\n(no calibration)")


def _evidence(axes: Any, moments: tuple[Moment, ...], thresholds: Thresholds) -> None:
    axes.step([0.0, *(m.window.end for m in moments)], [0.0, *(m.evidence for m in moments)], where="post", color="k")
    for value, name, colour in ((thresholds.suspicious, "suspicious", "C1"), (thresholds.alert, "alert", "C3")):
        if value is not None and np.isfinite(value):
            axes.axhline(value, color=colour, linewidth=0.8, linestyle="--")
            axes.annotate(name, (0, value), fontsize=8, color=colour, va="bottom")
    axes.set_ylabel("evidence\n(natural log)")
    axes.set_xlabel("seconds")
