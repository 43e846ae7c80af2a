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


class PersonView(Message):
    """A participant, by name."""

    id: str
    name: str


class IncidentView(Message):
    """Alerts that are one matter for people: of one speaker in one room, or of the same rule in several rooms."""

    id: int
    status: Literal["open", "escalated", "done"]
    severity: Literal["info", "low", "medium", "high", "critical"] = Field(
        description="The worst of its alerts that stand"
    )
    room: str = Field(description="Of the alert that opened it")
    speaker: PersonView = Field(description="Of the same")
    list_name: str = Field(description="Of the same; empty: it is about a voice")
    phrase: str = Field(description="Label of the rule that opened it; empty: it is about a voice")
    phrases: list[str] = Field(description="Labels of all its rules, at most 20")
    rooms: list[str] = Field(description="At most 20 of its rooms")
    room_count: int
    alerts: int
    withdrawn: int = Field(description="Of its alerts, those that a second hearing took back")
    opened_at: float = Field(description="Unix time at which its first alert was raised")
    last_at: float = Field(description="The same of its newest")
    last_alert: str = Field(description="Id of its newest alert")
    claimed_by: str = Field(description="Who works on it; empty: nobody")
    claimed_until: float = Field(description="Unix time at which the claim is over; one that is over binds nobody")
    escalated_to: str = Field(description="As given; empty: to anybody, or not at all")
    verdict: Literal["right", "wrong", "unsure"] | None = Field(description="null: not decided")
    reason: str = Field(description="Of the policy, as given")
    taken: str = Field(description="What was done about it, as given")
    decided_by: str
    decided_at: float = Field(description="Unix time; 0: not decided")


class RoomActionView(Message):
    """Somebody is muted in a room, or removed from it, because a person asked for it."""

    id: int
    room: str
    speaker: PersonView
    action: Literal["mute", "remove"]
    who: str = Field(description="Who asked for it")
    why: str
    incident: int | None = Field(description="What it is about; null: as given")
    asked_at: float = Field(description="Unix time")
    due_at: float = Field(description="Unix time at which it is done; until then it can be undone")
    state: Literal["waiting", "undone", "done", "failed"]
    detail: str = Field(description="Why it failed, or by whom it was undone, in plain words")
    ended_at: float = Field(description="Unix time; 0: not yet")


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
