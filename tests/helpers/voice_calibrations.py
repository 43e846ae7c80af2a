"""Calibration sets for detectors of the tests: what a score is worth is made up here, as it may be only in tests."""

from __future__ import annotations

from monitor.voices.calibrate import Set
from monitor.voices.thresholds import Tail

CLEAN = Tail(speakers=200, hours=50.0, over=1.0, exceeding=20, excess=0.3)
"""Genuine speakers of whom hardly anyone comes near an alert."""


def made_up(model: str, window: float, *, tail: Tail | None = CLEAN, claims: tuple[str, ...] = ("tests",)) -> Set:
    """A score of 1 is worth an LLR of 4."""
    return Set(
        name="made-up",
        model=model,
        window=window,
        chain="none",
        languages=frozenset(),
        slope=4.0,
        offset=0.0,
        low=-4.0,
        high=4.0,
        genuine=200,
        synthetic=200,
        eer=0.01,
        cllr=0.1,
        min_cllr=0.1,
        tail=tail,
        claims=claims,
        chance=("voice conversion",),
    )
