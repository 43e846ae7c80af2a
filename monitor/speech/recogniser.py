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

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        """One transcript an utterance, in order. Called from several threads. Word times are media time."""
        ...
