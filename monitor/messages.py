"""The messages of the websocket feed: the contract with the console and with other tools.

`room-monitor feed-schema` prints them as JSON Schema; docs/reference/feed.md and the console's types come from that.
Numbered messages (with `seq`) are stored before they are sent and can be asked for again; the others are passing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from monitor.message_parts import (
    AbstainedView,
    IncidentView,
    Message,
    PersonView,
    RoomActionView,
    VoiceDetectorView,
    VoiceReason,
    VoiceSignView,
    VoiceView,
    VoiceWindowView,
)

__all__ = [
    "AbstainedView",
    "IncidentView",
    "Message",
    "PersonView",
    "RoomActionView",
    "VoiceDetectorView",
    "VoiceReason",
    "VoiceSignView",
    "VoiceView",
    "VoiceWindowView",
]


class SpeakerView(Message):
    """One participant, as shown."""

    id: str
    name: str
    talking: bool = False
    voice: VoiceView | None = Field(None, description="Of a participant: its voice so far; null: nothing was scored")
    opted_out: bool = Field(False, description="True: the host has opted them out, so that nobody listens to them")


class CoverageView(Message):
    """Seconds of speaker time by state of the ledger; `share` is (examined + vetoed) ÷ (examined + vetoed + lost)."""

    pending: float = 0.0
    silence: float = 0.0
    examined: float = 0.0
    vetoed: float = 0.0
    lost_network: float = 0.0
    lost_overload: float = 0.0
    lost_error: float = 0.0
    not_consented: float = 0.0
    total: float = 0.0
    share: float | None = None


class RoomView(Message):
    """One monitored room, as it is now."""

    id: str
    name: str
    state: Literal["idle", "joining", "live", "waiting", "leaving", "left", "failed"]
    detail: str = Field("", description="Why the room waits or failed, in plain words")
    page: str = Field("", description="Path of the page to join it with a browser, where there is one")
    speakers: list[SpeakerView] = Field([])
    coverage: CoverageView = CoverageView()
    canary: bool = Field(False, description="True: only the canary speaks there; its alerts are no matter for staff")
    consent: Literal["unasked", "announced", "granted", "paused", "withdrawn"] = Field(
        "granted", description="What the room has agreed to; listened to only where it is granted"
    )
    actions: list[Literal["mute", "remove"]] = Field([], description="What staff can have done to people there now")
    removed: bool = Field(False, description="True: it is no longer monitored; this is the last that is said of it")


class WordView(Message):
    """One word; seconds from the start of the utterance."""

    text: str
    start: float
    end: float
    probability: float


class SecondView(Message):
    """What a bigger model heard where the first one had found a hit: the reason for confirming or withdrawing it."""

    model: str
    text: str = Field(description="Its words there, may be empty")
    outcome: Literal["confirmed", "undecided", "withdrawn"]


class HitView(Message):
    """One phrase found, with what is needed to check it."""

    list_name: str
    list_version: str = Field(description="Digest of the list's content at the time")
    phrase: str = Field(description="As written in the list")
    severity: Literal["info", "low", "medium", "high", "critical"]
    matched: str = Field(description="The words as recognised")
    before: str
    after: str
    probability: float = Field(description="The lowest of the matched words', 0 to 1")
    spoken_at: float = Field(description="Unix time at which its last word ended")
    grade: Literal["A", "B", "C"] = Field(
        "A", description="A: exact, confident words; B: exact in an alternative, inflected or unsure; C: by sound"
    )
    way: Literal["exact", "inflected", "disguised", "alternative", "sound"] = Field(
        "exact", description="How it was found"
    )
    likeness: float = Field(1.0, description="0 to 1; below 1 where it was found by sound")
    tentative: bool = Field(
        False, description="True: heard once, in a sentence that was not over; its rest confirms or withdraws it"
    )
    second: SecondView | None = Field(None, description="The second hearing; null: none, or not yet")
    masked: bool = Field(False, description="True: personal data around it is hidden, as in [phone]")


class AlertView(Message):
    """An alert with its reason."""

    id: str
    room: str
    speaker: SpeakerView
    utterance: str
    severity: Literal["info", "low", "medium", "high", "critical"]
    state: Literal["open", "escalated", "confirmed", "withdrawn"]
    hits: list[HitView] = Field(description="Empty where it is about a voice")
    count: int = Field(description="Hits so far, repeats within the cool-down included")
    language: str
    spoken_at: float = Field(description="Unix time at which the hit's last word ended")
    raised_at: float = Field(description="Unix time")
    delay: float = Field(description="Seconds from spoken_at to raised_at")
    clip: str = Field(description="Path of the evidence clip (WAV), or empty")
    voice: VoiceSignView | None = Field(None, description="The reason, where it is about a voice; null: about words")
    masked: bool = Field(False, description="True: personal data is hidden; `POST /api/alerts/{alert}/reveal` shows it")
    incident: int | None = Field(None, description="The incident that it is part of; null: of none")


class Numbered(Message):
    seq: int = Field(description="Grows by one a message over all rooms; ask for what came after with ?after=")
    at: float = Field(description="Unix time")


class RoomChanged(Numbered):
    """A room has another state: joined, lost, left."""

    type: Literal["room"] = "room"
    room: RoomView


class SpeakerChanged(Numbered):
    """Somebody came or left."""

    type: Literal["speaker"] = "speaker"
    room: str
    speaker: SpeakerView
    change: Literal["joined", "left"]


class HeardMessage(Numbered):
    """One utterance, transcribed. Empty text with `ghosts` means that sound was heard and no speech was believed."""

    type: Literal["heard"] = "heard"
    room: str
    speaker: SpeakerView
    utterance: str
    began: float = Field(description="Unix time of its first sample")
    seconds: float
    language: str
    text: str
    words: list[WordView]
    cut: Literal["silence", "length", "gap", "left", "consent"]
    model: str
    took: float = Field(description="Seconds in the recogniser")
    ghosts: list[str] = Field([])
    masked: bool = Field(False, description="True: personal data is hidden, as in [phone]")


class AlertRaised(Numbered):
    """A new alert. It is in the database before this is sent."""

    type: Literal["alert"] = "alert"
    alert: AlertView


class AlertChanged(Numbered):
    """The same alert with more hits, escalated, confirmed or withdrawn."""

    type: Literal["alert_changed"] = "alert_changed"
    alert: AlertView


class IncidentsChanged(Numbered):
    """Incidents that are new or have changed, as they are now. Changes by alerts are told together, a few times a
    second; what a person decides is told at once."""

    type: Literal["incidents"] = "incidents"
    incidents: list[IncidentView]


class RoomActionChanged(Numbered):
    """Somebody is to be muted or removed in a room, or that was undone, is done, or failed."""

    type: Literal["room_action"] = "room_action"
    action: RoomActionView


class Behind(Numbered):
    """The recogniser can't keep up, or is up again."""

    type: Literal["behind"] = "behind"
    waiting_seconds: float = Field(description="Seconds of speech that wait")
    lost_seconds: float = Field(description="Seconds of speech given up since this began")
    recovered: bool = False


