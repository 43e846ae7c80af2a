"""Which alerts are one matter for people: an incident. Pure.

An alert belongs to one incident. The table, first line that fits:

| the alert                                                              | goes to                       |
|------------------------------------------------------------------------|-------------------------------|
| same rule as the one that opened an incident, in any room, `across`    | that incident, with its rooms |
| same room and speaker as the first alert of an incident, `together`    | that incident                 |
| anything else                                                          | an incident of its own        |

`across` and `together` are seconds since the incident's last alert. Nothing joins what people are done with, what is
full, or what has gone on for too long: a rule that many people meet all day must not make one incident of a day.
Only the rule that *opened* an incident draws alerts of other people into it. Otherwise one who says two phrases would
join two matters that have nothing to do with each other, and in the end everything would be one incident.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from monitor.model import Alert, Severity, Speaker

MOST_ALERTS = 200
"""Alerts in one incident; what comes then opens another."""
LONGEST = 3600.0
"""Seconds after its first alert in which an incident takes more."""
MOST_NAMED = 20
"""Rooms and rules that an incident names; `room_count` counts all of its rooms."""


class Status(StrEnum):
    """Where an incident is in the hands of people."""

    OPEN = "open"
    ESCALATED = "escalated"  # somebody wants it decided by somebody else
    DONE = "done"


class Judgement(StrEnum):
    """What a member of staff says of an alert or a hit."""

    RIGHT = "right"  # it is what the rule is for
    WRONG = "wrong"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Standing:
    """What people have decided so far: made of the decisions, see decisions.standing."""

    status: Status = Status.OPEN
    claimed_by: str = ""
    claimed_until: float = 0.0  # wall time; a claim that is over binds nobody
    escalated_to: str = ""  # as given; empty: anybody
    verdict: Judgement | None = None
    reason: str = ""  # of the policy that it breaks, or not
    taken: str = ""  # what was done about it
    decided_by: str = ""
    decided_at: float = 0.0  # wall time

    def held(self, now: float) -> str:
        """Who has it now; empty: nobody."""
        return self.claimed_by if self.claimed_until > now else ""


@dataclass(frozen=True, slots=True)
class Incident:
    """Alerts that are one matter."""

    id: int
    severity: Severity  # the worst of its alerts that stand
    room: str  # of the alert that opened it
    speaker: Speaker  # of the same
    list_name: str  # of the same; empty: it is about a voice
    rule: str
    phrases: tuple[str, ...]  # labels of all its rules, at most MOST_NAMED
    rooms: tuple[str, ...]  # at most MOST_NAMED
    room_count: int
    alerts: int
    withdrawn: int  # of them, those that a second hearing took back
    opened_at: float  # wall time at which the first was raised
    last_at: float  # and the newest
    last_alert: str  # id of the newest
    standing: Standing = Standing()


@dataclass(frozen=True, slots=True)
class Grouping:
    """How alerts are put together. `apart`: rooms whose alerts are no matter for staff."""

    together: float = 300.0
    across: float = 120.0
    apart: frozenset[str] = frozenset()

    def home(self, alert: Alert, open_ones: Iterable[Incident]) -> Incident | None:
        """The incident that the alert joins; None: one of its own. `open_ones`: those that may be it, in any order."""
        fit = [each for each in open_ones if _takes_more(each, alert.raised_at)]
        newest_first = sorted(fit, key=lambda each: each.id, reverse=True)
        name, rule = opened_by(alert)
        for each in newest_first:
            same = bool(rule) and (each.list_name, each.rule) == (name, rule)
            if same and alert.raised_at - each.last_at <= self.across:
                return each
        for each in newest_first:
            same = (each.room, each.speaker.id) == (alert.room, alert.speaker.id)
            if same and alert.raised_at - each.last_at <= self.together:
                return each
        return None


def opened_by(alert: Alert) -> tuple[str, str]:
    """List and label of the rule that raised it; both empty where it is about a voice."""
    first = next(iter(alert.hits), None)
    return (first.list_name, first.phrase) if first else ("", "")


def _takes_more(incident: Incident, now: float) -> bool:
    if incident.standing.status is Status.DONE or incident.alerts >= MOST_ALERTS:
        return False
    return now - incident.opened_at <= LONGEST
