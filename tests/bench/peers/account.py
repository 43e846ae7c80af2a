"""What a listener was shown, beside what was said: how many of the words, and how long after they were spoken.

Servers cut and revise their text as they like, so nothing but words can be compared. The words of the text that is
final are aligned with those of all recordings that were said, in order, by Levenshtein's distance; a word may not stand
for one of a recording that had not begun when it was shown. From that come

- errors: substitutions, deletions, insertions, as a word error rate counts them;
- lost: recordings of which more than half of the words have no text at their place (wrong text is an error, no loss);
- final: from the end of the recording's speech until the last of its words that has text was final;
- any: the same until its last words were shown for the first time, final or not (`TAIL`, `ENOUGH`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from math import ceil, inf

from monitor.speech.wer import Errors

TAIL = 4
"""Words at the end of a recording by which it is known again in text that may still change."""
ENOUGH = 0.75
"""Share of them that must be there, in order, among as many words and two more."""
EARLY = 0.5
"""Seconds by which its last words may be shown before its speech is thought to have ended."""


@dataclass(frozen=True, slots=True)
class Said:
    """One recording that somebody has spoken."""

    began: float  # wall time
    ended: float  # wall time at which the last speech in it ended
    words: tuple[str, ...]
    whole: bool = True  # False: the measurement ended while it was spoken; not counted


@dataclass(frozen=True, slots=True)
class Shown:
    """What a listener had on the screen from a moment on: all of the text."""

    at: float  # wall time
    final: str
    open: str = ""  # after `final`; may still change


@dataclass(slots=True)
class Found:
    """What became of one recording."""

    equal: int = 0
    substituted: int = 0
    deleted: int = 0
    inserted: int = 0
    last: float = -inf  # wall time at which its last word that has text was final

    @property
    def lost(self) -> bool:
        return 2 * self.deleted > self.equal + self.substituted + self.deleted


@dataclass(slots=True)
class Score:
    """Of one stream or, added up, of several."""

    recordings: int = 0
    lost: int = 0
    errors: Errors = field(default_factory=Errors)
    found: int = 0  # words of the references that are in the final text
    final: list[float] = field(default_factory=list)  # seconds, of each recording that was not lost
    any: list[float] = field(default_factory=list)  # seconds, of each that was ever shown

    def __add__(self, other: Score) -> Score:
        return Score(
            self.recordings + other.recordings,
            self.lost + other.lost,
            self.errors + other.errors,
            self.found + other.found,
            self.final + other.final,
            self.any + other.any,
        )


def score(said: Sequence[Said], shown: Sequence[Shown], tokens: Callable[[str], list[str]]) -> Score:
    """`said` and `shown`: by time; `tokens`: makes the words that are compared (those of `said` are made so)."""
    finals = [(one.at, tokens(one.final)) for one in shown]
    total = Score()
    for recording, found in zip(said, align(said, arrivals(finals)), strict=True):
        if not recording.whole:
            continue
        total.recordings += 1
        total.found += found.equal
        total.errors += Errors(len(recording.words), found.substituted, found.deleted, found.inserted)
        total.lost += found.lost
        if not found.lost:
            total.final.append(found.last - recording.ended)
        first = min(_first_shown(recording, shown, finals, tokens), inf if found.lost else found.last)
        if first < inf:
            total.any.append(first - recording.ended)
    return total


def arrivals(finals: Sequence[tuple[float, list[str]]]) -> list[tuple[str, float]]:
    """The words of the last text, each with the time from which on it was there.

    A text usually grows at its end; where something before was rewritten, what stayed keeps its time.
    """
    known: list[tuple[str, float]] = []
    for at, words in finals:
        old = [word for word, _ in known]
        if words[: len(old)] == old:
            known += [(word, at) for word in words[len(old) :]]
            continue
        now: list[tuple[str, float]] = []
        for kind, first, last, start, end in SequenceMatcher(None, old, words, autojunk=False).get_opcodes():
            now += known[first:last] if kind == "equal" else [(word, at) for word in words[start:end]]
        known = now
    return known


def align(said: Sequence[Said], heard: Sequence[tuple[str, float]]) -> list[Found]:
    """For each recording what stands at its place in `heard`: (word, time at which it came), in order of the text."""
    reference = [(word, number) for number, one in enumerate(said) for word in one.words]
    found = [Found() for _ in said]
    if not reference:
        return found
    i, j = len(reference), len(heard)
    steps = _steps(reference, heard, [one.began for one in said])
    while i or j:
        step = steps[i][j]
        if step == _INSERTED:
            j -= 1
            found[reference[max(i, 1) - 1][1]].inserted += 1
            continue
        i -= 1
        word, number = reference[i]
        if step == _DELETED:
            found[number].deleted += 1
            continue
        j -= 1
        if heard[j][0] == word:
            found[number].equal += 1
        else:
            found[number].substituted += 1
        found[number].last = max(found[number].last, heard[j][1])
    return found


_PAIRED, _DELETED, _INSERTED = 0, 1, 2


def _steps(
    reference: Sequence[tuple[str, int]], heard: Sequence[tuple[str, float]], begun: Sequence[float]
) -> list[bytearray]:
    """The last step of a cheapest way to each pair of lengths."""
    before = list(range(len(heard) + 1))
    steps = [bytearray([_INSERTED]) * (len(heard) + 1)]
    for i, (word, number) in enumerate(reference, 1):
        row, way = [i], bytearray([_DELETED]) * (len(heard) + 1)
        began = begun[number]
        for j, (said, at) in enumerate(heard, 1):
            cost = before[j - 1] + (word != said) if at >= began else inf
            step = _PAIRED
            if before[j] + 1 < cost:
                cost, step = before[j] + 1, _DELETED
            if row[j - 1] + 1 < cost:
                cost, step = row[j - 1] + 1, _INSERTED
            row.append(cost)
            way[j] = step
        steps.append(way)
        before = row
    return steps


def _first_shown(
    recording: Said,
    shown: Sequence[Shown],
    finals: Sequence[tuple[float, list[str]]],
    tokens: Callable[[str], list[str]],
) -> float:
    """Wall time at which its last words were on the screen for the first time; infinite if they never were."""
    times = [one.at for one in shown]
    start = bisect_left(times, recording.began)
    before = len(finals[start - 1][1]) if start else 0  # words that were final before it began are none of its own
    tail = recording.words[-TAIL:]
    for number in range(bisect_left(times, recording.ended - EARLY), len(shown)):
        if contains(finals[number][1][before:] + tokens(shown[number].open), tail):
            return shown[number].at
    return inf


def contains(words: Sequence[str], tail: Sequence[str]) -> bool:
    """Are enough of `tail` in `words`, in order and close together?"""
    enough = ceil(ENOUGH * len(tail))
    width = len(tail) + 2
    return any(_common(words[first : first + width], tail) >= enough for first in range(max(1, len(words) - width + 1)))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for word in one:
        diagonal = 0
        for j, said in enumerate(other, 1):
            diagonal, row[j] = row[j], diagonal + 1 if word == said else max(row[j], row[j - 1])
    return row[-1]
