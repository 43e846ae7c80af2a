"""Two versions of a list beside each other: what one finds that the other doesn't, and the alerts of each. Pure.

Memory is bounded by rules and examples, and by the alerts that are open at one moment: not by what was searched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.model import Grade, KeywordHit, Recorded, RuleState, Way

EXAMPLES = 5
"""Kept for one rule and one kind of change: the newest, whose clips are likeliest to be there still."""
EXAMPLES_IN_ALL = 500


class Change(StrEnum):
    """What another version makes of a hit."""

    GAINED = "gained"
    LOST = "lost"
    REGRADED = "regraded"  # another grade or severity


@dataclass(frozen=True, slots=True)
class Example:
    """One hit that changed, with where to look and listen."""

    change: Change
    rule: str
    utterance: str
    room: str
    spoken_at: float  # wall time
    before: str
    matched: str
    after: str
    old: Grade | None  # None: not found
    new: Grade | None
    way: Way
    alert: str = ""  # an alert of that utterance, where there is one
    clip: str = ""  # name of its clip


Key = tuple[str, str, str]  # room, speaker, rule


@dataclass(slots=True)
class _Chain:
    """Hits of one rule and speaker in one stretch: alerts one after the other. Times are wall time."""

    cool_down: float
    first: float = 0.0  # the hit that raised the first alert, and the last hit that joined or raised one
    last: float = 0.0
    alerts: int = 0
    lead: tuple[float, float] | None = None  # hits before `first`, too weak for an alert; those that hang together

    def note(self, at: float, *, alerts: bool) -> None:
        joins = abs(at - self.last) <= self.cool_down
        if self.alerts and joins:
            self.last = max(self.last, at)
        elif alerts:
            self.first = self.first if self.alerts else at
            self.last = at
            self.alerts += 1
        elif not self.alerts:
            self._lead_on((at, at))

    def add(self, later: _Chain) -> None:
        """The same key in the stretch that comes next: what is weak there may have kept an alert of this one going."""
        self.cool_down = later.cool_down
        if later.lead is not None:
            if not self.alerts:
                self._lead_on(later.lead)
            elif abs(later.lead[0] - self.last) <= self.cool_down:
                self.last = max(self.last, later.lead[1])
        if later.alerts:
            joins = self.alerts > 0 and abs(later.first - self.last) <= self.cool_down
            self.first = self.first if self.alerts else later.first
            self.last = max(self.last, later.last) if joins else later.last
            self.alerts += later.alerts - joins

    def _lead_on(self, more: tuple[float, float]) -> None:
        if self.lead is None:
            self.lead = more
        elif abs(more[0] - self.lead[1]) <= self.cool_down:
            self.lead = (self.lead[0], max(self.lead[1], more[1]))

    @property
    def end(self) -> float:
        """Until when a later hit can still matter to it."""
        return max(self.last, self.lead[1] if self.lead else 0.0) + self.cool_down


class Alerts:
    """How many alerts hits would have raised, with the cool-down of the alert policy.

    Hits come in the order of the utterances. Two counts of stretches that follow each other can be added up.
    """

    def __init__(self, cool_down: float) -> None:
        """`cool_down`: seconds, where the rule has none of its own."""
        self._cool_down = cool_down
        self._open: dict[Key, _Chain] = {}
        self.closed: Counter[str] = Counter()

    def note(self, where: Recorded, hit: KeywordHit, *, alerts: bool) -> None:
        """`alerts`: the hit is of a grade that raises an alert; others only keep one going."""
        key = (where.room, where.speaker, hit.phrase)
        known = self._open.get(key)
        if known is None:
            known = self._open[key] = _Chain(self._cool_down if hit.cool_down is None else hit.cool_down)
        known.note(hit.end, alerts=alerts)

    def add(self, later: Alerts) -> None:
        """Those of the stretch that comes next."""
        self.closed.update(later.closed)
        for key, chain in later._open.items():
            if (known := self._open.get(key)) is not None:
                known.add(chain)
            else:
                self._open[key] = chain

    def close(self, before: float = float("inf")) -> None:
        """No hit from `before` (wall time) on can come too early: of what is over by then only the count is kept."""
        for key in [key for key, chain in self._open.items() if chain.end < before]:
            self.closed[key[2]] += self._open.pop(key).alerts


@dataclass(slots=True)
class Side:
    """What one version finds."""

    alerts: Alerts
    hits: Counter[str] = field(default_factory=Counter)

    def note(self, where: Recorded, hits: Iterable[KeywordHit], grades: Collection[Grade]) -> None:
        """`grades`: those that alert."""
        for hit in hits:
            self.hits[hit.phrase] += 1
            if hit.state is RuleState.LIVE:
                self.alerts.note(where, hit, alerts=hit.grade in grades)

    def add(self, later: Side) -> None:
        self.hits.update(later.hits)
        self.alerts.add(later.alerts)


@dataclass(slots=True)
class Comparison:
    """The sum over some stretch of utterances."""

    old: Side
    new: Side
    changes: dict[Change, Counter[str]] = field(default_factory=lambda: {change: Counter() for change in Change})
    examples: dict[tuple[str, Change], list[Example]] = field(default_factory=dict)
    utterances: int = 0
    candidates: int = 0  # those that were searched in full
    seconds: float = 0.0  # of speech

    @classmethod
    def empty(cls, cool_down: float) -> Comparison:
        return cls(Side(Alerts(cool_down)), Side(Alerts(cool_down)))

    def note(
        self, where: Recorded, old: Sequence[KeywordHit], new: Sequence[KeywordHit], grades: Collection[Grade]
    ) -> None:
        """What both versions find in one utterance."""
        self.old.note(where, old, grades)
        self.new.note(where, new, grades)
        for change, was, now in _changes(old, new):
            hit = now or was
            if hit is None:
                continue
            self.changes[change][hit.phrase] += 1
            kept = self.examples.setdefault((hit.phrase, change), [])
            kept.append(_example(where, change, was, now, hit))
            del kept[:-EXAMPLES]

    def add(self, later: Comparison) -> None:
        """The comparison of the stretch that comes next."""
        self.old.add(later.old)
        self.new.add(later.new)
        for change, counts in later.changes.items():
            self.changes[change].update(counts)
        for key, examples in later.examples.items():
            self.examples[key] = [*self.examples.get(key, ()), *examples][-EXAMPLES:]
        self.utterances += later.utterances
        self.candidates += later.candidates
        self.seconds += later.seconds

    def close(self, before: float = float("inf")) -> None:
        self.old.alerts.close(before)
        self.new.alerts.close(before)


def _changes(
    old: Sequence[KeywordHit], new: Sequence[KeywordHit]
) -> list[tuple[Change, KeywordHit | None, KeywordHit | None]]:
    """A hit is the same where the same rule has one at the same time in both."""
    found: list[tuple[Change, KeywordHit | None, KeywordHit | None]] = []
    left = list(new)
    for was in old:
        now = next((hit for hit in left if hit.phrase == was.phrase and _touch(hit, was)), None)
        if now is None:
            found.append((Change.LOST, was, None))
            continue
        left.remove(now)
        if (now.grade, now.severity) != (was.grade, was.severity):
            found.append((Change.REGRADED, was, now))
    return [*found, *((Change.GAINED, None, hit) for hit in left)]


def _touch(one: KeywordHit, other: KeywordHit) -> bool:
    return one.start <= other.end and other.start <= one.end


def _example(
    where: Recorded, change: Change, was: KeywordHit | None, now: KeywordHit | None, hit: KeywordHit
) -> Example:
    return Example(
        change=change,
        rule=hit.phrase,
        utterance=where.id,
        room=where.room,
        spoken_at=hit.end,
        before=hit.before,
        matched=hit.matched,
        after=hit.after,
        old=was.grade if was else None,
        new=now.grade if now else None,
        way=hit.way,
    )
