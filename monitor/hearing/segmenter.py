"""Cuts one speaker's frames into utterances and silence. Pure: time is media time, in samples.

What comes out tiles the track: the Quiet pieces and the Speech pieces without their overlaps follow each other
without hole or doubling, so that the ledger can book each sample once.

Nothing that the VAD called voice is thrown away here, however short: a shouted word may last 0.2 s, and whether
a blip was a voice is for the second VAD to say, which hears it whole. (The VAD's onset rule is the only filter.)
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from monitor.model import FRAME, RATE, AudioFrame, Cut, Origin, Samples

SHORT, LONG = 2.0, 6.0
"""Seconds of an utterance up to which the whole hangover is waited for, and from which `hangover_long` will do."""
BREATH = 0.12
"""Seconds of silence that end an utterance which would soon be cut anyway: hardly ever within a word, and a cut there
comes at once, where the quietest point is up to `search` ago."""
SOON = 2.0, 1.0
"""Seconds before the greatest length from which the silence waited for goes down to that, and until which."""


@dataclass(frozen=True, slots=True)
class Rules:
    """All in seconds."""

    pre_roll: float = 0.4  # kept from before speech is noticed
    hangover: float = 0.6  # silence that ends an utterance
    hangover_long: float = 0.3  # silence that ends a long one: an alert should not wait for the end of a monologue
    max_utterance: float = 8.0
    overlap: float = 1.5  # repeated after a cut that may have split a word; at most half of max_utterance is
    tail: float = 0.3  # of the silence after the last voiced frame, kept: Whisper ends a sentence better with it
    hole: float = 0.3  # a longer hole in the network can't be heard across
    search: float = 1.0  # before the end of a too long utterance, where its quietest point is looked for


@dataclass(frozen=True, slots=True)
class Quiet:
    """Samples [start, end) without speech (or lost: then they are settled already)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """One utterance; its first `overlap` samples are also the last ones of the Speech before."""

    start: int
    audio: Samples
    cut: Cut
    overlap: int = 0

    @property
    def end(self) -> int:
        return self.start + len(self.audio)


Piece = Quiet | Speech


