"""Right, wrong and missed: counted for each pair of a clip and a phrase, by the best grade that found it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from monitor.model import Grade

UP_TO = {"A": (Grade.A,), "A and B": (Grade.A, Grade.B), "A to C": (Grade.A, Grade.B, Grade.C)}
"""Rows of a table: hits of these grades count."""


@dataclass(slots=True)
class Score:
    """Counts of pairs (clip, phrase); they add up."""

    right: int = 0  # found, and said as it is
    other: int = 0  # found, and said in another form of its words: neither missed nor false
    wrong: int = 0  # found, and not said
    missed: int = 0  # said as it is, and not found
    idle_wrong: int = 0  # of the wrong ones: in clips without any of the phrases
    idle_seconds: float = 0.0  # of speech in such clips
    seconds: float = 0.0  # of speech in all

    @property
    def precision(self) -> float | None:
        found = self.right + self.other + self.wrong
        return (self.right + self.other) / found if found else None

    @property
    def recall(self) -> float | None:
        said = self.right + self.missed
        return self.right / said if said else None

    @property
    def f1(self) -> float | None:
        precision, recall = self.precision, self.recall
        if precision is None or recall is None or not precision + recall:
            return None
        return 2 * precision * recall / (precision + recall)

    @property
    def false_an_hour(self) -> float | None:
        """On speech that has none of the phrases."""
        return self.idle_wrong / self.idle_seconds * 3600 if self.idle_seconds else None

    def __add__(self, more: Score) -> Score:
        names = self.__slots__
        return Score(*(getattr(self, name) + getattr(more, name) for name in names))

    def row(self) -> dict[str, float | int | None]:
        """As JSON."""
        counts = {name: getattr(self, name) for name in self.__slots__}
        rates = {name: getattr(self, name) for name in ("precision", "recall", "f1", "false_an_hour")}
        return {name: round(v, 4) if isinstance(v, float) else v for name, v in (counts | rates).items()}


@dataclass(frozen=True, slots=True)
class Said:
    """What is true of one clip."""

    seconds: float
    exact: frozenset[str]  # phrases that are said as they are
    other: frozenset[str]  # phrases that are said in other forms only


@dataclass(slots=True)
class Tally:
    """The scores of one system under one condition."""

    up_to: dict[str, Score] = field(default_factory=lambda: {name: Score() for name in UP_TO})
    alone: dict[str, Score] = field(default_factory=lambda: {"B alone": Score(), "C alone": Score()})

    def add(self, said: Said, found: Mapping[str, Grade]) -> None:
        """One clip; `found`: phrases with the best grade that found them."""
        for name, grades in UP_TO.items():
            self.up_to[name] += count(said, {phrase for phrase, grade in found.items() if grade in grades})
        for name, grade in (("B alone", Grade.B), ("C alone", Grade.C)):
            self.alone[name] += count(said, {phrase for phrase, one in found.items() if one is grade})

    def __add__(self, more: Tally) -> Tally:
        return Tally(
            {name: score + more.up_to[name] for name, score in self.up_to.items()},
            {name: score + more.alone[name] for name, score in self.alone.items()},
        )


def count(said: Said, found: Iterable[str]) -> Score:
    """One clip."""
    found = set(found)
    wrong = len(found - said.exact - said.other)
    idle = not said.exact and not said.other
    return Score(
        right=len(found & said.exact),
        other=len(found & said.other),
        wrong=wrong,
        missed=len(said.exact - found),
        idle_wrong=wrong if idle else 0,
        idle_seconds=said.seconds if idle else 0.0,
        seconds=said.seconds,
    )
