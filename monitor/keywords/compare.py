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


@dataclass(slots=True)
class _Chain:
    """Hits that are one alert after the other, of one rule and speaker."""

    first: float  # wall time of the first hit
    last: float
    alerts: int
    cool_down: float


Key = tuple[str, str, str]  # room, speaker, rule


class Alerts:
    """How many alerts hits would have raised, with the cool-down of the alert policy.

    Hits come in the order of the utterances. Two counts of stretches that follow each other can be added up.
    """

    def __init__(self, cool_down: float) -> None:
        """`cool_down`: seconds, where the rule has none of its own."""
        self._cool_down = cool_down
        self._open: dict[Key, _Chain] = {}
        self.closed: Counter[str] = Counter()

    def note(self, where: Recorded, hit: KeywordHit) -> None:
        key = (where.room, where.speaker, hit.phrase)
        spoken_at = hit.end
        cool_down = self._cool_down if hit.cool_down is None else hit.cool_down
        known = self._open.get(key)
        if known is None:
            self._open[key] = _Chain(spoken_at, spoken_at, 1, cool_down)
            return
        known.alerts += abs(spoken_at - known.last) > cool_down
        known.last = max(known.last, spoken_at)
        known.cool_down = cool_down

    def add(self, later: Alerts) -> None:
        """Those of the stretch that comes next."""
        self.closed.update(later.closed)
        for key, chain in later._open.items():
            known = self._open.get(key)
            if known is None:
                self._open[key] = chain
            else:
                joins = abs(chain.first - known.last) <= chain.cool_down
                known.alerts += chain.alerts - joins
                known.last, known.cool_down = max(known.last, chain.last), chain.cool_down

    def close(self, before: float = float("inf")) -> None:
        """No hit that joins an alert quiet since `before` (wall time) can come: only its count is kept."""
        over = [key for key, chain in self._open.items() if chain.last + chain.cool_down < before]
        for key in over:
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
            if hit.state is RuleState.LIVE and hit.grade in grades:
                self.alerts.note(where, hit)

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
