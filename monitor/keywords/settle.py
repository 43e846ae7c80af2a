"""Which of several matches count: exceptions that cover them, overlaps, and what the same rule found in weaker ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from monitor.keywords.rules import KeywordList, Rule
from monitor.model import Grade, RuleState, Way

SURE = 0.5
"""From this probability on a word counts as heard for certain."""


@dataclass(frozen=True, slots=True, eq=False)  # comparing would go through the whole list that it points to
class Match:
    """A rule, found at [start, end) of the joined text."""

    source: KeywordList
    rule: Rule
    state: RuleState
    start: int
    end: int
    way: Way
    grade: Grade
    likeness: float = 1.0
    part: int = -1  # of a combination; -1 for the rule itself

    def preference(self) -> tuple[str, int, int, int, str, str]:
        """The stronger evidence, then the longer, then the more severe, then the earlier one is first."""
        return self.grade, self.start - self.end, -self.rule.severity.rank, self.start, self.rule.label, self.way


@dataclass(frozen=True, slots=True)
class Cover:
    """An exception, found at [start, end) of the joined text."""

    text: str  # as written
    start: int
    end: int
    way: Way

    def covers(self, match: Match) -> bool:
        """Whether the match lies wholly inside. One found in another form excuses only what was found in that way."""
        return self.start <= match.start and match.end <= self.end and self.way in (Way.EXACT, match.way)


def grade_of(way: Way, probability: float, *, biased: bool) -> Grade:
    """How strong a single match is. `probability`: of the least sure of its words."""
    if way is Way.SOUND or biased:
        return Grade.C
    return Grade.A if way is Way.EXACT and probability >= SURE else Grade.B


def uncovered(
    matches: Iterable[Match], covers: dict[str, list[Cover]]
) -> tuple[list[Match], list[tuple[Match, Cover]]]:
    """Matches that no exception of their own list covers, and the others, each with the first that does."""
    free: list[Match] = []
    excused: list[tuple[Match, Cover]] = []
    for match in matches:
        own = covers.get(match.source.name)
        by = next((cover for cover in own if cover.covers(match)), None) if own else None
        if by is None:
            free.append(match)
        else:
            excused.append((match, by))
    return free, excused


def settle(matches: Sequence[Match]) -> list[Match]:
    """Of overlapping matches of one list those that count.

    Among matches of one grade the longest stays; at equal length the more severe, then the earlier one. A weaker match
    goes where a stronger one covers it, or where the same rule overlaps it. A stronger one never goes for a weaker one.
    What only is counted (shadow) never hides what raises alerts, and different lists don't touch each other.
    """
    if len(matches) < 2:
        return list(matches)
    groups: dict[tuple[str, RuleState], list[Match]] = {}
    for match in matches:
        groups.setdefault((match.source.name, match.state), []).append(match)
    return [kept for group in groups.values() for kept in _apart(group)]


def _apart(group: list[Match]) -> Iterator[Match]:
    kept: list[Match] = []
    for match in sorted(group, key=Match.preference):
        if not any(_hides(other, match) for other in kept):
            kept.append(match)
            yield match


def _hides(other: Match, match: Match) -> bool:
    """`other` is at least as strong."""
    if other.end <= match.start or match.end <= other.start:
        return False
    if other.grade == match.grade or other.rule is match.rule:
        return True
    return other.start <= match.start and match.end <= other.end
