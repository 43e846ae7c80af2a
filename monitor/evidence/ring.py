"""The recent audio of each track, so that an evidence clip can begin before the hit.

Holds what the recogniser was given: utterances, with holes between them where nobody spoke or nothing arrived.
Bounded in seconds a track and in tracks. One user at a time.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

import numpy as np

from monitor.model import RATE, Samples, Utterance


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A stretch of audio at its media time."""

    start: int  # media time of the first sample, samples
    audio: Samples  # shape (n,), int16

    @property
    def end(self) -> int:
        return self.start + len(self.audio)


class Ring:
    """The newest `seconds` of each of at most `max_tracks` tracks; the track unheard for longest goes first."""

    def __init__(self, seconds: float = 60.0, max_tracks: int = 256) -> None:
        """Memory: at most 32 kB a second and track."""
        if seconds <= 0 or max_tracks < 1:
            raise ValueError("a ring needs a length and room for one track")
        self._samples = round(seconds * RATE)
        self._max = max_tracks
        self._tracks: OrderedDict[str, deque[Part]] = OrderedDict()

    def __len__(self) -> int:
        """Tracks of which something is held."""
        return len(self._tracks)

    def add(self, utterance: Utterance) -> None:
        """Remember an utterance. In order; audio that the utterance before has as well is held once."""
        parts = self._tracks.pop(utterance.track, None) or deque()
        begin = max(utterance.start, parts[-1].end) if parts else utterance.start
        if begin < utterance.end:
            begin = max(begin, utterance.end - self._samples)
            # a copy: a slice would keep the whole utterance in memory
            parts.append(Part(begin, utterance.audio[begin - utterance.start :].copy()))
        oldest = max(part.end for part in parts) - self._samples if parts else 0
        while parts and parts[0].end <= oldest:
            parts.popleft()
        if parts and parts[0].start < oldest:
            parts[0] = Part(oldest, parts[0].audio[oldest - parts[0].start :].copy())
        if parts:
            self._tracks[utterance.track] = parts
        while len(self._tracks) > self._max:
            self._tracks.popitem(last=False)

    def between(self, track: str, start: int, end: int) -> tuple[Part, ...]:
        """What is held of [start, end), media time in samples, in order; empty where nothing is."""
        found = []
        for part in self._tracks.get(track, ()):
            first, last = max(start, part.start), min(end, part.end)
            if first < last:
                found.append(Part(first, part.audio[first - part.start : last - part.start]))
        return tuple(found)

    def before(self, track: str, start: int, longest: float, pause: float) -> Samples:
        """The audio that ends exactly at `start`: at most `longest` seconds, back to the first hole of over `pause`.

        Holes within it are silence. Empty where nothing was said shortly before.
        """
        begin = start
        parts = self.between(track, start - round(longest * RATE), start)
        for part in reversed(parts):
            if begin - part.end > pause * RATE:
                break
            begin = part.start
        out = np.zeros(start - begin, np.int16)
        for part in parts:
            if part.start >= begin:
                out[part.start - begin : part.end - begin] = part.audio
        return out

    def forget(self, track: str) -> None:
        """The speaker left, or withdrew consent: nothing of the audio stays."""
        self._tracks.pop(track, None)
