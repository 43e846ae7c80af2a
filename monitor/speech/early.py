"""Looks at utterances that are still open: what waits to be heard, and what was heard of each. Pure.

A look is worth less than anything whole, and the newest of a track is worth all before it, so at most one of a track
waits. What was heard in a pause is kept: if nothing more is said, it is the utterance, and needn't be heard again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container
from typing import Generic, TypeVar

import numpy as np

from monitor.model import Utterance
from monitor.speech.schedule import Waiting

MAX_TRACKS = 1024
"""Tracks of which a look waits, or is kept; the one unheard for longest is forgotten first. A kept one holds its audio
and what was said before, up to half a megabyte: so it goes as soon as nothing can come of it (`drop`)."""

T = TypeVar("T")


class Early(Generic[T]):
    """T: what comes of a look."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, Waiting] = OrderedDict()  # by track
        self._heard: OrderedDict[str, tuple[Waiting, T]] = OrderedDict()  # by track

    def __len__(self) -> int:
        """Looks that wait."""
        return len(self._waiting)

    @property
    def kept(self) -> int:
        """Looks that were heard and whose whole may be the same."""
        return len(self._heard)

    def add(self, look: Waiting) -> None:
        """In place of an older one of the same track."""
        track = look.utterance.track
        self._waiting.pop(track, None)
        self._waiting[track] = look
        if len(self._waiting) > MAX_TRACKS:
            self._waiting.popitem(last=False)

    def over(self, whole: Utterance) -> None:
        """The utterance is whole: a look at it that still waits comes too late."""
        self._waiting.pop(whole.track, None)

    def drop(self, track: str) -> None:
        """The whole of it is heard by itself, or never will be: what a look has heard is of no use any more."""
        self._heard.pop(track, None)

    def forget(self, tracks: Container[str]) -> None:
        """Nobody may hear what was said on these tracks."""
        for held in (self._waiting, self._heard):
            for track in [track for track in held if track in tracks]:
                del held[track]

    def take(self, busy: Container[str], glances: bool = True) -> Waiting | None:
        """One whose track is not `busy`: in a pause before those at speech that goes on, as it may be the utterance;
        then the one that waits for longest. `glances`: whether it may be one of the others at all."""
        free = [track for track in self._waiting if track not in busy]
        paused = [track for track in free if not self._waiting[track].hints.glance]
        track = next(iter(paused or (free if glances else ())), None)
        return None if track is None else self._waiting.pop(track)

    def heard(self, look: Waiting, outcome: T) -> None:
        track = look.utterance.track
        self._heard.pop(track, None)
        self._heard[track] = (look, outcome)
        if len(self._heard) > MAX_TRACKS:
            self._heard.popitem(last=False)

    def knows(self, whole: Waiting) -> bool:
        """Whether the very same audio was heard in a look."""
        look, _ = self._heard.get(whole.utterance.track, (None, None))
        return look is not None and _same(look, whole)

    def pop(self, whole: Waiting) -> T:
        """What was heard of it, where `knows` says yes."""
        return self._heard.pop(whole.utterance.track)[1]


def _same(look: Waiting, whole: Waiting) -> bool:
    early, late = look.utterance, whole.utterance
    alike = early.id == late.id and early.start == late.start and look.hints == whole.hints
    return alike and np.array_equal(early.audio, late.audio)
