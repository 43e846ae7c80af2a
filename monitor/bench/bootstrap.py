"""How sure a difference of two error rates is, when other people might have spoken. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from monitor.speech.wer import Errors

ROUNDS = 10_000
SURE = 95.0
"""Per cent of the rounds within the interval."""


def interval(ours: Mapping[str, Errors], other: Mapping[str, Errors], seed: int = 0) -> tuple[float, float] | None:
    """The difference of the error rates in points, ours - other, from … to …; both by speaker. None: one speaker.

    Speakers are drawn with replacement, as often as there are (bootstrap percentiles, Efron 1979): the words of one
    speaker fail together, so single words or clips would look surer than they are.
    """
    speakers = sorted(ours)
    if len(speakers) < 2:
        return None
    tokens = np.array([ours[name].tokens for name in speakers])
    more = np.array([ours[name].count - other[name].count for name in speakers])
    drawn = np.random.default_rng(seed).multinomial(len(speakers), [1 / len(speakers)] * len(speakers), size=ROUNDS)
    points = 100 * (drawn @ more) / np.maximum(1, drawn @ tokens)
    low, high = np.percentile(points, [(100 - SURE) / 2, (100 + SURE) / 2])
    return float(low), float(high)
