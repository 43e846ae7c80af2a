"""How long what an alert rests on is kept: by its severity, and by what people said of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.evidence_model import Facts, Hold, Kind
from monitor.model import Severity

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Terms:
    """Days. A verdict moves the end: right keeps longer, wrong lets go sooner; a hold stands above both."""

    by_severity: Mapping[Severity, float]  # from when it was raised
    right: float  # at least so long after it was said
    wrong: float  # at most so long after it was said
    record: float  # what was said, and the feed's messages

    @property
    def shortest(self) -> float:
        """No alert goes earlier than so many days after it was raised, or judged."""
        return min(*self.by_severity.values(), self.wrong)


@dataclass(frozen=True, slots=True)
class Due:
    """When an alert goes, and why then."""

    at: float  # wall time
    why: str


def due(alert: Facts, terms: Terms) -> Due:
    days = terms.by_severity[alert.severity]
    end = Due(alert.raised_at + days * DAY, f"{alert.severity.value}: {days:g} days")
    match alert.verdict:
        case "right" if (later := alert.verdict_at + terms.right * DAY) > end.at:
            return Due(later, f"judged right: {terms.right:g} days from then")
        case "wrong" if (sooner := alert.verdict_at + terms.wrong * DAY) < end.at:
            return Due(sooner, f"judged wrong: {terms.wrong:g} days from then")
    return end


def standing(holds: list[Hold], now: float) -> list[Hold]:
    return [hold for hold in holds if hold.stands(now)]


def covers(hold: Hold, alert: Facts) -> bool:
    match hold.kind:
        case Kind.ROOM:
            return alert.room == hold.subject
        case Kind.SPEAKER:
            return alert.speaker == hold.subject and hold.room in ("", alert.room)
        case Kind.SESSION:
            return alert.session == hold.subject
        case Kind.ALERT:
            return alert.id == hold.subject


def held_by(alert: Facts, holds: list[Hold]) -> Hold | None:
    """The hold that keeps it, if any; of several the one that runs longest. `holds`: only those that stand."""
    return max((hold for hold in holds if covers(hold, alert)), key=lambda hold: hold.until, default=None)
