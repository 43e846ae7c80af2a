"""Which utterances are heard in one call. Pure.

A step of the decoder costs little more for several utterances than for one: it reads all weights either way. In one
call all are as long as the longest, so the encoder hears silence after the others; where that is more work than the
decoder saves, they are better heard apart. Decision 42 has the figures.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.model import RATE

LONGEST = 24.0
"""Seconds of audio, context included, up to which a short context saves anything to speak of; beyond, it is 30 s."""
SAVED = 2.5
"""Seconds of silence in the encoder that cost what the decoder saves on a second of speech heard with others: 3 tokens
at 5 ms each, and 6 ms a second of the encoder."""


def worth(samples: int, others: Sequence[int]) -> bool:
    """Whether audio of so many samples (context included) should be heard with `others`, which are heard together."""
    longest, shortest = max(samples, *others), min(samples, max(others))
    if longest > LONGEST * RATE:
        return False
    silence = longest - shortest if samples < longest else (longest - shortest) * len(others)
    return silence <= SAVED * shortest
