"""The core types that pass between the stages. Frozen; of ours this module imports the signs of a voice alone.

Time has two kinds here, and the field says which:
- *media time*: samples at 16 kHz since the speaker's track began (int, so it never drifts), or seconds made from it;
- *wall time*: seconds since the Unix epoch (UTC, float).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from monitor.voice_signs import SyntheticVoice

RATE = 16_000
"""Samples per second, everywhere after the receiver."""
FRAME = 320
"""Samples in one audio frame: 20 ms."""

Samples = NDArray[np.int16]
"""Mono PCM at RATE."""


class Origin(StrEnum):
    """Where the samples of a frame come from."""

    HEARD = "heard"  # decoded from the network (in-band FEC counts: the words are there)
    QUIET = "quiet"  # the sender was silent on purpose (DTX, mute): nothing was lost
    LOST = "lost"  # a hole in the network, filled with concealment or silence
    OVERLOAD = "overload"  # it came, but we were too slow: dropped from the buffer, silence in its place
    FOREIGN = "foreign"  # sent in a way that we can't hear, another codec for one: silence in its place


@dataclass(frozen=True, slots=True, eq=False)
class AudioFrame:
    """20 ms of one speaker."""

    start: int  # media time, samples
    samples: Samples  # shape (FRAME,), int16
    origin: Origin = Origin.HEARD
    arrived: float = 0.0  # wall time at which it came out of the receiver
    cause: str = ""  # of a LOST one, where more is known than that packets were lost


@dataclass(frozen=True, slots=True)
class Speaker:
    """One participant whose voice is followed."""

    id: str  # unique within the room for one visit
    name: str  # display name, may repeat


class Cut(StrEnum):
    """Why an utterance ended."""

    SILENCE = "silence"
    LENGTH = "length"  # too long: the next one begins with an overlap
    GAP = "gap"  # audio stopped coming, or a hole too long to hear across
    LEFT = "left"  # the speaker or the monitor left
    CONSENT = "consent"  # consent was withdrawn: the audio is dropped


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """A stretch of speech of one speaker: what the room half hands to the house half."""

    id: str
    room: str
    speaker: Speaker
    track: str  # id of the visit of this speaker: the ledger's key
    began: float  # wall time at which the first sample was heard
    start: int  # media time of the first sample, samples
    audio: Samples  # shape (n,), int16
    cut: Cut
    overlap: int = 0  # samples at the head that the utterance before has as well
    mixed: bool = False  # the room gives one mix of all: nothing can be said of one person's voice
    open: bool = False  # the speaker has perhaps not finished: more may follow under the same id

    @property
    def end(self) -> int:
        """Media time just after the last sample, samples."""
        return self.start + len(self.audio)

    @property
    def seconds(self) -> float:
        return len(self.audio) / RATE


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word. Times are seconds of media time on the speaker's track."""

    text: str  # as recognised, with its leading space where the script has spaces
    start: float
    end: float
    probability: float  # 0..1, the recogniser's own


@dataclass(frozen=True, slots=True, eq=False)
class Transcript:
    """What the recogniser heard in one utterance."""

    utterance: Utterance
    language: str  # ISO 639-1
    words: tuple[Word, ...]
    model: str  # name of the model that heard it
    took: float  # seconds of wall time in the recogniser
    ghosts: tuple[str, ...] = ()  # texts that the guards refused, each with its reason: "reason: text"
    alternatives: tuple[tuple[Word, ...], ...] = ()  # what else it may have been, best first; without the best itself
    full: bool = True  # heard over the model's full context; False: over a short one
    alternatives_took: float = 0.0  # seconds of `took` that went into looking for them; 0: not looked for
    biased: bool = False  # decoding was biased towards the lists (hotwords, prompt): a hit in it is weak evidence

    @property
    def text(self) -> str:
        return "".join(w.text for w in self.words).strip()