class EffortChanged(Numbered):
    """How much is done for each utterance follows the recogniser's queue, in steps; another one is taken now."""

    type: Literal["effort"] = "effort"
    step: int = Field(ge=0, description="0: everything is done; each further one does less")
    words: str = Field(description="What is done less, in plain words")
    oldest_seconds: float = Field(description="For how long the oldest utterance has waited")
    waiting_seconds: float = Field(description="Seconds of speech that wait, also on disk")
    late_seconds: float = Field(description="Of them, those on disk: heard later, once there is time")


class GapNoted(Numbered):
    """Something was not examined, and why."""

    type: Literal["gap"] = "gap"
    room: str
    speaker: SpeakerView | None
    began: float
    seconds: float
    state: Literal["vetoed", "lost-network", "lost-overload", "lost-error", "not-consented"]
    cause: str


class RuleStateChanged(Numbered):
    """A keyword list, or one rule of it, has another state of life: a person said so, or it was wrong too often."""

    type: Literal["rule_state"] = "rule_state"
    list_name: str
    rule: str = Field(description="Label of the rule; empty: the whole list")
    state: Literal["draft", "shadow", "live", "retired"] = Field(description="What it is now")
    before: Literal["draft", "shadow", "live", "retired"] = Field(description="What it was")
    who: str = Field(description="As given by whoever changed it; `room-monitor` where it demoted itself")
    why: str
    automatic: bool = Field(False, description="True: its precision was below its floor, so it demoted itself")


class CanaryRan(Numbered):
    """A known phrase was spoken into the canary's room, and this is what came of it."""

    type: Literal["canary"] = "canary"
    room: str
    list_name: str
    phrase: str = Field(description="Label of the rule that must find it")
    outcome: Literal["heard", "slow", "missed", "failed"] = Field(
        description="slow: alerted, but later than `within`; missed: not alerted; failed: it could not be spoken"
    )
    delay: float | None = Field(description="Seconds from the end of the recording to the alert; null: none came")
    within: float = Field(description="Seconds in which the alert is wanted")
    alert: str = Field(description="Id of the alert, or empty")
    asked: bool = Field(description="True: on request; false: it was its time")
    detail: str = Field(description="What happened, in plain words")


