"""Combinations: phrases that mean something together (AND, NEAR, sequence) or where another one is missing (NOT)."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from monitor.keywords.rules import Combination, KeywordList, Reach, Rule
from monitor.model import Grade, KeywordHit

MEMORY = 60.0
"""Seconds of a speaker and of a room that combinations reach over."""
TOLERANCE = 0.3
"""Seconds by which two recognitions of one spoken word may differ."""
MOST = 64
"""Parts looked at for one combination; the oldest are forgotten first. Bounds the work on a hostile text."""
_T = TypeVar("_T")


def chains(
    items: Sequence[_T],
    combination: Combination,
    part: Callable[[_T], int],
    follows: Callable[[_T, _T], bool],
    seconds: Callable[[_T, _T], float],
    limit: float | None = None,
) -> list[tuple[_T, ...]]:
    """Each way in which all parts are there, in order of their ends; no item is in two of them.

    `items`: found parts in order of their place. `follows(a, b)`: whether b may be next after a. `seconds(a, b)`: from
    the beginning of a to the end of b; a chain has at most `limit`. If it can it begins later.
    """
    items = items[-MOST:]
    full = (1 << len(combination.parts)) - 1
    ending: list[dict[int, tuple[int, ...]]] = []  # by item: set of parts that end with it → the tightest such chain
    found: list[tuple[_T, ...]] = []
    floor = 0
    for j, item in enumerate(items):
        bit = 1 << part(item)
        own: dict[int, tuple[int, ...]] = {bit: (j,)} if not combination.ordered or bit == 1 else {}
        for i in range(floor, j):
            if not follows(items[i], item):
                continue
            for mask, chain in ending[i].items():
                if mask & bit or (combination.ordered and bit != mask + 1):
                    continue
                if limit is not None and seconds(items[chain[0]], item) > limit:
                    continue
                if (mask | bit) not in own or own[mask | bit][0] < chain[0]:
                    own[mask | bit] = (*chain, j)
        ending.append(own)
        if full in own:
            found.append(tuple(items[index] for index in own[full]))
            floor = j + 1
    return found


@dataclass(frozen=True, slots=True, eq=False)
class PartHit:
    """One part of a combination that reaches over more than an utterance."""

    source: KeywordList
    rule: Rule
    part: int  # from len(parts) on: what must be absent
    hit: KeywordHit  # as if the part were a rule of its own

    @property
    def key(self) -> tuple[str, str, Combination | None]:
        """What the memory goes by: a reload that leaves the rule as it is loses nothing."""
        return self.source.name, self.rule.label, self.rule.combination


@dataclass(frozen=True, slots=True, eq=False)
class _Noted:
    found: PartHit
    track: str
    at: float  # wall time at which it ended

    @property
    def began(self) -> float:
        return self.at - (self.found.hit.end - self.found.hit.start)

    def same(self, other: _Noted) -> bool:
        """Whether it is the same spoken words, recognised twice."""
        one, two = self.found.hit, other.found.hit
        return (
            self.found.part == other.found.part
            and self.track == other.track
            and one.start < two.end + TOLERANCE
            and two.start < one.end + TOLERANCE
        )


class Windows:
    """What was said of combinations in each room in the last minute. At most `max_rooms` rooms, the one unheard for
    longest is forgotten first; at most MOST parts a rule and room. For one consumer, in order. No clock of its own."""

    def __init__(self, max_rooms: int = 256, max_rules: int = 1024) -> None:
        """`max_rules`: combinations of which something is remembered, in one room."""
        if max_rooms < 1 or max_rules < 1:
            raise ValueError("windows need room for one room and one rule")
        self._max_rooms = max_rooms
        self._max_rules = max_rules
        self._rooms: OrderedDict[str, OrderedDict[object, deque[_Noted]]] = OrderedDict()

    def note(self, room: str, track: str, part_hits: Sequence[PartHit], now: float) -> list[KeywordHit]:
        """Combinations that these parts complete, in the order in which they do.

        `part_hits`: of one utterance (Examined.parts). `now`: wall time; a part whose hit has a `spoken_at` goes by
        that. A hit's times and words around are those of its last part; its `matched` shows all parts.
        """
        if not part_hits and room not in self._rooms:
            return []
        rules = self._rooms.setdefault(room, OrderedDict())
        self._rooms.move_to_end(room)
        while len(self._rooms) > self._max_rooms:
            self._rooms.popitem(last=False)
        touched: dict[object, None] = {}
        for found in part_hits:
            noted = _Noted(found, track, found.hit.spoken_at or now)
            heard = rules.setdefault(found.key, deque(maxlen=MOST))
            rules.move_to_end(found.key)
            if not any(noted.same(other) for other in heard):
                heard.append(noted)
                touched[found.key] = None
        self._forget_old(rules, now)
        return [hit for key in touched if key in rules for hit in _complete(rules[key], track)]

    def forget(self, room: str, track: str = "") -> None:
        """The visit is over; or only this speaker has left, or withdrew consent."""
        if not track:
            self._rooms.pop(room, None)
            return
        for heard in self._rooms.get(room, {}).values():
            kept = [noted for noted in heard if noted.track != track]
            heard.clear()
            heard.extend(kept)

    def _forget_old(self, rules: OrderedDict[object, deque[_Noted]], now: float) -> None:
        for key, heard in list(rules.items()):
            kept = [noted for noted in heard if noted.at >= now - MEMORY]
            if not kept:
                del rules[key]
            elif len(kept) < len(heard):
                rules[key] = deque(kept, maxlen=MOST)
        while len(rules) > self._max_rules:
            rules.popitem(last=False)


def _complete(heard: deque[_Noted], track: str) -> list[KeywordHit]:
    """New combinations among the parts of one rule; the parts that made one are used up."""
    rule = heard[-1].found.rule
    wanted = rule.combination
    if wanted is None:
        return []
    noted = [one for one in heard if wanted.reach is Reach.ROOM or one.track == track]
    noted.sort(key=lambda one: (one.at, one.found.part))
    if any(one.found.part >= len(wanted.parts) for one in noted):
        return []
    hits: list[KeywordHit] = []
    limit = min(wanted.seconds or MEMORY, MEMORY)
    for chain in chains(noted, wanted, lambda one: one.found.part, _follows, lambda a, b: b.at - a.began, limit):
        hits.append(_together(chain))
        for one in chain:
            heard.remove(one)
    return hits


def _follows(one: _Noted, other: _Noted) -> bool:
    """Two speakers may talk at once; of one speaker the same words are no two parts."""
    return one.track != other.track or one.found.hit.end <= other.found.hit.start + TOLERANCE


def _together(chain: Sequence[_Noted]) -> KeywordHit:
    hits = [one.found.hit for one in chain]
    worst = max(hits, key=lambda hit: (hit.grade, -hit.likeness))
    return replace(
        hits[-1],
        matched=" … ".join(hit.matched for hit in hits),
        before=hits[0].before,
        probability=min(hit.probability for hit in hits),
        grade=Grade(worst.grade),
        way=worst.way,
        likeness=min(hit.likeness for hit in hits),
    )