class Severity(StrEnum):
    """How bad a hit is; ordered by RANK."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Grade(StrEnum):
    """How strong a hit is as evidence that the words were said; A is the strongest."""

    A = "A"  # exact, in an unbiased transcript, with confident words
    B = "B"  # exact in an alternative hypothesis, with unsure words, or after inflection or unfolding of a disguise
    C = "C"  # by sound, or only with decoding biased towards the list


class Way(StrEnum):
    """How a hit was found."""

    EXACT = "exact"
    INFLECTED = "inflected"  # another form of the same words
    DISGUISED = "disguised"  # leet, look-alike letters, letters set apart
    ALTERNATIVE = "alternative"  # in another hypothesis of the recogniser
    SOUND = "sound"  # it sounds alike


class RuleState(StrEnum):
    """Where a list, or one of its rules, is in its life."""

    DRAFT = "draft"  # checked, not evaluated
    SHADOW = "shadow"  # evaluated and counted, no alert
    LIVE = "live"
    RETIRED = "retired"  # kept for the record


class Reheard(StrEnum):
    """What a second hearing with a bigger model says of a hit."""

    CONFIRMED = "confirmed"  # it heard the rule's words there, too
    UNDECIDED = "undecided"  # something that only sounds like them
    WITHDRAWN = "withdrawn"  # it heard other words there, or none


@dataclass(frozen=True, slots=True)
class SecondHearing:
    """The bigger model's answer to one hit, with its words as the reason."""

    model: str
    text: str  # what it heard there; may be empty
    outcome: Reheard


@dataclass(frozen=True, slots=True)
class KeywordHit:
    """One rule of a list, found in what somebody said."""

    list_name: str
    list_version: str  # short digest of the list's content
    phrase: str  # the rule's label, as written in the list
    severity: Severity
    matched: str  # the words as recognised
    before: str  # words before the hit, same speaker
    after: str  # words after it
    start: float  # media time of the first matched word, seconds
    end: float  # media time of the end of the last matched word, seconds
    probability: float  # lowest probability of the matched words
    spoken_at: float = 0.0  # wall time at which the last matched word ended
    grade: Grade = Grade.A
    way: Way = Way.EXACT
    likeness: float = 1.0  # 0..1; below 1 where it was found by sound
    state: RuleState = RuleState.LIVE  # of the rule at the time: only live ones raise alerts
    cool_down: float | None = None  # seconds within which repeats are one alert; None: the policy's
    second: SecondHearing | None = None  # None: not heard again, or not yet
    tentative: bool = False  # heard once, in an utterance that was not over: the rest of it may say otherwise


@dataclass(frozen=True, slots=True)
class NearMiss:
    """What almost was a hit, and why it was none."""

    list_name: str
    list_version: str
    phrase: str  # the rule's label
    matched: str  # the words as recognised
    before: str
    after: str
    start: float  # media time, seconds
    end: float
    likeness: float  # 0..1, how near it came
    wanted: float  # 0..1, from which it would have been a hit; 1 where only the exact phrase is
    cause: str  # plain words: "sounds alike, 0.78 of the wanted 0.85", "covered by the exception '...'"


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance's text as keyword lists are searched in, kept so that a change of a list can be tried on it."""

    form: str  # which normal form it is in: texts of another one can't be compared
    normal: str  # one line for each stretch without a long pause
    unfolded: str = ""  # the same with disguises undone, where that makes a difference


@dataclass(frozen=True, slots=True)
class Recorded:
    """An utterance as it was stored, to be searched again."""

    seq: int  # number of its event: grows with time
    id: str
    room: str
    speaker: str  # id
    track: str
    began: float  # wall time
    seconds: float
    language: str  # ISO 639-1
    biased: bool
    words: tuple[Word, ...]  # their times are wall time here, so that those of several utterances compare


