"""Which recogniser hears what, as the queue asks it."""

from __future__ import annotations

from typing import Protocol

from monitor.model import Transcript, Utterance
from monitor.speech.recogniser import Hints, Recogniser


class Hearers(Protocol):
    """Several recognisers, of which each utterance has one. See models.py."""

    def choose(self, utterance: Utterance, hints: Hints, haste: bool = False) -> Recogniser:
        """The one that hears it now; `haste`: too much waits."""
        ...

    def after(self, heard_by: Recogniser, transcript: Transcript, hints: Hints) -> Recogniser | None:
        """The one that should hear it again, now that its language is known; called from the threads."""
        ...


class Same:
    """One for all, and a smaller one for when too much waits."""

    def __init__(self, recogniser: Recogniser, smaller: Recogniser | None) -> None:
        self._usual = recogniser
        self._smaller = smaller or recogniser

    def choose(self, utterance: Utterance, hints: Hints, haste: bool = False) -> Recogniser:
        return self._smaller if haste else self._usual

    def after(self, heard_by: Recogniser, transcript: Transcript, hints: Hints) -> None:
        return None
