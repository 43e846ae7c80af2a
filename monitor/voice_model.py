"""The types that pass between the stages of the synthetic-voice detector. Frozen.

A *score* is a detector's raw output, oriented so that higher means more synthetic. An *LLR* is the natural logarithm of
the likelihood ratio synthetic : genuine that calibration made of it; 0 says nothing, ln 10 says ten times likelier.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model import Utterance
from monitor.voice_signs import Abstained, SyntheticVoice, VoiceLabel, VoiceState, VoiceWindow

__all__ = [
    "Abstained",
    "SyntheticVoice",
    "VoiceLabel",
    "VoiceScored",
    "VoiceStanding",
    "VoiceState",
    "VoiceWindow",
]


@dataclass(frozen=True, slots=True, eq=False)
class VoiceScored:
    """What one detector made of one utterance."""

    utterance: Utterance
    model: str  # name@digest
    calibration: str  # name of the calibration set; "" where there is none: then it can only abstain
    windows: tuple[VoiceWindow, ...]
    took: float  # seconds of CPU time


@dataclass(frozen=True, slots=True)
class VoiceStanding:
    """Where the evidence for one speaker stands."""

    state: VoiceState
    llr: float  # accumulated: clipped, discounted, capped (voices/evidence.py)
    speech: float  # seconds of usable speech that it rests on
    windows: int  # usable windows
    abstained: tuple[tuple[Abstained, float], ...]  # seconds of speech by reason, most first
    model: str
    calibration: str
    marks_only: bool  # True: the detector is at chance for what it can't claim, so it marks and never alerts
