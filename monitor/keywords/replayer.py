"""Recorded utterances through two versions of a list at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from monitor.keywords.combine import PartHit, Windows
from monitor.keywords.match import Matcher
from monitor.keywords.rules import KeywordList, Reach
from monitor.model import KeywordHit, Recorded, RuleState

OLD = "\n"
"""Goes before the old version's name: no list is called so. Different lists don't touch each other in a matcher, so one
that has both searches each text once and finds in it what two would find."""
States = Mapping[tuple[str, str], RuleState]


class Replayer:
    """Both versions, with their memory of what combinations reach over. Utterances come in their order."""

    def __init__(
        self, old: KeywordList | None, new: KeywordList, states: States, states_of_new: States, day: date | None
    ) -> None:
        """`states`: as for Matcher, for the old version; `states_of_new`: for the new one."""
        lists, overrides = [new], {key: state for key, state in states_of_new.items() if key[0] == new.name}
        if old is not None:
            lists.append(replace(old, name=OLD + old.name))
            overrides |= {(OLD + name, rule): state for (name, rule), state in states.items() if name == old.name}
        self._matcher = Matcher(lists, overrides)
        soundless = [replace(one, rules=tuple(replace(rule, sound=None) for rule in one.rules)) for one in lists]
        has_sound = any(rule.sound is not None for one in lists for rule in one.rules)
        self._soundless = Matcher(soundless, overrides) if has_sound else self._matcher
        self._day = day
        self._windows = Windows()
        rules = (rule for one in lists for rule in one.rules)
        self.reaches = any(rule.combination and rule.combination.reach is not Reach.UTTERANCE for rule in rules)

    def hits(self, heard: Recorded, *, sounds: bool = True) -> tuple[list[KeywordHit], list[KeywordHit]]:
        """What the old and the new version find in one utterance, with the grades that the service would give.

        Times are wall time. `sounds`: False where it is known that nothing sounds like a phrase: that takes a quarter
        of the time.
        """
        matcher = self._matcher if sounds else self._soundless
        room, day, biased = heard.room, self._day, heard.biased
        if not self.reaches:
            return _apart(matcher.find(heard.words, 0, heard.language, room=room, day=day, biased=biased))
        found = matcher.examine(heard.words, 0, heard.language, room=room, day=day, biased=biased)
        parts = [_at(part) for part in found.parts]
        whole = self._windows.note(room, heard.track, parts, heard.began + heard.seconds)
        return _apart((*found.hits, *whole))

    def forget(self) -> None:
        """What comes next has no connection with what came before."""
        self._windows = Windows()


def _at(part: PartHit) -> PartHit:
    return replace(part, hit=replace(part.hit, spoken_at=part.hit.end))


def _apart(hits: Iterable[KeywordHit]) -> tuple[list[KeywordHit], list[KeywordHit]]:
    old: list[KeywordHit] = []
    new: list[KeywordHit] = []
    for hit in hits:
        (old if hit.list_name.startswith(OLD) else new).append(hit)
    return old, new
