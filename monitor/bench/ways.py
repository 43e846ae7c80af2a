"""The ways of hearing that `bench wer` compares, each on the same pieces of the same recordings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from faster_whisper import WhisperModel

from monitor.bench.clips import Clip
from monitor.config import Settings
from monitor.keywords.tail import Tails
from monitor.model import Samples, Utterance
from monitor.speech.effort import STEPS
from monitor.speech.recogniser import Hints, hear_one
from monitor.speech.weights import find
from monitor.speech.whisper import WhisperRecogniser

Ask = tuple[Utterance, Hints]
SPACELESS = ("zh", "ja")


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One recording as a room hears it, and as the live pipeline cuts it."""

    clip: Clip
    samples: Samples  # after Opus
    asks: tuple[Ask, ...]  # in order


@dataclass(frozen=True, slots=True)
class Said:
    """What one way made of one recording."""

    text: str
    took: tuple[float, ...]  # CPU seconds of each call
    again: int = 0  # utterances for which 30 s were needed after all


@dataclass(slots=True, eq=False)
class Way:
    """One way, and what it has made of each recording so far."""

    name: str
    what: str  # in more words
    hear: Callable[[Ears, Case], Said]
    short: bool = False  # over short contexts
    said: list[Said] = field(default_factory=list)


class Ears:
    """One model, as each way needs it; one thread each. Raises OperatorError."""

    def __init__(self, settings: Settings, model: str, language: str, *, plain: bool) -> None:
        speech = settings.speech
        path = find(model, trust=speech.trust).path

        def ours(*, full: bool) -> WhisperRecogniser:
            return WhisperRecogniser(
                path, model, device=speech.device, compute_type=speech.compute_type, threads=1, full=full,
                unsure=speech.unsure,
            )  # fmt: skip

        self.language = language
        self.full, self.short = ours(full=True), ours(full=False)
        self.plain: Any = None
        if plain:
            self.plain = WhisperModel(
                str(path), device=speech.device, compute_type=speech.compute_type, cpu_threads=1, local_files_only=True
            )


def ways(*, plain: bool) -> list[Way]:
    """The 30 s way first: what all others are compared with."""
    thirty = "windows of 30 s, the same utterances, without other readings of unsure words"
    found = [Way("30 s", thirty, lambda ears, case: _pieces(ears, ears.full, _quick, case))]
    for name, what, change in _efforts():
        found.append(Way(f"short, {name}", what, partial(_short, change), short=True))
    if plain:
        for name, beam in (("greedy", 1), ("beam 5", 5)):
            what = f"faster-whisper on whole recordings, {'its defaults' if beam == 5 else 'greedy'}"
            found.append(Way(f"plain, {name}", what, partial(_whole, beam)))
    return found


def _efforts() -> Iterator[tuple[str, str, Callable[[Hints], Hints]]]:
    """The steps that differ in what the recogniser does."""
    known: set[tuple[float | None, bool]] = set()
    for number, step in enumerate(STEPS):
        if (kind := (step.context, step.alternatives)) not in known:
            known.add(kind)
            yield f"step {number}", step.words, step.hints


def _quick(hints: Hints) -> Hints:
    return replace(hints, quick=True)


def _short(change: Callable[[Hints], Hints], ears: Ears, case: Case) -> Said:
    return _pieces(ears, ears.short, change, case)


def _pieces(ears: Ears, recogniser: WhisperRecogniser, change: Callable[[Hints], Hints], case: Case) -> Said:
    """Utterance by utterance, joined as the pipeline joins them."""
    tails, texts, took, again = Tails(), [], [], 0
    for utterance, hints in case.asks:
        began = time.process_time()
        transcript = hear_one(recogniser, utterance, change(hints))
        took.append(time.process_time() - began)
        again += transcript.full
        shown = tails.join(utterance.track, transcript).shown
        texts.append("".join(word.text for word in shown).strip())
    return Said(("" if ears.language in SPACELESS else " ").join(texts), tuple(took), again)


def _whole(beam: int, ears: Ears, case: Case) -> Said:
    """The recording as it is, as faster-whisper's README does it; the language is given, as it is to the others."""
    audio = case.samples.astype(np.float32) / 32768
    began = time.process_time()
    segments, _ = ears.plain.transcribe(audio, language=ears.language, beam_size=beam)
    text = "".join(segment.text for segment in segments)
    return Said(text, (time.process_time() - began,))
