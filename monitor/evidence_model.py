"""What is known of evidence: the sessions that have keys, the clips, receipts, holds. Pure; imports the model alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from monitor.model import RATE, Severity


@dataclass(frozen=True, slots=True)
class RoomSession:
    """One visit of the monitor to a room, which has one key."""

    id: str
    room: str
    opened_at: float  # wall time
    closed_at: float | None
    key: bytes | None  # wrapped by the master key; None: destroyed
    master: str  # id of that master key
    fingerprint: str  # of the session's own key
    witness: bytes  # a known text under that key
    destroyed_at: float | None = None
    clips: int = 0


class ClipState(StrEnum):
    RECORDING = "recording"  # what comes after the hit is still to be added
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Clip:
    """The audio behind one alert: where it is, and what opens it."""

    alert: str
    session: str
    track: str
    room: str
    speaker: str  # id
    key: bytes  # wrapped by the session's key
    state: ClipState
    start: int  # media time of the first sample, samples
    samples: int
    until: int  # media time up to which it is wanted
    began: float  # wall time of the first sample

    @property
    def seconds(self) -> float:
        return self.samples / RATE

    @property
    def end(self) -> int:
        return self.start + self.samples


class Kind(StrEnum):
    """What can be held or erased."""

    ROOM = "room"
    SPEAKER = "speaker"
    SESSION = "session"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a key was destroyed, or data erased. Numbered without holes and chained: a receipt can't be slipped in,
    changed or taken away unnoticed.
    """

    id: int
    at: float  # wall time
    kind: str  # "session": its key; "clip": one clip's key; "erasure": what somebody asked for
    who: str
    why: str
    room: str
    session: str
    subject: str  # what was destroyed; a speaker by the hash of the id
    detail: Mapping[str, Any]
    digest: str  # SHA-256 over the digest before and what stands here


@dataclass(frozen=True, slots=True)
class Facts:
    """What counts for how long one alert is kept."""

    id: str
    room: str
    speaker: str  # id
    session: str  # id of the room-session of its clip; empty: it has no clip
    severity: Severity
    raised_at: float  # wall time
    verdict: str = ""  # the newest one: "right", "wrong", "unsure", or empty
    verdict_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold: nothing of its subject goes before it is released or has run out."""

    id: int
    kind: Kind
    subject: str  # id
    room: str  # of a speaker: the only room, or empty for all
    reason: str
    who: str
    at: float
    until: float  # wall time
    released_at: float | None = None
    released_by: str = ""
    release_reason: str = ""

    def stands(self, now: float) -> bool:
        return self.released_at is None and now < self.until


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be erased."""

    kind: Kind
    subject: str
    room: str = ""  # of a speaker: the only room, or empty for all


@dataclass(frozen=True, slots=True)
class Found:
    """What a scope comes to."""

    alerts: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()  # those of which all is meant: their keys go
    tracks: tuple[str, ...] = ()
    utterances: tuple[str, ...] = ()
    speakers: frozenset[tuple[str, str]] = frozenset()  # (room, id)
    rooms: frozenset[str] = frozenset()  # of which all is meant
    where: frozenset[str] = frozenset()  # rooms that it touches

    @property
    def anything(self) -> bool:
        return bool(self.alerts or self.sessions or self.tracks or self.utterances)


@dataclass(frozen=True, slots=True)
class Erased:
    """What was taken out of the database."""

    found: Found
    rows: Mapping[str, int] = field(default_factory=dict)  # by table
