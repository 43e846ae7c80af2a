"""What messages are made of where it is about voices, and the base of all of them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


VoiceReason = Literal[
    "too short",
    "too quiet",
    "too noisy",
    "music",
    "codec not calibrated for",
    "language not calibrated for",
    "no time for it",
    "the detector failed",
]


class AbstainedView(Message):
    """Speech of which the voice detector says nothing."""

    reason: VoiceReason
    seconds: float


class VoiceView(Message):
    """What is known of one speaker's voice in this visit: a likelihood and what it rests on, never a verdict."""

    state: Literal["not-enough-speech", "no-sign", "suspicious", "alert"] = Field(
        description="no-sign: no signature of what the detector claims to find; it is no proof of a person"
    )
    llr: float = Field(
        description="Natural log of the likelihood ratio synthetic : genuine so far, as far as it counts"
    )
    speech: float = Field(description="Seconds of usable speech that it rests on")
    windows: int = Field(description="Usable windows")
    abstained: list[AbstainedView] = Field(description="Speech of which nothing is said, and why; most first")
    model: str = Field(description="name@digest")
    calibration: str = Field(description="The calibration set; empty: none, so nothing can be said")
    marks_only: bool = Field(description="True: this detector marks and never alerts")


class VoiceWindowView(Message):
    """A stretch of the evidence clip that an alert cites."""

    at: float = Field(description="Seconds from the start of the clip")
    seconds: float = Field(description="Its length with the pauses")
    llr: float = Field(description="Of this window alone: natural log of synthetic : genuine")


class VoiceSignView(Message):
    """Why an alert was raised for a voice: a synthetic-voice signature, for review."""

    llr: float = Field(description="Natural log of the likelihood ratio synthetic : genuine when this was told")
    speech: float = Field(description="Seconds of usable speech that it rests on")
    model: str = Field(description="name@digest")
    calibration: str
    windows: list[VoiceWindowView] = Field(description="The strongest, in order of time")
    withdrawn: bool = Field(description="True: what was heard later speaks against it")
    label: Literal["confirmed", "possible", "suspected", "dismissed"] | None = Field(
        description="What a reviewer said last; null: nobody has yet. No detector ever sets it"
    )


class VoiceDetectorView(Message):
    """The synthetic-voice detector of the service."""

    state: Literal["on", "behind", "failed"] = Field(
        description="behind: it can't keep up and leaves speech out; failed: switched off, the rest goes on"
    )
    detail: str = Field(description="Why, in plain words; empty: it is well")
    model: str = Field(description="name@digest")
    calibration: str = Field(description="Empty: none")
    marks_only: bool = Field(description="True: it marks speakers and never alerts")
    claims: list[str] = Field(description="What it finds, as measured")
    chance: list[str] = Field(description="Where it is no better than chance")
