"""The version of a list: a digest of all that matters for what it finds and how that is shown.

Order, comments, notes, owners and examples don't count. A list that uses none of the options has the digest that it
had before there were options.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Iterable, Iterator
from typing import Any

from monitor.keywords.rules import Combination, KeywordList, Kind, Rule
from monitor.model import RuleState

_SHARD = 2_000
"""Entries that are sorted at once: sorting holds the interpreter's lock, and 100,000 entries would hold it too long."""


def digest(one: KeywordList) -> str:
    """Eight hexadecimal digits of SHA-256."""
    hasher = hashlib.sha256()
    for piece in _pieces(one):
        hasher.update(piece.encode("utf-8", "surrogatepass"))
    return hasher.hexdigest()[:8]


def _pieces(one: KeywordList) -> Iterator[str]:
    """The content as canonical JSON, piece by piece."""
    content: dict[str, Any] = {
        "name": one.name,
        "title": one.title,
        "languages": sorted(one.languages),
        "exceptions": _sorted((text, _json(text)) for text in one.exceptions),
        "phrases": _sorted(_keyed(rule) for rule in one.rules if rule.kind is Kind.PHRASE),
    }
    if any(rule.kind is not Kind.PHRASE for rule in one.rules):
        content["rules"] = _sorted(_keyed(rule) for rule in one.rules if rule.kind is not Kind.PHRASE)
    scope = {
        "state": None if one.state is RuleState.LIVE else one.state.value,
        "rooms": sorted(one.rooms),
        "expires": one.expires and one.expires.isoformat(),
        "floor": one.floor,
    }
    content |= {key: value for key, value in scope.items() if value not in (None, [])}
    for number, key in enumerate(sorted(content)):
        yield f'{"," if number else "{"}"{key}":'
        if isinstance(content[key], Iterator):
            yield "["
            for place, item in enumerate(content[key]):
                yield "," + item if place else item
            yield "]"
        else:
            yield _json(content[key])
    yield "}"


def _rule(rule: Rule) -> list[Any]:
    options: dict[str, Any] = {
        "inflect": rule.inflect or None,
        "disguise": rule.disguise or None,
        "sound": rule.sound,
        "cool_down": rule.cool_down,
        "languages": sorted(rule.languages) or None,
        "rooms": sorted(rule.rooms) or None,
        "expires": rule.expires and rule.expires.isoformat(),
        "floor": rule.floor,
    }
    if rule.kind is not Kind.PHRASE:
        options |= {"kind": rule.kind.value, "text": rule.text or None, "parts": _parts(rule.combination)}
    given = {key: value for key, value in options.items() if value is not None}
    plain = [rule.label, rule.severity.value]
    return [*plain, given] if given else plain


def _parts(combination: Combination | None) -> list[Any] | None:
    if combination is None:
        return None
    parts = list(combination.parts) if combination.ordered else sorted(combination.parts)
    return [parts, sorted(combination.without), combination.ordered, combination.words, combination.seconds,
            combination.reach.value]  # fmt: skip


def _keyed(rule: Rule) -> tuple[str, ...]:
    return rule.label, rule.severity.value, _json(_rule(rule))


def _sorted(items: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """The last member of each, in order of all."""
    shards: list[list[tuple[str, ...]]] = [[]]
    for item in items:
        if len(shards[-1]) == _SHARD:
            shards.append([])
        shards[-1].append(item)
    for shard in shards:
        shard.sort()
    return (item[-1] for item in heapq.merge(*shards))


_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