class Segmenter:
    """Feed it every frame of a track, in order and without holes; it gives back pieces in order.

    Between utterances the newest `pre_roll` stays in `_recent`; during one, everything is in `_open`.
    After a cut that may have split a word, `_echo` holds the end of what was given out, for the head of the next
    utterance if that follows without a Quiet between.
    """

    def __init__(self, rules: Rules) -> None:
        self._pre_roll = _frames(rules.pre_roll)
        self._hangover = max(1, _frames(rules.hangover))
        self._hangover_long = max(1, _frames(min(rules.hangover_long, rules.hangover)))
        self._longest = max(8, _frames(rules.max_utterance))
        self._overlap = min(_frames(rules.overlap), self._longest // 2)
        self._tail = _frames(rules.tail)
        self._hole = _frames(rules.hole)
        # Cutting back by at most half of what is new keeps every utterance longer than its overlap.
        self._search = max(2, min(_frames(rules.search), (self._longest - self._overlap) // 2))
        self._end: int | None = None  # media time after the last frame
        self._recent: deque[AudioFrame] = deque()
        self._echo: list[AudioFrame] = []
        self._open: list[AudioFrame] = []  # with the echo at its head
        self._voiced = 0  # frames of _open up to and with the last voiced one
        self._quiet_run = 0  # unvoiced frames since then (lost ones don't count: they may have been voiced)
        self._lost_run = 0  # lost frames at the end of what was fed
        self._talking = False

    @property
    def talking(self) -> bool:
        """Was there voice in the newest frame of which that is known?"""
        return self._talking

    @property
    def open(self) -> bool:
        """Is an utterance under way?"""
        return bool(self._open)

    @property
    def said(self) -> int:
        """Samples of the open utterance up to its last voiced frame; 0 where none is open."""
        return self._voiced * FRAME if self._open else 0

    @property
    def repeated(self) -> int:
        """Samples at the head of the open utterance that the one before has as well."""
        return sum(len(frame.samples) for frame in self._echo) if self._open else 0

    @property
    def paused(self) -> float:
        """Seconds of silence since the last voice in the open utterance; 0 while the speaker goes on."""
        return self._quiet_run * FRAME / RATE if self._open else 0.0

    def so_far(self) -> Speech | None:
        """The open utterance as far as it goes, which stays open; None where there is none.

        In a pause of at least `tail` it is what will be cut, sample for sample, unless the speaker goes on; its `cut`
        is SILENCE then, else LENGTH.
        """
        if not self._open:
            return None
        said = self._open[: self._voiced + self._tail]
        cut = Cut.SILENCE if self._quiet_run >= self._tail else Cut.LENGTH
        return Speech(said[0].start, np.concatenate([f.samples for f in said]), cut, self.repeated)

    @property
    def until_silent(self) -> float | None:
        """Seconds of silence that would still end the open utterance; None while the speaker hasn't paused."""
        if not self._open or not self._quiet_run:
            return None
        return (self._patience - self._quiet_run) * FRAME / RATE

    def feed(self, frame: AudioFrame, voiced: bool) -> list[Piece]:
        """Take the next frame. `voiced` counts for HEARD frames only. Raises ValueError on a hole or a repeat."""
        if self._end is not None and frame.start != self._end:
            raise ValueError(f"frame starts at {frame.start}, the one before ended at {self._end}")
        self._end = frame.start + len(frame.samples)
        known = frame.origin in (Origin.HEARD, Origin.QUIET)
        self._lost_run = 0 if known else self._lost_run + 1
        voiced = voiced and frame.origin is Origin.HEARD
        self._talking = voiced if known else self._talking
        self._quiet_run = 0 if voiced else self._quiet_run + known
        return self._go_on(frame, voiced) if self._open else self._wait(frame, voiced)

    def pause(self) -> list[Piece]:
        """No frame has come for a while (DTX, mute, a stalled network): close the utterance, losing nothing.

        The cut is SILENCE when the speaker had paused already, else GAP. Should the audio go on as if nothing
        had been, the next utterance begins with an overlap, and a word in the middle is found there.
        """
        if not self._open:
            return []
        return self._close(Cut.SILENCE if self._quiet_run else Cut.GAP, len(self._open), echo=True)

    def flush(self, cut: Cut) -> list[Piece]:
        """The track ends here: everything that is inside, tiled to the end. `cut` is for the open utterance."""
        pieces = self._close(cut, len(self._open)) if self._open else []
        return pieces + self._forget(len(self._recent))

    def drop(self) -> list[Piece]:
        """Nobody may listen any more: everything that is inside, tiled to the end, the open utterance cut with CONSENT.

        Nothing is remembered of it; the next frame may start anywhere.
        """
        pieces = self.flush(Cut.CONSENT)
        self._end = None
        self._echo = []
        self._voiced = self._quiet_run = self._lost_run = 0
        self._talking = False
        return pieces

    def _wait(self, frame: AudioFrame, voiced: bool) -> list[Piece]:
        self._recent.append(frame)
        if voiced:
            self._open = [*self._echo, *self._recent]
            self._recent.clear()
            self._voiced = len(self._open)
            return []
        if self._quiet_run >= self._hangover:
            self._echo = []  # a real pause: no word goes on after it
        if self._lost_run > self._hole:  # no use as pre-roll: nothing before it joins on to what comes
            return self._forget(len(self._recent))
        return self._forget(len(self._recent) - self._pre_roll)

    def _go_on(self, frame: AudioFrame, voiced: bool) -> list[Piece]:
        self._open.append(frame)
        if voiced:
            self._voiced = len(self._open)
        if self._lost_run > self._hole:
            pieces = self._close(Cut.GAP, len(self._open) - self._lost_run)
            return pieces + self._forget(len(self._recent))
        if self._quiet_run >= self._patience:
            return self._close(Cut.SILENCE, len(self._open))
        if len(self._open) >= self._longest:
            return self._close(Cut.LENGTH, self._quietest(), echo=True)
        return []

    @property
    def _patience(self) -> int:
        """Frames of silence that end the open utterance: fewer, the longer it is."""
        length = len(self._open)
        patience = self._hangover - (self._hangover - self._hangover_long) * _part(length, *map(_frames, (SHORT, LONG)))
        soon, at_last = (self._longest - _frames(before) for before in SOON)
        least = min(patience, _frames(BREATH))
        return round(patience - (patience - least) * _part(length, soon, at_last))

    def _close(self, cut: Cut, at: int, echo: bool = False) -> list[Piece]:
        """Give out the open utterance up to its frame `at`, without most of its trailing silence.

        If voice follows after that point, it opens the next utterance; if not, it is possible pre-roll.
        """
        head = len(self._echo)
        at = min(at, self._voiced + self._tail)
        said, rest = self._open[:at], self._open[at:]
        audio = np.concatenate([f.samples for f in said])
        speech = Speech(said[0].start, audio, cut, sum(len(f.samples) for f in said[:head]))
        self._echo = said[-self._overlap :] if echo and self._overlap else []
        if at < self._voiced:
            self._open = [*self._echo, *rest]
            self._voiced += len(self._echo) - at
            return [speech]
        self._open = []
        self._recent.extend(rest)
        return [speech, *self._forget(len(self._recent) - self._pre_roll)]

    def _forget(self, frames: int) -> list[Piece]:
        """The oldest frames of the possible pre-roll are silence for good."""
        if frames <= 0:
            return []
        start = self._recent[0].start
        for _ in range(frames):
            last = self._recent.popleft()
        self._echo = []  # something lies between it and the next utterance
        return [Quiet(start, last.start + len(last.samples))]

    def _quietest(self) -> int:
        """Number of frames up to the lowest energy (over 80 ms) in the last `search`: seldom within a word.

        Of equally quiet points the latest is taken.
        """
        first = len(self._open) - self._search
        frames = self._open[max(0, first - 2) :]
        power = [float(np.mean(np.square(f.samples, dtype=np.float64))) for f in frames]
        around = [a + b for a, b in pairwise([a + b for a, b in pairwise([a + b for a, b in pairwise(power)])])]
        best = len(around) - 1 - int(np.argmin(around[::-1]))
        return len(self._open) - len(frames) + best + 2


def _part(length: int, first: int, last: int) -> float:
    """How far it is on its way from the one to the other: 0 before, 1 after."""
    return min(1.0, max(0.0, (length - first) / (last - first)))


def _frames(seconds: float) -> int:
    return round(seconds * RATE / FRAME)
