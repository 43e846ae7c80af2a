"""Combinations within the words of one look: what combine.py does for found parts of a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from monitor.keywords.combine import chains
from monitor.keywords.results import hit_of, is_fresh
from monitor.keywords.rules import Reach
from monitor.keywords.settle import Match
from monitor.keywords.shown import Spoken, count_words
from monitor.model import KeywordHit


def each_once(parts: Iterable[Match]) -> list[Match]:
    """Parts in order of place, each in its strongest way only."""
    kept: list[Match] = []
    for match in sorted(parts, key=Match.preference):
        if not any(_is_same_part(match, other) for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda match: (match.start, match.end, match.source.name, match.rule.label, match.part))


def _is_same_part(one: Match, two: Match) -> bool:
    return one.rule is two.rule and one.part == two.part and one.start < two.end and two.start < one.end


def combined(spoken: Spoken, parts: list[Match], fresh_from: int) -> Iterator[tuple[int, int, KeywordHit]]:
    """Combinations within the words, with a part that touches a fresh one."""
    groups: dict[tuple[str, str], list[Match]] = {}
    for match in each_once(parts):
        groups.setdefault((match.source.name, match.rule.label), []).append(match)
    for group in groups.values():
        wanted = group[0].rule.combination
        if wanted is None or wanted.reach is not Reach.UTTERANCE:
            continue
        if any(match.part >= len(wanted.parts) for match in group):
            continue
        most = wanted.words

        def follows(one: Match, two: Match, most: int | None = most) -> bool:
            if two.start < one.end:
                return False
            return most is None or count_words(spoken.text, one.end, two.start) <= most

        def seconds(one: Match, two: Match) -> float:
            first, last = spoken.span(one.start, two.end)
            return spoken.words[last].end - spoken.words[first].start

        for chain in chains(group, wanted, lambda match: match.part, follows, seconds, wanted.seconds):
            if any(is_fresh(spoken, match, fresh_from) for match in chain):
                yield chain[0].start, chain[-1].end, _combination_hit(chain, spoken)


def _combination_hit(chain: Sequence[Match], spoken: Spoken) -> KeywordHit:
    """From the first part to the last, as weak as the weakest of them; words between them count for nothing."""
    weakest = max(chain, key=lambda match: (match.grade, -match.likeness))
    whole = replace(
        weakest,
        start=chain[0].start,
        end=max(match.end for match in chain),
        likeness=min(match.likeness for match in chain),
    )
    sure = min(spoken.place(match.start, match.end).probability for match in chain)
    return replace(hit_of(whole, spoken), probability=sure)
