"""Utterances to windows to scores to likelihood ratios: what is live and what scores files, in one place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from monitor.model import Utterance
from monitor.voice_model import Abstained, VoiceWindow
from monitor.voices.detector import Calibration, VoiceDetector
from monitor.voices.quality import Limits
from monitor.voices.windows import Piece, Windows


class Judge:
    """Keeps what each track has left over. For one thread at a time."""

    def __init__(self, detector: VoiceDetector, calibration: Calibration | None, limits: Limits | None = None) -> None:
        self._detector = detector
        self._calibration = calibration
        self._windows = Windows(detector.window, limits=limits)

    def judge(self, said: Sequence[tuple[Utterance, str]]) -> list[tuple[VoiceWindow, ...]]:
        """The windows that each utterance, in its language, filled; scored together.

        Raises DetectorFailed.
        """
        cut = [self._pieces(utterance, language) for utterance, language in said]
        wanted = [piece.samples for pieces in cut for piece in pieces if piece.samples is not None]
        scores = self._detector.score(wanted) if wanted else np.zeros(0)
        llrs = self._calibration.llrs(scores) if self._calibration and wanted else None
        judged = iter([(float(score), None if llrs is None else float(llrs[i])) for i, score in enumerate(scores)])
        return [
            tuple(p.judged(None, None) if p.samples is None else p.judged(*next(judged)) for p in pieces)
            for pieces in cut
        ]

    def left(self, track: str) -> tuple[VoiceWindow, ...]:
        """The track has ended: what was too short for a window."""
        return tuple(piece.judged(None, None) for piece in self._windows.flush(track))

    def _pieces(self, utterance: Utterance, language: str) -> list[Piece]:
        pieces = self._windows.add(utterance)
        known = self._calibration.languages if self._calibration else frozenset()
        if not known or language in known:
            return pieces
        return [piece.left_out(Abstained.LANGUAGE) for piece in pieces]
