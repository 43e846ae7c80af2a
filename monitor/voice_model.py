"""The types that pass between the stages of the synthetic-voice detector. Frozen; imports `monitor.model` alone.

A *score* is a detector's raw output, oriented so that higher means more synthetic. An *LLR* is the natural logarithm of
the likelihood ratio synthetic : genuine that calibration made of it; 0 says nothing, ln 10 says ten times likelier.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.model import Utterance


class VoiceState(StrEnum):
    """What is known of one speaker's voice in one visit."""

    SHORT = "not-enough-speech"
    CLEAR = "no-sign"
    SUSPICIOUS = "suspicious"
    ALERT = "alert"


class Abstained(StrEnum):
    """Why a window says nothing."""

    SHORT = "too short"
    QUIET = "too quiet"
    NOISY = "too noisy"
    MUSIC = "music"
    CODEC = "codec not calibrated for"
    LANGUAGE = "language not calibrated for"
    FAILED = "the detector failed"


@dataclass(frozen=True, slots=True)
class VoiceWindow:
    """One window of speech, scored or abstained from."""

    start: float  # media time on the speaker's track, seconds
    end: float  # media time, seconds; pauses within are cut out before scoring
    speech: float  # seconds of speech in it
    score: float | None  # raw, higher = more synthetic; None: abstained
    llr: float | None  # natural log of synthetic : genuine; None: abstained, or no calibration
    abstained: Abstained | None = None


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


@dataclass(frozen=True, slots=True)
class SyntheticVoice:
    """What an alert of a synthetic-voice signature cites: a signature for review, never a verdict."""

    llr: float
    speech: float  # seconds of usable speech
    model: str
    calibration: str
    windows: tuple[VoiceWindow, ...]  # the strongest, each playable from the evidence clip
    withdrawn: bool = False  # evidence turned
