"""When a hit is a new alert, and when it belongs to one that people know already. Pure: the caller brings the clock.

The same phrase of the same list, said by the same speaker in the same room, is one alert for as long as it keeps coming
within the cool-down; each repeat is counted and kept. From `escalate_after` hits on it is escalated.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from monitor.model import Alert, AlertState, KeywordHit, Severity, Utterance

MAX_HITS = 20
"""Hits kept in one alert: the first, and the newest. `count` says how many there were."""
MAX_OPEN = 10_000
"""Alerts that later hits can still join. Beyond, the one quiet for longest is closed: its next hit is a new alert."""
MAX_LAG = 600.0
"""Seconds by which recognition may lag behind speech: an alert is remembered for that long beyond its cool-down."""

_Key = tuple[str, str, str, str]  # room, speaker, list, phrase


@dataclass(frozen=True, slots=True)
class Decision:
    """What to tell: `alert` is new, or an alert told before that has changed."""

    alert: Alert
    new: bool
    escalated: bool  # with this very hit


@dataclass(slots=True)
class _Open:
    alert: Alert
    last: float  # spoken_at of the latest hit, wall time
    touched: float  # `now` of the latest decision, wall time


class Policy:
    """Knows the alerts that later hits may still join, and forgets the others."""

    def __init__(self, cool_down: float, escalate_after: int, new_id: Callable[[], str]) -> None:
        """`cool_down`: seconds between two hits, as spoken, within which they are one alert; 0 merges nothing but what
        ends at the same moment. `escalate_after`: hits that escalate an alert. `new_id`: the id of each new alert.
        """
        if cool_down < 0 or escalate_after < 2:
            raise ValueError("cool_down must be 0 or more, escalate_after 2 or more")
        self._cool_down = cool_down
        self._escalate_after = escalate_after
        self._new_id = new_id
        self._open: OrderedDict[_Key, _Open] = OrderedDict()  # the one touched last at the end

    def __len__(self) -> int:
        """Alerts that later hits can still join."""
        return len(self._open)

    def decide(self, hit: KeywordHit, utterance: Utterance, spoken_at: float, now: float, language: str) -> Decision:
        """What a hit means. `spoken_at`: wall time at which its last word ended; `now`: wall time."""
        self._forget(now)
        key = (utterance.room, utterance.speaker.id, hit.list_name, hit.phrase)
        known = self._open.pop(key, None)
        if known and abs(spoken_at - known.last) <= self._cool_down:
            decision = self._merge(known.alert, hit)
            last = max(known.last, spoken_at)
        else:
            decision = Decision(self._first(hit, utterance, spoken_at, now, language), new=True, escalated=False)
            last = spoken_at
        self._open[key] = _Open(decision.alert, last, now)
        while len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)
        return decision

    def attach_clip(self, alert: str, clip: str) -> Alert | None:
        """The alert with the name of its evidence clip, so that later changes carry it; None once it is closed."""
        for known in self._open.values():
            if known.alert.id == alert:
                known.alert = replace(known.alert, clip=clip)
                return known.alert
        return None

    def _first(self, hit: KeywordHit, utterance: Utterance, spoken_at: float, now: float, language: str) -> Alert:
        return Alert(
            id=self._new_id(),
            room=utterance.room,
            speaker=utterance.speaker,
            utterance=utterance.id,
            severity=hit.severity,
            state=AlertState.OPEN,
            hits=(hit,),
            count=1,
            language=language,
            spoken_at=spoken_at,
            raised_at=now,
        )

    def _merge(self, alert: Alert, hit: KeywordHit) -> Decision:
        count = alert.count + 1
        hits = (*alert.hits, hit)
        if len(hits) > MAX_HITS:  # the first raised the alert: it stays
            hits = (hits[0], *hits[2:])
        escalate = count >= self._escalate_after
        severity = max(alert.severity, hit.severity, key=_rank)
        state = AlertState.ESCALATED if escalate else alert.state
        changed = replace(alert, count=count, hits=hits, severity=severity, state=state)
        return Decision(changed, new=False, escalated=state is not alert.state)

    def _forget(self, now: float) -> None:
        while self._open:
            key, oldest = next(iter(self._open.items()))
            if now - oldest.touched <= self._cool_down + MAX_LAG:
                return
            del self._open[key]


def _rank(severity: Severity) -> int:
    return severity.rank
