"""What becomes of an utterance in the recogniser's queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from monitor.model import Heard, Samples, Transcript, Utterance


class Verdict(Protocol):
    """What the second voice detector says about an utterance."""

    @property
    def probability(self) -> float: ...

    @property
    def speech_seconds(self) -> float: ...


Gate = Callable[[Samples], Verdict]
"""Called in the recogniser's threads with the samples of a whole utterance."""


@dataclass(frozen=True, slots=True, eq=False)
class Transcribed:
    transcript: Transcript
    verdict: Verdict
    queued: float = 0.0  # seconds from the submission until a thread took it
    heard: float = 0.0  # seconds in the thread, with those that were heard together with it


@dataclass(frozen=True, slots=True, eq=False)
class Vetoed:
    """Sounded, but isn't speech: not transcribed."""

    utterance: Utterance
    verdict: Verdict


@dataclass(frozen=True, slots=True, eq=False)
class GivenUp:
    """Not examined."""

    utterance: Utterance
    reason: str  # plain words
    state: Heard  # LOST_OVERLOAD, LOST_ERROR or NOT_CONSENTED


@dataclass(frozen=True, slots=True, eq=False)
class Wanting:
    """Heard together with others, which was not enough: no outcome yet, it is to be heard by itself."""

    utterance: Utterance


Outcome = Transcribed | Vetoed | GivenUp


def utterance_of(outcome: Outcome | Wanting) -> Utterance:
    return outcome.transcript.utterance if isinstance(outcome, Transcribed) else outcome.utterance
