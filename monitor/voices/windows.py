"""Windows of speech, not of clock: what one speaker says is put together, utterance after utterance, and cut evenly.

People in rooms speak in stretches of two seconds; a detector wants two to four of speech alone. So what an utterance
leaves over is kept for the next one of the same track, and each second of speech is in a window or abstained from.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from monitor.model import RATE, Utterance
from monitor.voice_model import Abstained, VoiceWindow
from monitor.voices.features import Signal, Speech, speech_of
from monitor.voices.quality import Limits, unfit, unfit_window

KEPT = 30.0
"""Seconds of media time after which what is left over is too old to be put together with what comes: a window that an
alert cites should still be there to be played."""
TRACKS = 200
"""Tracks whose rest is kept; the one unheard for longest goes first. A rest has under 300 kB."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One window, to be scored or abstained from."""

    start: float  # media time, seconds
    end: float
    speech: float  # seconds
    samples: Signal | None  # at LEVEL, without pauses; None: abstained
    abstained: Abstained | None = None

    def judged(self, score: float | None, llr: float | None) -> VoiceWindow:
        return VoiceWindow(self.start, self.end, self.speech, score, llr, self.abstained)

    def left_out(self, reason: Abstained) -> Piece:
        """The same window, not to be scored."""
        return Piece(self.start, self.end, self.speech, None, self.abstained or reason)


@dataclass(slots=True)
class _Rest:
    """Speech of one track that is in no window yet, or in the last one's second half."""

    samples: Signal
    places: list[tuple[int, int, int]]  # (position in samples, media time in samples, length) of each span
    fresh: int  # samples at the end that were in no window


class Windows:
    """Cuts what each track says. Not safe for more than one thread."""

    def __init__(self, window: float, *, hop: float | None = None, limits: Limits | None = None) -> None:
        """`window` and `hop` in seconds of speech; half of the window overlaps where `hop` is not given."""
        self._size = round(window * RATE)
        self._hop = round((hop or window / 2) * RATE)
        self._limits = limits or Limits()
        self._rests: OrderedDict[str, _Rest] = OrderedDict()

    def add(self, utterance: Utterance) -> list[Piece]:
        """The windows that are full now, in order of time, and what is abstained from."""
        audio = utterance.audio[utterance.overlap :]
        start = utterance.start + utterance.overlap
        speech = speech_of(audio)
        if not len(speech.samples):
            return []
        if reason := unfit(audio, speech, self._limits):
            return [*self.flush(utterance.track), _whole(speech, start, reason)]
        rest, dropped = self._joined(utterance.track, speech, start)
        pieces = self._cut(rest)
        self._rests[utterance.track] = rest
        self._rests.move_to_end(utterance.track)
        while len(self._rests) > TRACKS:
            self._rests.popitem(last=False)
        return [*dropped, *pieces]

    def flush(self, track: str) -> list[Piece]:
        """The track ends here, or its rest is of no use any more: what was in no window was too short."""
        rest = self._rests.pop(track, None)
        if rest is None or not rest.fresh:
            return []
        first, last = len(rest.samples) - rest.fresh, len(rest.samples)
        return [Piece(_media(rest, first), _end(rest, last), rest.fresh / RATE, None, Abstained.SHORT)]

    def _joined(self, track: str, speech: Speech, start: int) -> tuple[_Rest, list[Piece]]:
        """The track's rest with the new speech behind it, and what had to be dropped instead."""
        dropped: list[Piece] = []
        rest = self._rests.get(track)
        if rest is not None and not rest.places:  # the last window ended with the speech, and nothing overlaps
            rest = None
        if rest is not None and start / RATE - _end(rest, len(rest.samples)) > KEPT:
            dropped, rest = self.flush(track), None
        rest = rest or _Rest(np.zeros(0, np.float32), [], 0)
        at = len(rest.samples)
        for begin, end in speech.spans:
            rest.places.append((at, start + begin, end - begin))
            at += end - begin
        rest.samples = np.concatenate([rest.samples, speech.samples])
        rest.fresh += len(speech.samples)
        return rest, dropped

    def _cut(self, rest: _Rest) -> list[Piece]:
        """Takes full windows off the rest; what the last one overlaps with the next stays."""
        pieces = []
        at = 0
        while at + self._size <= len(rest.samples):
            end = at + self._size
            samples = rest.samples[at:end].copy()
            reason = unfit_window(samples, self._limits)
            given = None if reason else samples
            pieces.append(Piece(_media(rest, at), _end(rest, end), self._size / RATE, given, reason))
            rest.fresh = len(rest.samples) - end
            at += self._hop
        rest.samples = rest.samples[at:].copy()
        rest.places = [
            (max(0, position - at), media + max(0, at - position), length - max(0, at - position))
            for position, media, length in rest.places
            if position + length > at
        ]
        return pieces


def _whole(speech: Speech, start: int, reason: Abstained) -> Piece:
    first, last = (start + speech.at(0)) / RATE, (start + speech.at(len(speech.samples))) / RATE
    return Piece(first, last, speech.seconds, None, reason)


def _media(rest: _Rest, position: int) -> float:
    """Media time in seconds of a sample of the rest."""
    at, media, _ = next(place for place in reversed(rest.places) if place[0] <= position)
    return (media + position - at) / RATE


def _end(rest: _Rest, position: int) -> float:
    """Media time just after the sample before `position`: at a cut, before the pause and not after it."""
    return _media(rest, position - 1) + 1 / RATE
