"""The types of consent that pass between the packages. Frozen; what they mean is in monitor/consent/."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.model import Speaker


class Consent(StrEnum):
    """Where a room's consent stands."""

    UNASKED = "unasked"  # nobody in the room was told of the monitor yet
    ANNOUNCED = "announced"  # the notice was shown; nobody has said yes or no
    GRANTED = "granted"
    PAUSED = "paused"  # for a while: what was said before it is examined to the end
    WITHDRAWN = "withdrawn"  # no: what waits to be examined is dropped as well


class Act(StrEnum):
    """What an entry says. The first four move the state, the others only what belongs to it."""

    ANNOUNCE = "announce"  # the notice was shown in the room
    GRANT = "grant"
    PAUSE = "pause"
    WITHDRAW = "withdraw"
    NOTICE = "notice"  # the text or the language of the notice is another
    OPT_OUT = "opt-out"  # of one speaker
    OPT_IN = "opt-in"


class Basis(StrEnum):
    """On whose word an entry rests."""

    POLICY = "policy"  # the operator's own: whoever configured the room answers for it
    HOST = "host"  # the host's, over their link
    ROOM = "room"  # the monitor's own doing in the room: the notice was shown


@dataclass(frozen=True, slots=True)
class ConsentEntry:
    """One change, or one showing of the notice. Only ever added."""

    room: str
    at: float  # wall time
    act: Act
    who: str  # who said so: "host link 3fa1…", "room-monitor", a name of staff
    basis: Basis
    notice: str = ""  # ANNOUNCE: what was shown; NOTICE: what is shown from now on
    language: str = ""  # of the notice, ISO 639-1
    way: str = ""  # ANNOUNCE: how it was shown, in plain words; empty: the room has no way
    to: tuple[str, ...] = ()  # ANNOUNCE: ids of those who came later and were told by themselves; empty: everybody
    speaker: Speaker | None = None  # OPT_OUT, OPT_IN
    id: int = 0  # the database's number


@dataclass(frozen=True, slots=True)
class HostLink:
    """A link as it is kept: without its token, which is shown once."""

    id: str
    room: str
    made_at: float  # wall time
    made_by: str
    note: str  # for whom it is
    expires_at: float  # wall time
    revoked_at: float = 0.0  # 0: it is not
    revoked_by: str = ""
    used_at: float = 0.0  # wall time of its last use, to the minute; 0: never

    def good(self, now: float) -> bool:
        return not self.revoked_at and now < self.expires_at
