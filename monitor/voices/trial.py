"""A detector tried on a corpus: each recording sent through a chain, cut as live speech is, and scored.

Scores are kept on disk by detector and condition, so that an evaluation that was broken off goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from monitor.model import Samples
from monitor.voices.corpus.chain import Chain, Codec, through
from monitor.voices.corpus.rows import Label, Row
from monitor.voices.detector import VoiceDetector
from monitor.voices.features import Signal, as_signal, speech_of, windows
from monitor.voices.metrics import Scores
from monitor.voices.quality import Limits, unfit

Trick = Callable[[Samples], Samples]
"""What somebody does to a voice before it is sent."""


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """How recordings reach the detector."""

    name: str  # names the kept scores: another condition, another name
    chain: Chain
    seed: int = 0
    trick: Trick | None = None
    copy: int = 0  # the same recordings another way


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What the detector made of one recording under one condition."""

    row: Row
    scores: Scores  # of its windows, in order; none where it abstains or the speech is too short
    speech: float  # seconds of speech
    abstained: str  # why, in words; "" where it doesn't

    @property
    def synthetic(self) -> bool:
        return self.row.label is Label.SYNTHETIC

    @property
    def mean(self) -> float:
        """Of the scores; NaN where there is none."""
        return float(np.mean(self.scores)) if len(self.scores) else float("nan")


class Trial:
    """One detector on one corpus."""

    def __init__(
        self, corpus: Path, kept: Path, detector: VoiceDetector, codec: Codec, load: Callable[[Path], Samples]
    ) -> None:
        """`corpus`: the directory that rows' paths start from; `kept`: a directory for scores."""
        self._corpus = corpus
        self._kept = kept
        self._detector = detector
        self._codec = codec
        self._load = load
        kept.mkdir(parents=True, exist_ok=True)

    def heard(
        self, rows: Sequence[Row], condition: Condition, told: Callable[[int, int], None] | None = None
    ) -> list[Heard]:
        """Each row's scores, in order. `told`: how many are done, of how many.

        Raises OSError, DetectorFailed, and what `load` raises.
        """
        path = self._kept / f"{self._detector.digest}-{condition.name}.jsonl"
        known = _read(path)
        _end_line(path)
        done = []
        with path.open("a", encoding="utf-8") as file:
            for number, row in enumerate(rows, 1):
                cells = known.get(row.path)
                if cells is None:
                    cells = self._scored(row, condition)
                    file.write(json.dumps({"path": row.path, **cells}) + "\n")
                done.append(Heard(row, np.array(cells["scores"]), float(cells["speech"]), str(cells["abstained"])))
                if told is not None:
                    told(number, len(rows))
        return done

    def _scored(self, row: Row, condition: Condition) -> dict[str, Any]:
        samples = self._load(self._corpus / row.path)
        if condition.trick is not None:
            samples = condition.trick(samples)
        arrived = through(samples, row.text_id, condition.chain, self._codec, condition.seed, condition.copy)
        return judged(self._detector, as_signal(arrived))


def judged(detector: VoiceDetector, signal: Signal) -> dict[str, Any]:
    """Scores of one recording's windows (half overlapping), seconds of speech, and why it abstains."""
    speech = speech_of(signal)
    reason = unfit(signal, speech, Limits()) if len(speech.samples) else None
    cut = [] if reason else windows(len(speech.samples), detector.window, detector.window / 2)
    scores = detector.score([speech.samples[start:end] for start, end in cut]) if cut else np.zeros(0)
    return {
        "scores": [round(float(score), 5) for score in scores],
        "speech": round(speech.seconds, 3),
        "abstained": reason.value if reason else "",
    }


def _end_line(path: Path) -> None:
    """A line that was cut off spoils no other."""
    if path.exists() and not path.read_bytes().endswith(b"\n"):
        with path.open("a", encoding="utf-8") as file:
            file.write("\n")


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Kept scores by path. A last line that was cut off is made anew."""
    if not path.exists():
        return {}
    known = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            cells = json.loads(line)
        except ValueError:
            continue
        known[str(cells["path"])] = cells
    return known
