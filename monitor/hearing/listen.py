"""One speaker's frames, from the track to the utterances: first VAD, segmenter, and the ledger beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from monitor.hearing.coverage import Ledger
from monitor.hearing.looks import Looks
from monitor.hearing.segmenter import Piece, Quiet, Segmenter, Speech
from monitor.hearing.vad import Vad
from monitor.model import RATE, AudioFrame, Cut, Heard, Origin, Speaker, Utterance

LOST = {
    Origin.LOST: (Heard.LOST_NETWORK, "packets lost on the way"),
    Origin.OVERLOAD: (Heard.LOST_OVERLOAD, "our own buffer was full"),
    Origin.FOREIGN: (Heard.LOST_ERROR, "sent in a way that the monitor can't hear"),
}
"""What a hole is booked as. What was concealed in it may be heard across, but nobody examined what was said."""
TICK = 0.1
"""Seconds between looks at an open utterance; shorter delays of single packets never close one."""


class Frames(Protocol):
    """A track, as far as listening goes."""

    @property
    def id(self) -> str: ...

    @property
    def speaker(self) -> Speaker: ...

    def frames(self) -> AsyncIterator[AudioFrame]:
        """Frames in order without holes, from media time 0."""
        ...


class Tap:
    """Whether a track may be heard. Closing it takes effect before `close` returns: what is open is cut and dropped,
    and of what comes later no sample is looked at. The ledger has all of it as not-consented, with the cause.
    """

    def __init__(self, closed: str = "") -> None:
        """`closed`: why it is closed from the beginning, in plain words; empty: it is open."""
        self._cause = closed
        self._drop: Callable[[str], None] | None = None

    @property
    def cause(self) -> str:
        """Why nobody may listen; empty: they may."""
        return self._cause

    def close(self, cause: str) -> None:
        """Closing a closed one changes the cause of what comes."""
        was_open, self._cause = not self._cause, cause
        if was_open and self._drop is not None:
            self._drop(cause)

    def open(self) -> None:
        self._cause = ""

    def feeds(self, drop: Callable[[str], None]) -> None:
        """`drop` is called with the cause whenever it is closed."""
        self._drop = drop


async def listen(
    track: Frames,
    *,
    room: str,
    ledger: Ledger,
    vad: Vad,
    segmenter: Segmenter,
    hand_over: Callable[[Utterance], None],
    talking: Callable[[bool], None],
    ids: Callable[[], str],
    stall: float = 0.5,
    tap: Tap | None = None,
    look: Callable[[Utterance], None] | None = None,
    looks: Looks | None = None,
) -> None:
    """Follow one speaker until the track ends, or until cancelled; in both cases the last utterance is handed over.

    Everything but the wait for the next frame is synchronous, so the track is always drained. Utterances stay
    pending in the ledger until their taker settles them; silence and losses are settled here.
    When no frame comes for `stall` seconds (event loop time), or in a pause for what is left of the hangover, the
    open utterance is closed: a sender with DTX or a muted one sends nothing that a hangover could count.
    Media time doesn't move for that.
    While the `tap` is closed, frames are taken and booked, and nothing else is done with them; None: it is always open.
    `look` gets an open utterance as far as it goes whenever `looks` says so; the whole of it is handed over later all
    the same, with the same id.
    Whatever the callbacks or the track raise comes out in an ExceptionGroup.
    """
    ear = _Ear(track, room, ledger, vad, segmenter, hand_over, talking, ids, tap or Tap(), look, looks)
    ear.tap.feeds(ear.drop)
    try:
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(ear.watch(stall))
            async for frame in track.frames():
                ear.take(frame)
            watch.cancel()
    finally:
        ear.finish()


@dataclass(slots=True, eq=False)
class _Ear:
    track: Frames
    room: str
    ledger: Ledger
    vad: Vad
    segmenter: Segmenter
    hand_over: Callable[[Utterance], None]
    talking: Callable[[bool], None]
    ids: Callable[[], str]
    tap: Tap
    look: Callable[[Utterance], None] | None
    looks: Looks | None
    id: str = ""  # of the open utterance, where it was looked at
    was_open: bool = False
    last: AudioFrame | None = None
    at: float = 0.0  # event loop time of the last frame

    def take(self, frame: AudioFrame) -> None:
        self.last, self.at = frame, asyncio.get_running_loop().time()
        end = frame.start + len(frame.samples)
        self.ledger.extend(end)
        if self.tap.cause:
            self.ledger.settle(frame.start, end, Heard.NOT_CONSENTED, self.tap.cause)
            return
        if frame.origin in LOST:
            state, cause = LOST[frame.origin]
            self.ledger.settle(frame.start, end, state, frame.cause or cause)
        # Concealment and comfort noise would only mislead the VAD, and teach it a wrong noise floor.
        voiced = frame.origin is Origin.HEARD and self.vad.voiced(frame.samples)
        self._book(self.segmenter.feed(frame, voiced))
        if self.look and self.looks and self.looks.due(self.segmenter) and (so_far := self.segmenter.so_far()):
            self.id = self.id or self.ids()
            self.look(self._utterance(so_far, self.id, open_=True))

    async def watch(self, stall: float) -> None:
        """Close what is open once frames have stopped coming. Runs until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            if self.segmenter.open and loop.time() - self.at >= self._patience(stall):
                self._book(self.segmenter.pause())
            await asyncio.sleep(TICK if self.segmenter.open else stall)

    def _patience(self, stall: float) -> float:
        rest = self.segmenter.until_silent
        return stall if rest is None else min(stall, max(rest, TICK))

    def drop(self, cause: str) -> None:
        """The tap was closed: what is open goes no further. Its head that the utterance before has as well is not
        booked here: that one may be examined to the end."""
        for piece in self.segmenter.drop():
            match piece:
                case Quiet(start, end):
                    self.ledger.settle(start, end, Heard.SILENCE)
                case Speech():
                    self.ledger.settle(piece.start + piece.overlap, piece.end, Heard.NOT_CONSENTED, cause)
        self.id = ""
        self._tell_talking()

    def finish(self) -> None:
        self._book(self.segmenter.flush(Cut.LEFT))

    def _book(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            match piece:
                case Quiet(start, end):
                    self.ledger.settle(start, end, Heard.SILENCE)
                case Speech():
                    name, self.id = self.id or self.ids(), ""
                    self.hand_over(self._utterance(piece, name))
        self._tell_talking()

    def _tell_talking(self) -> None:
        if self.segmenter.open != self.was_open:
            self.was_open = self.segmenter.open
            self.talking(self.was_open)

    def _utterance(self, piece: Speech, name: str, open_: bool = False) -> Utterance:
        return Utterance(
            id=name,
            room=self.room,
            speaker=self.track.speaker,
            track=self.track.id,
            began=self._wall(piece.start),
            start=piece.start,
            audio=piece.audio,
            cut=piece.cut,
            overlap=piece.overlap,
            open=open_,
        )

    def _wall(self, sample: int) -> float:
        """Wall time of a sample, counted back from the last arrival: what the sender left out weighs nothing."""
        if self.last is None or not self.last.arrived:
            return self.ledger.wall(sample)
        end = self.last.start + len(self.last.samples)
        return self.last.arrived - (end - sample) / RATE
