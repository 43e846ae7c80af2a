"""What `bench keywords` measures on: the half of the speakers, the phrases, and what is true of each clip."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from monitor.bench.clips import Clip
from monitor.bench.phrases import chosen, found_in, keyword_list, split
from monitor.bench.scores import Said
from monitor.keywords.lists import parse
from monitor.keywords.match import Matcher


class Half(StrEnum):
    """Of the speakers."""

    TEST = "test"
    TRAIN = "train"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, beside the speech."""

    languages: tuple[str, ...]
    half: Half
    phrases: int  # at most so many of each language, and as many decoys
    limit: int  # at most so many clips of each language; 0: all
    seed: int
    tts: bool


@dataclass(frozen=True, slots=True)
class Material:
    """One language: clips, what to look for in them, and what is true."""

    language: str
    clips: tuple[Clip, ...]
    phrases: tuple[str, ...]
    decoys: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return self.phrases + self.decoys

    def said(self, clip: Clip, seconds: float) -> Said:
        counts = {phrase: found_in(phrase, clip.transcript, self.language) for phrase in self.all}
        return Said(
            seconds,
            frozenset(phrase for phrase, (exact, _) in counts.items() if exact),
            frozenset(phrase for phrase, (exact, other) in counts.items() if other and not exact),
        )

    def lists(self, *, everywhere: bool = False) -> dict[str, str]:
        """Name → TOML."""
        named = {f"bench-{self.language}": self.phrases, f"decoys-{self.language}": self.decoys}
        return {
            name: keyword_list(name, self.language, phrases, everywhere=everywhere)
            for name, phrases in named.items()
            if phrases
        }

    def matcher(self, *, everywhere: bool = False) -> Matcher:
        return Matcher([parse(text, name) for name, text in self.lists(everywhere=everywhere).items()])


def material(clips: Mapping[str, Sequence[Clip]], plan: Plan) -> list[Material]:
    """What is measured in each language that there is speech of."""
    found = []
    for language, all_clips in clips.items():
        halves = split(all_clips, plan.seed)
        measured, other = (halves.test, halves.train) if plan.half is Half.TEST else (halves.train, halves.test)
        order = list(measured)
        random.Random(plan.seed).shuffle(order)  # noqa: S311  no secret
        order = order[: plan.limit] if plan.limit else order
        sources = order[: (len(order) + 1) // 2]  # the others stay speech that has few of the phrases
        phrases = chosen(sources, language, plan.phrases, plan.seed)
        decoys = chosen(other, language, len(phrases), plan.seed, avoid=order)
        if phrases:
            found.append(Material(language, tuple(order), tuple(phrases), tuple(decoys)))
    return found
