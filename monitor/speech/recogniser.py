"""The seam to speech recognition. Synchronous on purpose: the batcher owns the thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from monitor.model import RATE, Samples, Transcript, Utterance

ALIKE = RATE
"""Samples: what is heard is as long as a multiple of this, so that several can be heard together."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known before an utterance is heard."""

    languages: tuple[str, ...] = ()  # the room's set (ISO 639-1); empty: any
    likely: str | None = None  # the speaker's language so far
    speech: float | None = None  # seconds that a second voice detector took for speech
    quick: bool = False  # others wait: no other readings of unsure words, and improbable text isn't heard again
    again: bool = False  # heard together with others, and found wanting
    glance: bool = False  # the speaker goes on: nothing else need be kept waiting for it
    before: Samples | None = field(default=None, compare=False, repr=False)
    """What the speaker said just before, ending where the utterance begins: context, never transcribed again."""


def context(utterance: Utterance, hints: Hints) -> Samples:
    """What is put in front of the utterance: a context long enough gives up its head for a length that others have."""
    before = hints.before if hints.before is not None else utterance.audio[:0]
    odd = (len(before) + len(utterance.audio)) % ALIKE
    return before[odd:] if len(before) >= odd + ALIKE else before


def alike(samples: int) -> int:
    """The length that audio of so many samples is heard in: rounded up with silence, so that others have it, too."""
    return -(-samples // ALIKE) * ALIKE


class Recogniser(Protocol):
    @property
    def model(self) -> str:
        """Name of the model, as shown beside each transcript."""
        ...

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> Sequence[Transcript | None]:
        """One transcript an utterance, in order. Called from several threads. Word times are media time.

        None only where there are several: it takes a longer hearing, for which the others shouldn't wait, and is to be
        heard by itself, with hints that say `again`. Or where it is still open: the whole of it will be heard anyway.
        """
        ...


def hear_one(recogniser: Recogniser, utterance: Utterance, hints: Hints) -> Transcript:
    """One utterance by itself, which always comes to a transcript. Raises what the recogniser raises."""
    (heard,) = recogniser.transcribe([(utterance, hints)])
    if heard is None:
        raise RuntimeError(f"{recogniser.model} left an utterance for later that it was given by itself")
    return heard
