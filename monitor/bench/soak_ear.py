"""The recogniser of the soak: it is no recogniser, so that the machine's time goes to the rooms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from monitor.bench.soak_account import Who
from monitor.model import RATE, Samples, Transcript, Utterance, Word
from monitor.speech.recogniser import Hints

SILENT = 60.0
"""RMS (int16) below which a piece is the pause around the talk; the talk of the bench's speakers is above 300."""
_PIECE = 80
"""Samples (5 ms): Opus shifts the talk by a part of a frame."""


class ScriptedEar:
    """At the recogniser's seam: says one word of each utterance, and counts the silence that it was given with it."""

    model = "none (scripted)"

    def __init__(self) -> None:
        self.pauses: defaultdict[Who, float] = defaultdict(float)  # seconds, each once, of what was not lost
        self._last: dict[Who, tuple[str, float]] = {}  # the utterance heard last, and what was counted of it
        self.utterances = 0

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        return [self._one(utterance) for utterance, _ in batch]

    def _one(self, utterance: Utterance) -> Transcript:
        self.utterances += 1
        who = utterance.room, utterance.speaker.name
        name, counted = self._last.get(who, ("", 0.0))
        if name == utterance.id:  # it was looked at while it was open: this is more of the same
            self.pauses[who] -= counted
        pause = silence(utterance.audio[utterance.overlap :])
        self.pauses[who] += pause
        self._last[who] = utterance.id, pause
        start = utterance.start / RATE
        word = Word(" mm", start, start + utterance.seconds, 0.9)
        return Transcript(utterance, "en", (word,), self.model, 0.0)


def silence(audio: Samples) -> float:
    """Seconds in pieces below SILENT at the head and at the end: what is silent in between was lost, or is talk."""
    pieces = audio[: len(audio) // _PIECE * _PIECE].reshape(-1, _PIECE).astype(np.float32)
    loud = np.flatnonzero(np.sqrt(np.mean(pieces**2, axis=1)) >= SILENT)
    if not len(loud):
        return len(audio) / RATE
    return float(loud[0] + len(pieces) - 1 - loud[-1]) * _PIECE / RATE
