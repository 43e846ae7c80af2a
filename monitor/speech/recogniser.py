"""The seam to speech recognition. Synchronous on purpose: the batcher owns the thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from monitor.model import Samples, Transcript, Utterance


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known before an utterance is heard."""

    languages: tuple[str, ...] = ()  # the room's set (ISO 639-1); empty: any
    likely: str | None = None  # the speaker's language so far
    speech: float | None = None  # seconds that a second voice detector took for speech
    before: Samples | None = field(default=None, compare=False, repr=False)
    """What the speaker said just before, ending where the utterance begins: context, never transcribed again."""


class Recogniser(Protocol):
    @property
    def model(self) -> str:
        """Name of the model, as shown beside each transcript."""
        ...

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        """One transcript an utterance, in order. Called from one thread only. Word times are media time."""
        ...
