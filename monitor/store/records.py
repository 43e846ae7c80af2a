"""What the database gives about keyword lists and their hits. Times are wall time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.model import Grade, KeywordHit, NearMiss, RuleState


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


class Judgement(StrEnum):
    """What a member of staff says of an alert or a hit."""

    RIGHT = "right"  # it is what the rule is for
    WRONG = "wrong"
    UNSURE = "unsure"


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
