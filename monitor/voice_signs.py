"""What can be said of a voice: the types that an alert carries. Imports nothing of ours: model.py uses it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
    BEHIND = "no time for it"
    FAILED = "the detector failed"


class VoiceLabel(StrEnum):
    """What a person says of a synthetic-voice signature, after listening. The first three are the words of labelling
    rules; a detector never sets any of them.
    """

    CONFIRMED = "confirmed"
    POSSIBLE = "possible"
    SUSPECTED = "suspected"
    DISMISSED = "dismissed"  # a person's own voice, or nothing that one could say so of


@dataclass(frozen=True, slots=True)
class VoiceWindow:
    """One window of speech, scored or abstained from."""

    start: float  # media time on the speaker's track, seconds
    end: float  # media time, seconds; pauses within are cut out before scoring
    speech: float  # seconds of speech in it
    score: float | None  # raw, higher = more synthetic; None: abstained
    llr: float | None  # natural log of synthetic : genuine; None: abstained, or no calibration
    abstained: Abstained | None = None


@dataclass(frozen=True, slots=True)
class SyntheticVoice:
    """What an alert of a synthetic-voice signature cites: a signature for review, never a verdict."""

    llr: float
    speech: float  # seconds of usable speech
    model: str
    calibration: str
    windows: tuple[VoiceWindow, ...]  # the strongest, each playable from the evidence clip
    withdrawn: bool = False  # evidence turned
    clip_start: float = 0.0  # media time of the clip's first sample, seconds
    label: VoiceLabel | None = None  # what a reviewer said last
