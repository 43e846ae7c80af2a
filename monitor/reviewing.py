"""What staff do with incidents: asked here, written into the audit log, then done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from monitor.audit.trail import Trail
from monitor.errors import IncidentUnknown, StoreFailed
from monitor.review.decisions import Act, Decision, refuse
from monitor.review.incident import Incident
from monitor.store.store import Store

log = structlog.get_logger()

TOLD_EVERY = 0.25
"""Seconds between two messages about incidents that alerts have changed: a burst of alerts is a few messages."""

_NOTED = {
    Act.CLAIM: "incident.claimed",
    Act.RELEASE: "incident.released",
    Act.HAND: "incident.handed",
    Act.ESCALATE: "incident.escalated",
    Act.VERDICT: "incident.decided",
    Act.NOTE: "incident.noted",
    Act.UNDO: "incident.undone",
}


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """As the settings say."""

    claim: float = 900.0  # seconds that a claim holds
    undo: float = 5.0  # seconds in which an action in a room can be undone
    reasons: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()


PLAN = ReviewPlan()


class Reviews:
    """The one door for decisions of people about incidents."""

    def __init__(self, store: Store, trail: Trail, plan: ReviewPlan, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._trail = trail
        self._plan = plan
        self._clock = clock

    async def claim(self, incident: int, who: str) -> Incident:
        """Theirs for the plan's seconds, and by the same person again: from now on. Raises IncidentUnknown,
        IncidentTaken.
        """
        now = self._clock()
        known = await self._store.incident(incident)
        left = known.standing.claimed_until - now if known else 0.0
        if known and known.standing.held(now) == who and left > self._plan.claim / 2:
            return known  # a console that says so again and again fills no log
        return (await self.do(Decision(incident, Act.CLAIM, who, now, until=now + self._plan.claim)))[0]

    async def hand(self, incident: int, who: str, to: str, note: str, supervisor: bool) -> tuple[Incident, Decision]:
        """Raises IncidentUnknown, IncidentTaken."""
        now = self._clock()
        until = now + self._plan.claim
        return await self.do(Decision(incident, Act.HAND, who, now, to=to, note=note, until=until), supervisor)

    async def do(self, asked: Decision, supervisor: bool = False) -> tuple[Incident, Decision]:
        """Raises IncidentUnknown, IncidentTaken. Looked at before it is noted, so that the audit log has no refusals;
        looked at again with the write, so that of two who ask at once one gets it.
        """
        known = await self._store.incident(asked.incident)
        if known is None:
            raise IncidentUnknown(f"There is no incident {asked.incident}; it may be older than they are kept.")
        refuse(known, asked, await self._store.decisions(asked.incident), supervisor)
        await self._note(known, asked)
        return await self._store.decide(asked, supervisor)

    async def _note(self, known: Incident, asked: Decision) -> None:
        """Without notes and without words of the alerts: this log is kept for good."""
        detail: dict[str, str | int] = {
            "alert": asked.alert,
            "to": asked.to,
            "verdict": asked.verdict.value if asked.verdict else "",
            "reason": asked.reason,
            "taken": asked.taken,
            "undoes": asked.undoes,
        }
        said = {key: value for key, value in detail.items() if value}
        await self._trail.note(asked.who, _NOTED[asked.act], str(known.id), known.room, **said)


async def tell(store: Store, every: float = TOLD_EVERY) -> None:
    """For ever: the feed is told of incidents that alerts have changed, all of a moment together."""
    while True:
        await store.untold_incidents()
        try:
            await store.tell_incidents()
        except StoreFailed as error:  # they are marked as untold: the next try tells of them
            log.error("incidents not told", reason=str(error))
        await asyncio.sleep(every)
