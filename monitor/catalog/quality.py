"""How good rules are by the verdicts of staff, and what follows: suggestions, and rules that demote themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from monitor.catalog.catalog import PROGRAM, Catalog
from monitor.errors import KeywordListInvalid, KeywordListUnknown
from monitor.keywords.lists import read
from monitor.keywords.precision import Patience, demotion
from monitor.keywords.rules import KeywordList, Kind, Rule
from monitor.keywords.scope import state_of
from monitor.keywords.suggest import JudgedHit, Suggestion, suggest
from monitor.model import Judged, RuleState
from monitor.store.records import Judgement

LOOKED_AT = 5000
"""Newest hits of a list that suggestions are made from."""
VERSIONS_BACK = 20
"""Versions that are read to find out when a rule was last changed; one that is older counts as changed then."""


@dataclass(frozen=True, slots=True)
class RuleQuality:
    """What was said of a rule. Floor and state are None where the rule is gone, or none is wanted."""

    judged: Judged
    floor: float | None
    state: RuleState | None


@dataclass(frozen=True, slots=True)
class Demoted:
    """A rule that demoted itself."""

    list_name: str
    rule: str
    why: str


class Quality:
    """Methods raise StoreFailed."""

    def __init__(self, catalog: Catalog, patience: Patience | None = None) -> None:
        self._catalog = catalog
        self._store = catalog.store
        self._patience = patience

    async def precision(self, name: str | None = None, since: float = 0.0) -> list[RuleQuality]:
        """Each rule that has verdicts, in order of list and rule."""
        states = await self._catalog.states()
        judged = await self._store.precision(name, since=since)
        return [self._quality(one, states) for one in judged]

    def _quality(self, judged: Judged, states: dict[tuple[str, str], RuleState]) -> RuleQuality:
        try:
            one, rule = self._catalog.find(judged.list_name), self._catalog.rule(judged.list_name, judged.rule)
        except KeywordListUnknown:  # it is gone; what was said of it stays
            return RuleQuality(judged, None, None)
        return RuleQuality(judged, _floor(one, rule), state_of(one, rule, states))

    async def suggestions(self, name: str) -> list[tuple[str, Suggestion]]:
        """(rule, exception) that would have spared hits that were judged wrong, and none that was judged right."""
        self._catalog.find(name)
        said: dict[str, Judgement] = {}
        for verdict in await self._store.verdicts(list_name=name, limit=LOOKED_AT):
            said.setdefault(verdict.subject, verdict.verdict)  # newest first
        hits: dict[str, list[JudgedHit]] = {}
        for stored in await self._store.stored_hits(name, limit=LOOKED_AT):
            found, hit = said.get(stored.subject, Judgement.UNSURE), stored.hit
            if found is not Judgement.UNSURE:
                judged = JudgedHit(hit.before, hit.matched, hit.after, found is Judgement.RIGHT)
                hits.setdefault(hit.phrase, []).append(judged)
        return await asyncio.to_thread(_suggested, hits)

    async def demote(self) -> list[Demoted]:
        """Set live rules that were wrong too often to shadow. They stay there until a person says otherwise."""
        demoted: list[Demoted] = []
        for quality in await self.precision():
            name, label = quality.judged.list_name, quality.judged.rule
            # cheap first: over all verdicts there are at least as many as since the last change
            if quality.state is not RuleState.LIVE or quality.floor is None or not self._known(quality.judged):
                continue
            with suppress(KeywordListUnknown):  # somebody takes it away at this moment
                if why := await self._failing(name, label, quality.floor):
                    await self._catalog.set_rule_state(name, label, RuleState.SHADOW, PROGRAM, why, automatic=True)
                    demoted.append(Demoted(name, label, why))
        return demoted

    async def _failing(self, name: str, label: str, floor: float) -> str:
        """Why it is to be demoted; empty: it is not."""
        since = await self._unchanged_since(name, label)
        judged = await self._store.precision(name, since=since, rule=label)
        return next((why for one in judged if (why := demotion(one, floor, self._patience))), "")

    def _known(self, judged: Judged) -> bool:
        return judged.right + judged.wrong >= (self._patience or Patience()).verdicts

    async def _unchanged_since(self, name: str, label: str) -> float:
        """Wall time from which on the rule is what it is now: as written, with its exceptions, and in its state."""
        log = await self._store.rule_state_log(name)
        since = next((entry.at for entry in log if entry.rule in (label, "")), 0.0)
        one, rule = self._catalog.find(name), self._catalog.rule(name, label)
        entry_at = 0.0
        seen = one.version
        for entry in (await self._store.versions(name))[:VERSIONS_BACK]:
            if entry.version != seen:
                seen = entry.version
                if not await self._same(name, entry.version, rule, one):
                    return max(since, entry_at)
            entry_at = entry.at
        return since

    async def _same(self, name: str, version: str, rule: Rule, now: KeywordList) -> bool:
        content = await self._store.version(name, version)
        if content is None:
            return False
        try:
            then = await asyncio.to_thread(read, content, name)
        except KeywordListInvalid:
            return False
        return rule in then.rules and _concerning(rule, then) == _concerning(rule, now)


def _suggested(hits: Mapping[str, Sequence[JudgedHit]]) -> list[tuple[str, Suggestion]]:
    return [(rule, suggestion) for rule, judged in sorted(hits.items()) for suggestion in suggest(judged)]


def _concerning(rule: Rule, one: KeywordList) -> set[str]:
    """The exceptions that may cover a hit of the rule: those with its phrase in them; of other kinds of rules, all."""
    if rule.kind is not Kind.PHRASE or "*" in rule.text or rule.inflect or rule.disguise or rule.sound is not None:
        return set(one.exceptions)
    return {text for text in one.exceptions if rule.text.casefold() in text.casefold()}


def _floor(one: KeywordList, rule: Rule) -> float | None:
    return one.floor if rule.floor is None else rule.floor
