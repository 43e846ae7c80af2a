"""From matches to what the rest of the program is given: hits, and near misses with their cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.keywords.settle import Match
from monitor.keywords.shown import Spoken
from monitor.model import KeywordHit, NearMiss


@dataclass(frozen=True, slots=True)
class Miss:
    """What a match would have been, and why it is none."""

    match: Match
    wanted: float
    cause: str


def is_fresh(spoken: Spoken, match: Match, fresh_from: int) -> bool:
    """Whether it touches a word with index ≥ `fresh_from`."""
    return spoken.span(match.start, match.end)[1] >= fresh_from


def hit_of(match: Match, spoken: Spoken) -> KeywordHit:
    place = spoken.place(match.start, match.end)
    return KeywordHit(
        list_name=match.source.name,
        list_version=match.source.version,
        phrase=match.rule.label,
        severity=match.rule.severity,
        matched=place.matched,
        before=place.before,
        after=place.after,
        start=place.start,
        end=place.end,
        probability=place.probability,
        grade=match.grade,
        way=match.way,
        likeness=match.likeness,
        state=match.state,
        cool_down=match.rule.cool_down,
    )


def near_misses(
    spoken: Spoken, matches: Sequence[Match], excused: Sequence[Miss], others: Sequence[Miss], fresh_from: int
) -> list[NearMiss]:
    """Near misses that no hit of the same rule makes idle; of one rule at one place the nearest."""
    kept: list[Miss] = []
    for miss in sorted((*excused, *others), key=lambda miss: (miss.match.preference(), -miss.match.likeness)):
        match = miss.match
        idle = any(_overlaps(match, other) for other in matches) and miss not in excused
        fresh = match.part < 0 and is_fresh(spoken, match, fresh_from)
        if fresh and not idle and not any(_overlaps(match, other.match) for other in kept):
            kept.append(miss)
    kept.sort(key=lambda miss: (miss.match.start, miss.match.end, miss.match.source.name, miss.match.rule.label))
    return [_near_miss(miss, spoken) for miss in kept]


def _overlaps(one: Match, two: Match) -> bool:
    return one.rule is two.rule and one.start < two.end and two.start < one.end


def _near_miss(miss: Miss, spoken: Spoken) -> NearMiss:
    match = miss.match
    place = spoken.place(match.start, match.end)
    return NearMiss(
        list_name=match.source.name,
        list_version=match.source.version,
        phrase=match.rule.label,
        matched=place.matched,
        before=place.before,
        after=place.after,
        start=place.start,
        end=place.end,
        likeness=match.likeness,
        wanted=miss.wanted,
        cause=miss.cause,
    )