class VoiceChanged(Numbered):
    """A speaker's voice has another state: not enough speech, no sign, suspicious, alert."""

    type: Literal["voice"] = "voice"
    room: str
    speaker: SpeakerView
    voice: VoiceView
    before: Literal["not-enough-speech", "no-sign", "suspicious", "alert"] = Field(description="What it was")


class VoiceDetectorChanged(Numbered):
    """The voice detector failed and is switched off, can't keep up, or is well again."""

    type: Literal["voice_detector"] = "voice_detector"
    detector: VoiceDetectorView


class ModelChanged(Numbered):
    """Somebody wanted another model to hear. From this number on it does, or it failed and the one before goes on."""

    type: Literal["model"] = "model"
    model: str
    before: str = Field(description="What heard this until then")
    language: str = Field("", description="ISO 639-1; empty: all languages that have no model of their own")
    outcome: Literal["used", "failed"]
    detail: str = Field("", description="How it did when it was tried, in plain words")
    took: float = Field(0.0, description="Seconds until it was in use")


class EvidenceErased(Numbered):
    """Something was erased for good. Who shows any of it takes it away: these alerts, and what was said in these rooms
    is to be asked for again.
    """

    type: Literal["erased"] = "erased"
    rooms: list[str]
    alerts: list[str]


class Hello(Message):
    """First message: the present state. Numbered messages after `after` follow at once."""

    type: Literal["hello"] = "hello"
    version: str
    seq: int = Field(description="The newest number at this moment")
    after: int = Field(description="What follows starts after this number")
    truncated: bool = Field(False, description="True: messages after `after` are no longer kept in full")
    model: str
    lists: list[str] = Field(description="Keyword lists in force, name@version")
    problems: list[str] = Field([], description="What is wrong with lists that are refused: file, line, reason")
    rooms: list[RoomView]
    heartbeat: float = Field(description="Seconds between heartbeats")
    voices: VoiceDetectorView | None = Field(None, description="The synthetic-voice detector; null: there is none")
    effort: int = Field(0, ge=0, description="0: everything is done for each utterance; each further step does less")


class Talking(Message):
    """Somebody begins or ends to talk. Passing."""

    type: Literal["talking"] = "talking"
    room: str
    speaker: str
    talking: bool


class CoverageChanged(Message):
    """The coverage ledger of a room as it is now. Passing."""

    type: Literal["coverage"] = "coverage"
    room: str
    coverage: CoverageView


class VoiceNow(Message):
    """A speaker's voice after one more utterance, in the same state as before. Passing."""

    type: Literal["voice_now"] = "voice_now"
    room: str
    speaker: str = Field(description="Id")
    voice: VoiceView


class ListsChanged(Message):
    """Other keyword lists are in force, or a list was refused. Passing: `hello` has the present state too."""

    type: Literal["lists"] = "lists"
    lists: list[str] = Field(description="Keyword lists in force, name@version")
    problems: list[str] = Field(description="What is wrong with lists that are refused: file, line, reason")


class Heartbeat(Message):
    """The service lives and nothing else was to be told."""

    type: Literal["heartbeat"] = "heartbeat"
    at: float
    seq: int


class Goodbye(Message):
    """The service stops; come back with ?after=<seq>."""

    type: Literal["goodbye"] = "goodbye"
    seq: int


class Problem(Message):
    """The client sent something that can't be understood; the connection stays."""

    type: Literal["problem"] = "problem"
    code: str
    message: str


FeedMessage = Annotated[
    Hello
    | RoomChanged
    | SpeakerChanged
    | HeardMessage
    | AlertRaised
    | AlertChanged
    | IncidentsChanged
    | RoomActionChanged
    | Behind
    | EffortChanged
    | GapNoted
    | RuleStateChanged
    | CanaryRan
    | VoiceChanged
    | VoiceDetectorChanged
    | ModelChanged
    | EvidenceErased
    | Talking
    | CoverageChanged
    | VoiceNow
    | ListsChanged
    | Heartbeat
    | Goodbye
    | Problem,
    Field(discriminator="type"),
]
FEED: TypeAdapter[FeedMessage] = TypeAdapter(FeedMessage)
