"""What the database gives about keyword lists, their hits, and voices. Times are wall time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.model import Grade, KeywordHit, NearMiss, RuleState, Speaker
from monitor.review.incident import Judgement as Judgement
from monitor.voice_model import VoiceLabel, VoiceState


@dataclass(frozen=True, slots=True)
class ListVersion:
    """One time at which a list was put."""

    id: int  # grows; the newest is the one put last
    name: str
    version: str
    who: str
    why: str
    at: float


@dataclass(frozen=True, slots=True)
class RuleStateSet:
    """One change of a rule's state."""

    id: int
    list_name: str
    rule: str  # label; empty: the whole list
    state: RuleState | None  # None: again as the list says
    who: str
    why: str
    at: float


@dataclass(frozen=True, slots=True)
class StoredHit:
    """One evaluated hit, alerted or not."""

    id: int
    at: float  # when it was stored
    utterance: str
    alert: str  # empty: none was raised
    room: str
    speaker_id: str
    language: str
    hit: KeywordHit

    @property
    def subject(self) -> str:
        """What a verdict on it is about: its alert, or where it has none, the hit."""
        return self.alert or f"hit-{self.id}"


@dataclass(frozen=True, slots=True)
class HitCount:
    """How often a rule was found in one state and grade."""

    list_name: str
    rule: str
    state: RuleState
    grade: Grade
    hits: int
    alerted: int  # of them, how many are in an alert


@dataclass(frozen=True, slots=True)
class StoredMiss:
    """One near miss."""

    id: int
    at: float
    utterance: str
    room: str
    language: str
    miss: NearMiss


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judgement. A newer one of the same person on the same subject stands in its place; both are kept."""

    id: int
    subject: str  # id of an alert, or StoredHit.subject
    list_name: str
    version: str
    rule: str
    grade: Grade
    verdict: Judgement
    who: str
    note: str
    at: float


@dataclass(frozen=True, slots=True)
class StoredVoice:
    """One speaker's voice in one visit. To keep one, what stands below `highest` comes from its VoiceStanding."""

    track: str
    room: str
    speaker: Speaker
    highest: float  # the highest LLR ever of the visit
    state: VoiceState = VoiceState.SHORT
    llr: float = 0.0
    speech: float = 0.0  # seconds of usable speech
    windows: int = 0
    abstained: Mapping[str, float] = field(default_factory=dict)  # seconds by reason
    model: str = ""
    calibration: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class VoiceJudgement:
    """What somebody said of an alert about a voice. The newest counts; all are kept."""

    id: int
    alert: str
    label: VoiceLabel
    model: str
    calibration: str
    llr: float  # of the alert at that time
    who: str
    note: str
    at: float


@dataclass(frozen=True, slots=True)
class Revision:
    """What another model heard in an utterance."""

    utterance: str
    model: str
    language: str
    began: float  # wall time of the first sample that was heard again: it may be before the utterance's
    seconds: float
    text: str
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class SavedView:
    """A filter of the review console that somebody keeps."""

    name: str
    query: str  # what follows the ? in the console's address
    at: float
