"""Recorded utterances through one version of a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from monitor.keywords.combine import PartHit, Windows
from monitor.keywords.match import Matcher
from monitor.keywords.rules import KeywordList, Reach
from monitor.model import KeywordHit, Recorded, RuleState


class Replayer:
    """One version, with its memory of what combinations reach over. Utterances come in their order."""

    def __init__(
        self, version: KeywordList, states: Mapping[tuple[str, str], RuleState], day: date | None = None
    ) -> None:
        self._matcher = Matcher([version], states)
        self._day = day
        self._windows = Windows()
        self.reaches = any(rule.combination and rule.combination.reach is not Reach.UTTERANCE for rule in version.rules)

    def hits(self, heard: Recorded) -> list[KeywordHit]:
        """What the version finds in one utterance, with the grades that the service would give. Times are wall time."""
        if not self.reaches:
            return self._matcher.find(
                heard.words, 0, heard.language, room=heard.room, day=self._day, biased=heard.biased
            )
        found = self._matcher.examine(
            heard.words, 0, heard.language, room=heard.room, day=self._day, biased=heard.biased
        )
        parts = [_at(part) for part in found.parts]
        now = heard.began + heard.seconds
        return [*found.hits, *self._windows.note(heard.room, heard.track, parts, now)]

    def forget(self) -> None:
        """What comes next has no connection with what came before."""
        self._windows = Windows()


def _at(part: PartHit) -> PartHit:
    return replace(part, hit=replace(part.hit, spoken_at=part.hit.end))
