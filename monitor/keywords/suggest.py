"""Exceptions suggested from the words that often surround wrong hits. Pure.

An exception wins by covering the hit, so each suggestion is the hit with its neighbours: "kill" that was wrong in "kill
time" and "kill some time" suggests "kill time" and "kill some time". One that would cover a right hit is not suggested.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from monitor.keywords.normalise import UNSPACED, normalise

NEIGHBOURS = 3
"""Words, or characters of a script without spaces, that a suggestion adds on each side of the hit."""
_UNITS = re.compile(rf"\s*(?:[{UNSPACED}]|[^\s{UNSPACED}]+)")


@dataclass(frozen=True, slots=True)
class JudgedHit:
    """A hit that somebody judged; `before + matched + after` is the text as recognised."""

    before: str
    matched: str
    after: str
    right: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An exception worth thinking about."""

    exception: str  # as most often recognised
    wrong: int  # wrong hits that it would have prevented, without those that a suggestion before it prevents
    share: float  # of all wrong hits, 0 to 1
    examples: tuple[str, ...]  # up to three of them, with their surroundings


@dataclass(slots=True)
class _Candidate:
    length: int  # letters of the normal form
    wrong: set[int] = field(default_factory=set)
    right: int = 0
    spellings: Counter[str] = field(default_factory=Counter)


def suggest(hits: Sequence[JudgedHit], *, least: int = 2, limit: int = 5) -> list[Suggestion]:
    """The exceptions that prevent most wrong hits and no right one, best first.

    `least`: wrong hits that one must prevent, lest a single sentence makes a rule. Of several that prevent the same
    hits the shortest is taken: it holds for more of what is to come.
    """
    candidates: dict[str, _Candidate] = defaultdict(lambda: _Candidate(0))
    for number, hit in enumerate(hits):
        for spelling, normal in _surroundings(hit):
            candidate = candidates[normal]
            candidate.length = len(normal)
            if hit.right:
                candidate.right += 1
            else:
                candidate.wrong.add(number)
                candidate.spellings[spelling] += 1
    open_ones = {normal: c for normal, c in candidates.items() if not c.right and len(c.wrong) >= least}
    total = sum(not hit.right for hit in hits)
    found: list[Suggestion] = []
    while open_ones and len(found) < limit:
        best = min(open_ones, key=lambda normal: (-len(open_ones[normal].wrong), open_ones[normal].length, normal))
        chosen = open_ones.pop(best)
        examples = tuple(_whole(hits[number]) for number in sorted(chosen.wrong)[:3])
        spelling = max(sorted(chosen.spellings), key=lambda text: chosen.spellings[text])
        found.append(Suggestion(spelling, len(chosen.wrong), len(chosen.wrong) / total, examples))
        for candidate in open_ones.values():
            candidate.wrong -= chosen.wrong
        open_ones = {normal: c for normal, c in open_ones.items() if len(c.wrong) >= least}
    return found


def _surroundings(hit: JudgedHit) -> Iterable[tuple[str, str]]:
    """(as recognised, normal form) of the hit with up to NEIGHBOURS units on each side, at least one in all."""
    before = _UNITS.findall(hit.before)[-NEIGHBOURS:]
    after = _UNITS.findall(hit.after)[:NEIGHBOURS]
    core = _normal(hit.matched)
    seen = {core, ""}
    for left in range(len(before) + 1):
        for right in range(len(after) + 1):
            text = "".join(before[len(before) - left :]) + hit.matched + "".join(after[:right])
            normal = _normal(text)
            if normal not in seen:  # a neighbour of signs alone adds nothing
                seen.add(normal)
                yield _tidy(text), normal


def _normal(text: str) -> str:
    return normalise(text).text


def _tidy(text: str) -> str:
    """Without signs at the edges, which a recogniser guesses."""
    return re.sub(r"^[^\w]+|[^\w]+$", "", " ".join(text.split()))


def _whole(hit: JudgedHit) -> str:
    return f"{hit.before}{hit.matched}{hit.after}".strip()
