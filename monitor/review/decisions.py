"""What people do with an incident: decisions that are only ever added, and what stands when all are read. Pure.

| act      | who may                                     | what it means                                     |
|----------|---------------------------------------------|---------------------------------------------------|
| claim    | anybody while nobody holds it, not if done  | they hold it, until then                          |
| release  | the holder                                  | nobody holds it                                   |
| hand     | the holder; anybody while nobody holds it   | somebody else holds it                            |
| escalate | the same, not if done                       | escalated; nobody holds it                        |
| verdict  | the same; of a done one its decider         | of the whole incident: done; of one alert: noted  |
| note     | anybody                                     | nothing                                           |
| undo     | whoever made that decision, or a supervisor | as if it had not been made                        |

An incident is also done once each of its alerts has a verdict of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from monitor.errors import IncidentTaken
from monitor.review.incident import Incident, Judgement, Standing, Status


class Act(StrEnum):
    """What a decision does."""

    CLAIM = "claim"
    RELEASE = "release"
    HAND = "hand"
    ESCALATE = "escalate"
    VERDICT = "verdict"
    NOTE = "note"
    UNDO = "undo"


UNDOABLE = frozenset({Act.HAND, Act.ESCALATE, Act.VERDICT})
"""A claim is taken back by releasing it, and what was said in a note was said."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One entry. `id` grows; 0 before it is stored."""

    incident: int
    act: Act
    who: str
    at: float  # wall time
    id: int = 0
    alert: str = ""  # of a verdict: the one alert that it is about; empty: the whole incident
    until: float = 0.0  # of a claim or a hand-over: wall time at which it is over
    to: str = ""  # of a hand-over or an escalation
    verdict: Judgement | None = None
    reason: str = ""
    taken: str = ""
    note: str = ""  # may quote what was said: emptied when the alerts go
    undoes: int = 0  # of an undo: the decision


def standing(decisions: Iterable[Decision], alerts: int) -> Standing:
    """What stands. `decisions` in their order; `alerts`: how many are in the incident."""
    made = list(decisions)
    undone = {each.undoes for each in made if each.act is Act.UNDO}
    now = Standing()
    judged: dict[str, Decision] = {}
    for each in made:
        if each.id not in undone:
            now = _after(now, each, judged)
    if judged and len(judged) >= alerts and now.status is not Status.DONE:
        last = max(judged.values(), key=lambda each: each.at)
        said = {each.verdict for each in judged.values()}
        now = _done(now, replace(last, verdict=last.verdict if len(said) == 1 else Judgement.UNSURE))
    return now


def refuse(incident: Incident, decision: Decision, before: Sequence[Decision], supervisor: bool = False) -> None:
    """Raises IncidentTaken, which says why, where the decision can't be made. `before`: all of the incident."""
    holder = incident.standing.held(decision.at)
    if decision.act is Act.NOTE:
        return None
    if decision.act is Act.UNDO:
        return _refuse_undo(decision, before, supervisor)
    if holder and holder != decision.who and not (supervisor and decision.act in (Act.RELEASE, Act.HAND)):
        raise IncidentTaken(f"{holder} works on incident {incident.id}.")
    if decision.act is Act.RELEASE and not holder:
        raise IncidentTaken(f"Nobody holds incident {incident.id}.")
    if incident.standing.status is Status.DONE:
        _refuse_done(incident, decision)
    return None


def _refuse_done(incident: Incident, decision: Decision) -> None:
    by = incident.standing.decided_by
    if decision.act is Act.VERDICT and (by == decision.who or decision.alert):
        return
    raise IncidentTaken(f"{by} has decided incident {incident.id} already; that has to be undone first.")


def _refuse_undo(decision: Decision, before: Sequence[Decision], supervisor: bool) -> None:
    wanted = next((each for each in before if each.id == decision.undoes), None)
    if wanted is None or wanted.act not in UNDOABLE:
        raise IncidentTaken(f"There is no decision {decision.undoes} of this incident that can be undone.")
    if any(each.undoes == wanted.id for each in before if each.act is Act.UNDO):
        raise IncidentTaken(f"Decision {wanted.id} is undone already.")
    if wanted.who != decision.who and not supervisor:
        raise IncidentTaken(f"Decision {wanted.id} is {wanted.who}'s: only they can undo it.")


def _after(now: Standing, one: Decision, judged: dict[str, Decision]) -> Standing:
    match one.act:
        case Act.CLAIM:
            return replace(now, claimed_by=one.who, claimed_until=one.until)
        case Act.HAND:
            return replace(now, claimed_by=one.to, claimed_until=one.until)
        case Act.RELEASE:
            return _free(now)
        case Act.ESCALATE:
            return replace(_free(now), status=Status.ESCALATED, escalated_to=one.to)
        case Act.VERDICT if one.alert:
            judged[one.alert] = one
            return now
        case Act.VERDICT:
            return _done(now, one)
    return now


def _free(now: Standing) -> Standing:
    return replace(now, claimed_by="", claimed_until=0.0)


def _done(now: Standing, one: Decision) -> Standing:
    return replace(
        _free(now),
        status=Status.DONE,
        verdict=one.verdict,
        reason=one.reason,
        taken=one.taken,
        decided_by=one.who,
        decided_at=one.at,
    )
