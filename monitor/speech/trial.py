"""What a model has to hear before it is let at people's speech: silence, noise, and where there is one a recording.

The digest says that a file is the one that was published; this says that it works here: with this library, on this
device, in this number format.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.errors import ModelUnfit
from monitor.model import RATE, Cut, Samples, Speaker, Transcript, Utterance
from monitor.speech.examine import ENGINE_FAILURES
from monitor.speech.recogniser import Hints, Recogniser, hear_one
from monitor.speech.wer import tokens

FOUND = 0.6
"""Share of a recording's words that must be found. Whisper's smallest model finds nine in ten of a clear one."""
_LANGUAGE = "en"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Somebody speaking English, clearly."""

    audio: Samples
    words: str


def try_out(recogniser: Recogniser, sample: Sample | None, strict: bool = True) -> str:
    """How it did, in plain words. Blocks for some seconds. `strict`: False where nobody knows which languages it was
    made for. Raises ModelUnfit."""
    try:
        for sound in (np.zeros(2 * RATE, np.int16), _noise()):
            _sane(recogniser, _heard(recogniser, sound))
        if sample is None:
            return "it hears silence and noise; no recording is here to try it with"
        began = time.perf_counter()
        transcript = _heard(recogniser, sample.audio)
        took = time.perf_counter() - began
    except ENGINE_FAILURES as error:
        raise ModelUnfit(f"The model {recogniser.model} fails at hearing: {type(error).__name__}: {error}") from error
    _sane(recogniser, transcript)
    wanted = tokens(sample.words, _LANGUAGE)
    found = sum(word in set(tokens(transcript.text, _LANGUAGE)) for word in wanted)
    seconds = len(sample.audio) / RATE
    said = f"it found {found} of {len(wanted)} words in a recording of {seconds:.0f} s, in {took:.1f} s"
    if strict and found < FOUND * len(wanted):
        raise ModelUnfit(f"The model {recogniser.model} doesn't hear well enough to be used: {said}.")
    return said


def _heard(recogniser: Recogniser, audio: Samples) -> Transcript:
    said = Utterance("trial", "", Speaker("trial", "trial"), "trial", 0.0, 0, audio, Cut.SILENCE)
    return hear_one(recogniser, said, Hints((_LANGUAGE,)))


def _sane(recogniser: Recogniser, transcript: Transcript) -> None:
    figures: Sequence[float] = [x for word in transcript.words for x in (word.start, word.end, word.probability)]
    if not all(math.isfinite(figure) for figure in figures):
        raise ModelUnfit(f"The model {recogniser.model} computes what is no number: take another compute_type.")


def _noise() -> Samples:
    return np.random.default_rng(1).normal(0, 1500, 3 * RATE).astype(np.int16)
