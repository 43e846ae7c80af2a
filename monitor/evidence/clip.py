"""Evidence clips: the parts that were heard around a hit as one stretch of audio, and as a WAV file.

Where parts have holes between them the clip has silence of the same length, up to MAX_HOLE:
what is heard one second apart in the clip was spoken one second apart.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence

import numpy as np

from monitor.evidence.ring import Part
from monitor.model import RATE, Samples

MAX_HOLE = 30.0
"""Seconds of silence between two parts; parts further away from the last one are left out of the clip."""


def assemble(parts: Sequence[Part]) -> Samples:
    """One stretch of audio; of two parts that overlap the earlier one is heard. ValueError where there is none."""
    ordered = together(parts)
    if not ordered:
        raise ValueError("no audio for the clip")
    begin = ordered[0].start
    out = np.zeros(max(part.end for part in ordered) - begin, np.int16)
    for part in reversed(ordered):  # the earlier one is written over the later one
        out[part.start - begin : part.end - begin] = part.audio
    return out


def together(parts: Sequence[Part]) -> list[Part]:
    """Those of the parts that a clip holds, in order: what is too far before the newest is left out."""
    ordered = sorted((part for part in parts if len(part.audio)), key=lambda part: part.start)
    # The newest part holds the hit, so it is not the other way round.
    first = len(ordered) - 1
    while first > 0 and ordered[first].start - ordered[first - 1].end <= MAX_HOLE * RATE:
        first -= 1
    return ordered[max(0, first) :]


def wav(audio: Samples) -> bytes:
    """A WAV file: 16-bit mono PCM at RATE."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(audio.astype("<i2").tobytes())
    return buffer.getvalue()
