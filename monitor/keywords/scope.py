"""Where and when a rule counts: its state, languages, rooms and last day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from monitor.keywords.rules import KeywordList, Rule
from monitor.model import RuleState

States = Mapping[tuple[str, str], RuleState]
"""(list, label of a rule) → the state that overrides the list's; the label "" stands for the list itself."""
EVALUATED = (RuleState.SHADOW, RuleState.LIVE)


@dataclass(frozen=True, slots=True)
class Scope:
    """What is known of the place where words were said. Unknown is no restriction: everything is looked for."""

    language: str = ""  # ISO 639-1; "": unknown
    room: str = ""  # id; "": unknown
    day: date | None = None  # None: rules never expire

    def has_list(self, one: KeywordList) -> bool:
        return self._open(one.languages, one.rooms, one.expires)

    def has_rule(self, rule: Rule) -> bool:
        """Beside its list's own scope: a rule only narrows that."""
        return self._open(rule.languages, rule.rooms, rule.expires)

    def _open(self, languages: tuple[str, ...], rooms: tuple[str, ...], expires: date | None) -> bool:
        if self.language and languages and self.language not in languages:
            return False
        if self.room and rooms and self.room not in rooms:
            return False
        return self.day is None or expires is None or self.day <= expires


def state_of(one: KeywordList, rule: Rule, states: States) -> RuleState:
    """A rule's own state, where it has one, else its list's; a list that is draft or retired silences its rules."""
    whole = states.get((one.name, ""), one.state)
    return states.get((one.name, rule.label), whole) if whole in EVALUATED else whole
