"""Utterances for the recogniser's queue, and a gate that lets all of them through."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monitor.model import RATE, Cut, Samples, Speaker, Utterance


class Verdict(NamedTuple):
    probability: float
    speech_seconds: float


def all_is_speech(samples: Samples) -> Verdict:
    return Verdict(1.0, len(samples) / RATE)


def spoken(name: str, seconds: float = 1.0, track: str = "track", open_: bool = False, room: str = "room") -> Utterance:
    audio = np.full(int(seconds * RATE), 1000, dtype=np.int16)
    return Utterance(name, room, Speaker("s", "S"), track, 0.0, 0, audio, Cut.SILENCE, open=open_)
