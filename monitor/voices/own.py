"""Calibration on an operator's own recordings: who is in a directory, what a detector makes of them, the set."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from monitor.errors import MediaUnreadable
from monitor.model import Samples
from monitor.voice_model import VoiceWindow
from monitor.voices.calibrate import About, CalibrationInvalid, Labelled, Set, adapted, fit
from monitor.voices.detector import VoiceDetector
from monitor.voices.evidence import peak, rules_for
from monitor.voices.features import as_signal
from monitor.voices.metrics import Scores
from monitor.voices.models import Loaded
from monitor.voices.thresholds import Tail
from monitor.voices.thresholds import fit as fit_tail
from monitor.voices.trial import judged

CHAIN = "as recorded"


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """One speaker's recordings, scored."""

    name: str
    scores: tuple[Scores, ...]  # of each recording's windows
    speech: float  # seconds


@dataclass(frozen=True, slots=True)
class Own:
    """What a set is to be made from."""

    name: str
    people: Sequence[Voice]
    machines: Sequence[Voice] | None  # None: as the model's own set knows them
    languages: frozenset[str]


def recordings(
    place: Path, detector: VoiceDetector, load: Callable[[Path], Samples], told: Callable[[int, int], None]
) -> list[Voice]:
    """Speakers of a directory: each directory in it is one, and so is each file beside them.

    Files that `load` finds unreadable are left out. Raises CalibrationInvalid where there is nothing, DetectorFailed.
    """
    voices: dict[str, list[Path]] = {}
    for path in sorted(place.rglob("*")):
        if path.is_file():
            voices.setdefault(path.relative_to(place).parts[0], []).append(path)
    if not voices:
        raise CalibrationInvalid(f"{place}: no recordings there")
    done = []
    for number, (name, files) in enumerate(voices.items(), 1):
        done.append(_voice(name, files, detector, load))
        told(number, len(voices))
    return [voice for voice in done if voice.scores]


def own_set(loaded: Loaded, own: Own) -> Set:
    """Raises CalibrationInvalid with too little speech, or where the model has no set to take machines from."""
    people = tuple(np.concatenate(v.scores) for v in own.people)
    base = loaded.calibration
    if own.machines is not None:
        about = About(own.name, loaded.model, loaded.detector.window, CHAIN, own.languages)
        made = fit(about, Labelled(people, tuple(np.concatenate(v.scores) for v in own.machines)))
        made = replace(made, claims=base.claims if base else (), chance=base.chance if base else ())
    elif base is None:
        raise CalibrationInvalid(f"{loaded.model} has no calibration to take synthetic scores from: give --synthetic")
    else:
        made = adapted(base, own.name, people, CHAIN, own.languages)
    return replace(made, tail=_tail(made, own.people))


def _voice(name: str, files: Sequence[Path], detector: VoiceDetector, load: Callable[[Path], Samples]) -> Voice:
    scores, speech = [], 0.0
    for path in files:
        try:
            cells: Mapping[str, Any] = judged(detector, as_signal(load(path)))
        except MediaUnreadable:
            continue
        found = np.array(cells["scores"], np.float64)
        if len(found):
            scores.append(found)
            speech += float(cells["speech"])
    return Voice(name, tuple(scores), speech)


def _tail(made: Set, people: Sequence[Voice]) -> Tail | None:
    rules = rules_for(made.window)
    peaks = [peak(_windows(made, voice), rules) for voice in people]
    hours = sum(v.speech for v, p in zip(people, peaks, strict=True) if p > -math.inf) / 3600
    return fit_tail(peaks, hours)


def _windows(made: Set, voice: Voice) -> list[VoiceWindow]:
    """The voice's windows on a clock of speech alone."""
    windows, clock = [], 0.0
    for scores in voice.scores:
        for number, (score, llr) in enumerate(zip(scores, made.llrs(scores), strict=True)):
            start = clock + number * made.window / 2
            windows.append(VoiceWindow(start, start + made.window, made.window, float(score), float(llr)))
        clock += (len(scores) + 1) * made.window / 2
    return windows
