"""Texts that don't stop: a phrase said over and over that nobody said. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

TIMES = 3
"""Times in a row from which on a phrase counts as said over and over."""
WORDS = 9
"""Words that it must come to in all: "no no no" is how people talk, three words three times is not."""


def runaways(reference: Sequence[str], heard: Sequence[str]) -> list[str]:
    """Each phrase that is said over and over in `heard`, and not in `reference`, as "phrase × times"."""
    said = {_turned(phrase) for phrase, _ in _loops(reference, 0)}
    return [f"{' '.join(phrase)} × {times}" for phrase, times in _loops(heard, WORDS) if _turned(phrase) not in said]


def _loops(words: Sequence[str], least: int) -> Iterator[tuple[tuple[str, ...], int]]:
    """Phrases said TIMES or more in a row, the shortest where several fit; `least`: words that they come to."""
    at = 0
    while at < len(words):
        for length in range(1, (len(words) - at) // TIMES + 1):
            times = _times(words, at, length)
            if times >= TIMES and times * length >= least:
                yield tuple(words[at : at + length]), times
                at += times * length
                break
        else:
            at += 1


def _times(words: Sequence[str], at: int, length: int) -> int:
    phrase, times = words[at : at + length], 1
    while words[at + times * length : at + (times + 1) * length] == phrase:
        times += 1
    return times


def _turned(phrase: tuple[str, ...]) -> tuple[str, ...]:
    """The same for "a b c" and "b c a": where a loop begins is chance."""
    return min(phrase[n:] + phrase[:n] for n in range(len(phrase)))
