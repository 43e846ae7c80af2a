"""What a hit means, and what an alert is, as pure functions: no memory, no clock.

- Who alerts: `worth` gives the severity with which a hit may alert, or None where it may not.
- What state an alert is in: `standing_state`, from what stands of it.
- What a second hearing says of a hit: `judge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from monitor.model import AlertState, Grade, KeywordHit, Reheard, RuleState, SecondHearing, Severity, Way

Highest = Mapping[Grade, Severity | None]
"""The highest severity that a hit of a grade can give an alert; None (or no entry): it alerts nobody by itself."""

HIGHEST: Highest = {Grade.A: Severity.CRITICAL, Grade.B: Severity.HIGH, Grade.C: None}
"""The defaults: A as its rule says, B never as bad as what pages people at night, C alone never."""


def worth(hit: KeywordHit, highest: Highest) -> Severity | None:
    """The severity with which the hit alerts by itself; None: it doesn't.

    Only live rules alert, whatever the grade; a hit that a second hearing has withdrawn alerts no longer.
    """
    if hit.state is not RuleState.LIVE or (hit.second and hit.second.outcome is Reheard.WITHDRAWN):
        return None
    most = highest.get(hit.grade)
    return None if most is None else min(hit.severity, most, key=_rank)


def standing_state(standing: int, confirmed: int, escalate_after: int) -> AlertState:
    """The state of an alert. `standing`: its hits that alert by themselves and were not withdrawn; `confirmed`: those
    of them that a second hearing confirmed.

    | standing         | confirmed | state     |
    |------------------|-----------|-----------|
    | 0                | 0         | WITHDRAWN |
    | ≥ escalate_after | any       | ESCALATED |
    | 1 or more        | ≥ 1       | CONFIRMED |
    | 1 or more        | 0         | OPEN      |
    """
    if standing == 0:
        return AlertState.WITHDRAWN
    if standing >= escalate_after:
        return AlertState.ESCALATED
    return AlertState.CONFIRMED if confirmed else AlertState.OPEN


def judge(first: KeywordHit, again: KeywordHit | None, model: str, text: str) -> KeywordHit:
    """The first hit after a second hearing. `again`: the best hit of the same rule at that place in what the bigger
    model heard, None where there is none; `text`: its words there.

    | again                           | outcome   | grade               |
    |---------------------------------|-----------|---------------------|
    | its best text has the words     | CONFIRMED | the better of both  |
    | by sound, or an alternative     | UNDECIDED | as it was           |
    | None                            | WITHDRAWN | as it was           |
    """
    if again is None:
        return replace(first, second=SecondHearing(model, text, Reheard.WITHDRAWN))
    if again.grade is Grade.C or again.way in (Way.SOUND, Way.ALTERNATIVE):
        return replace(first, second=SecondHearing(model, text, Reheard.UNDECIDED))
    grade = min(first.grade, again.grade, key=lambda g: g.value)
    return replace(first, grade=grade, second=SecondHearing(model, text, Reheard.CONFIRMED))


def _rank(severity: Severity) -> int:
    return severity.rank