@dataclass(frozen=True, slots=True)
class Judged:
    """What staff said of a rule's alerts and hits, each counted once, and the precision that follows from it."""

    list_name: str
    rule: str
    right: int
    wrong: int
    unsure: int  # also where two people disagree
    first: float  # wall time of the oldest and the newest verdict that counts
    last: float

    @property
    def value(self) -> float | None:
        """right ÷ (right + wrong); None before the first of them."""
        decided = self.right + self.wrong
        return self.right / decided if decided else None

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval; 0 before the first verdict."""
        return self._wilson(-1)

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval; 1 before the first verdict."""
        return self._wilson(1)

    def _wilson(self, side: int) -> float:
        """Wilson's score interval (E. B. Wilson, JASA 22, 1927): holds with few verdicts, and never leaves 0 to 1."""
        n = self.right + self.wrong
        if not n:
            return 0.0 if side < 0 else 1.0
        z = 1.959964
        share = self.right / n
        spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        return min(1.0, max(0.0, (share + z * z / (2 * n) + side * spread) / (1 + z * z / n)))


class AlertState(StrEnum):
    OPEN = "open"
    ESCALATED = "escalated"
    CONFIRMED = "confirmed"  # a second hearing with a bigger model heard it too
    WITHDRAWN = "withdrawn"  # the second hearing did not


@dataclass(frozen=True, slots=True)
class Alert:
    """What people are told, with the reason for it."""

    id: str
    room: str
    speaker: Speaker
    utterance: str  # id of the utterance of the first hit
    severity: Severity
    state: AlertState
    hits: tuple[KeywordHit, ...]  # the first one raised it; repeats within the cool-down are merged in; none of a voice
    count: int  # hits so far, also those no longer kept in `hits`
    language: str
    spoken_at: float  # wall time at which the first hit's last word ended
    raised_at: float  # wall time
    clip: str = ""  # name of the evidence clip, empty where there is none
    voice: SyntheticVoice | None = None  # the reason, where it is about a voice and not about words
    incident: int | None = None  # the matter that it is part of; given when it is stored; None: of none


class RoomState(StrEnum):
    """See monitor/rooms/lifecycle.py for the table."""

    IDLE = "idle"
    JOINING = "joining"
    LIVE = "live"
    WAITING = "waiting"
    LEAVING = "leaving"
    LEFT = "left"
    FAILED = "failed"


class Heard(StrEnum):
    """The states of the coverage ledger: each sample of each speaker is in exactly one."""

    PENDING = "pending"  # heard, not settled yet
    SILENCE = "silence"
    EXAMINED = "examined"
    VETOED = "vetoed"  # sounded, but is not speech (second VAD or ghost guard); no text is shown for it
    LOST_NETWORK = "lost-network"
    LOST_OVERLOAD = "lost-overload"
    LOST_ERROR = "lost-error"
    NOT_CONSENTED = "not-consented"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Seconds of one track (or, added up, of one room) by state."""

    seconds: dict[Heard, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return sum(self.seconds.values())

    @property
    def lost(self) -> float:
        return sum(s for state, s in self.seconds.items() if state.value.startswith("lost-"))

    @property
    def share(self) -> float | None:
        """(examined + vetoed) ÷ (examined + vetoed + lost); None before any sound."""
        seen = self.seconds.get(Heard.EXAMINED, 0.0) + self.seconds.get(Heard.VETOED, 0.0)
        return seen / (seen + self.lost) if seen + self.lost > 0 else None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of a speaker's track, or of a whole room, that was not examined, with its cause."""

    room: str
    speaker: Speaker | None  # None: the whole room (for example after a crash)
    track: str
    began: float  # wall time
    seconds: float
    state: Heard  # one of the lost states, VETOED or NOT_CONSENTED
    cause: str  # plain words


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log: see monitor/audit/chain.py."""

    number: int  # 1, 2, 3 … without a hole
    at: float  # wall time, whole milliseconds
    who: str
    action: str  # "evidence.heard", "alert.decided" …
    subject: str  # id of what it was done to; may be empty
    room: str  # empty: about no single room
    detail: str  # canonical JSON of an object
    previous: str  # hash of the entry before; 64 zeros before the first
    hash: str  # SHA-256, hex
