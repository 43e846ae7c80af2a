"""When a hit is a new alert, and when it belongs to one that people know already. Pure: the caller brings the clock.

The same rule of the same list, met by the same speaker in the same room, is one alert for as long as it keeps coming
within the cool-down; each repeat is counted and kept. Which hits alert, and how severely, is a matter of their grade
(grading.py). A hit too weak to alert by itself joins an alert that is there, as one more sign, and moves nothing.
A second hearing confirms or withdraws hits; an alert of which nothing stands any more is withdrawn, and what comes
after it is a new one.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from monitor.alerts.grading import HIGHEST, Highest, standing_state, worth
from monitor.model import Alert, AlertState, KeywordHit, Reheard, RuleState, Severity, Utterance

MAX_HITS = 20
"""Hits kept in one alert: the first, and the newest. `count` says how many there were."""
MAX_OPEN = 10_000
"""Alerts that later hits or second hearings can change. Beyond, the one quiet for longest is closed."""
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
    key: _Key
    alert: Alert
    cool_down: float
    last: float  # spoken_at of the latest hit, wall time
    touched: float  # `now` of the latest decision, wall time
    standing: Counter[Severity] = field(default_factory=Counter)  # hits that alert by themselves, not withdrawn
    confirmed: int = 0

    def stand(self, severity: Severity | None, by: int) -> None:
        if severity is not None:
            self.standing[severity] += by

    def settled(self, escalate_after: int) -> Alert:
        """The alert in the state and with the severity that what stands of it gives."""
        worst = max((s for s, n in self.standing.items() if n > 0), key=_rank, default=self.alert.severity)
        state = standing_state(self.standing.total(), self.confirmed, escalate_after)
        self.alert = replace(self.alert, severity=worst, state=state)
        return self.alert


class Policy:
    """Knows the alerts that later hits may still join or change, and forgets the others."""

    def __init__(
        self, cool_down: float, escalate_after: int, new_id: Callable[[], str], highest: Highest = HIGHEST
    ) -> None:
        """`cool_down`: seconds between two hits, as spoken, within which they are one alert, where their rule doesn't
        say; 0 merges nothing but what ends at the same moment. `escalate_after`: hits that escalate an alert.
        `new_id`: the id of each new alert. `highest`: what each grade may do.
        """
        if cool_down < 0 or escalate_after < 2:
            raise ValueError("cool_down must be 0 or more, escalate_after 2 or more")
        self._cool_down = cool_down
        self._escalate_after = escalate_after
        self._new_id = new_id
        self._highest = highest
        self._longest = cool_down  # of all cool-downs seen
        self._known: OrderedDict[str, _Open] = OrderedDict()  # by alert id; the one touched last at the end
        self._current: dict[_Key, str] = {}  # the alert that the next hit of a key may join

    def __len__(self) -> int:
        """Alerts that later hits or second hearings can still change."""
        return len(self._known)

    def decide(
        self, hit: KeywordHit, utterance: Utterance, spoken_at: float, now: float, language: str
    ) -> Decision | None:
        """What a hit means; None: nothing that anybody is told.

        `spoken_at`: wall time at which its last word ended; `now`: wall time.
        """
        self._forget(now)
        if hit.state is not RuleState.LIVE:
            return None
        severity = worth(hit, self._highest)
        cool_down = self._cool_down if hit.cool_down is None else hit.cool_down
        self._longest = max(self._longest, cool_down)
        key = (utterance.room, utterance.speaker.id, hit.list_name, hit.phrase)
        known = self._joinable(key, spoken_at, cool_down)
        if known is None and severity is None:
            return None
        new = known is None
        if known is None:
            alert = _first(self._new_id(), hit, severity or hit.severity, utterance, spoken_at, now, language)
            known = _Open(key, alert, cool_down, spoken_at, now)
            self._current[key] = alert.id
        else:
            known.alert = _merged(known.alert, hit)
        known.stand(severity, 1)
        known.confirmed += _is_confirmed(hit) and severity is not None
        known.last, known.touched = max(known.last, spoken_at), now
        before = known.alert.state
        alert = known.settled(self._escalate_after)
        self._touch(known)
        return Decision(alert, new, escalated=alert.state is AlertState.ESCALATED is not before)

    def heard_again(self, alert: str, before: KeywordHit, after: KeywordHit, now: float) -> Alert | None:
        """The alert once one of its hits was heard again (grading.judge), or None where it is closed meanwhile.

        Once for each hit. `now`: wall time.
        """
        known = self._known.get(alert)
        if known is None:
            return None
        known.stand(worth(before, self._highest), -1)
        stands = worth(after, self._highest)
        known.stand(stands, 1)
        known.confirmed += _is_confirmed(after) and stands is not None
        known.alert = replace(known.alert, hits=tuple(after if hit == before else hit for hit in known.alert.hits))
        known.touched = now
        changed = known.settled(self._escalate_after)
        if changed.state is AlertState.WITHDRAWN and self._current.get(known.key) == alert:
            del self._current[known.key]
        self._touch(known)
        return changed

    def attach_clip(self, alert: str, clip: str) -> Alert | None:
        """The alert with the name of its evidence clip, so that later changes carry it; None once it is closed."""
        known = self._known.get(alert)
        if known is None:
            return None
        known.alert = replace(known.alert, clip=clip)
        return known.alert

    def drop(self, alerts: Iterable[str]) -> None:
        """They are erased: what comes after them is new."""
        for alert in alerts:
            known = self._known.pop(alert, None)
            if known is not None and self._current.get(known.key) == alert:
                del self._current[known.key]

    def _joinable(self, key: _Key, spoken_at: float, cool_down: float) -> _Open | None:
        known = self._known.get(self._current.get(key, ""))
        return known if known and abs(spoken_at - known.last) <= cool_down else None

    def _touch(self, known: _Open) -> None:
        self._known[known.alert.id] = known
        self._known.move_to_end(known.alert.id)
        while len(self._known) > MAX_OPEN:
            self._close()

    def _forget(self, now: float) -> None:
        while self._known:
            oldest = next(iter(self._known.values()))
            if now - oldest.touched <= self._longest + MAX_LAG:
                return
            self._close()

    def _close(self) -> None:
        alert, oldest = self._known.popitem(last=False)
        if self._current.get(oldest.key) == alert:
            del self._current[oldest.key]


def _first(
    alert: str, hit: KeywordHit, severity: Severity, utterance: Utterance, spoken_at: float, now: float, language: str
) -> Alert:
    return Alert(
        id=alert,
        room=utterance.room,
        speaker=utterance.speaker,
        utterance=utterance.id,
        severity=severity,
        state=AlertState.OPEN,
        hits=(hit,),
        count=1,
        language=language,
        spoken_at=spoken_at,
        raised_at=now,
    )


def _merged(alert: Alert, hit: KeywordHit) -> Alert:
    hits = (*alert.hits, hit)
    if len(hits) > MAX_HITS:  # the first raised the alert: it stays
        hits = (hits[0], *hits[2:])
    return replace(alert, count=alert.count + 1, hits=hits)


def _is_confirmed(hit: KeywordHit) -> bool:
    return hit.second is not None and hit.second.outcome is Reheard.CONFIRMED


def _rank(severity: Severity) -> int:
    return severity.rank
