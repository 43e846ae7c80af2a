"""Which of the audio that LiveKit's SDK gives was heard, and which its decoder made up. Pure.

The SDK's decoder (libwebrtc's NetEq) gives sound without end, whatever comes: what is lost it makes up, and while
nothing comes it gives silence. Taken at its word, a dead connection would look like a quiet room. So its counters are
read a few times a second, and the audio between two readings is judged by them:

- nothing was received: the audio is silence of the decoder's own. It is held back until packets come again, and their
  sequence numbers say how much of it was lost; the rest the sender kept silent. After a gap of 50 packets (a second)
  libwebrtc takes the stream for a new one and counts none as missing. Then what the room said of the speaker decides:
  time for which it said that they talk is lost; for the rest no media time is made (`hearing.pace` judges that, by
  whether somebody was in the middle of speech when it stopped).
- packets came, some are missing, and audio was made up: as much of it is lost as both counters agree on. (Missing alone
  may have been won back from redundancy; made up alone may be a packet that came too late, or a sender's pause.)

So the amount of loss is exact for packets of 20 ms; its place to the time between two readings, and the 100 ms that the
decoder still has.
"""

from __future__ import annotations

from dataclasses import dataclass

PACKET = 1
"""Frames (20 ms) in a packet: what LiveKit's clients send."""
TAIL = 5
"""Frames (100 ms) that the decoder still had when packets stopped."""
MADE_UP = 960
"""Samples in a frame, as the SDK counts what it made up (48 kHz)."""
RESTART = 45
"""Frames after which a gap may have been taken for a new stream (50 packets)."""
LATE = 50
"""Frames (1 s) for which the room may go on to say that somebody talks who has stopped."""
MEMORY = 4
"""Readings for which a missing packet and the audio made up for it may be apart: the decoder is some 50 ms behind."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the SDK has counted on one track since it began."""

    packets: int  # received
    missing: int  # by sequence number; becomes less when one comes late
    made_up: int  # samples at 48 kHz


NOTHING = Counts(0, 0, 0)
"""Nothing has come yet."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of frames, in this order."""

    lost_before: int = 0  # of those that were held back: lost
    quiet_before: int = 0  # of those that were held back: the sender was silent; no media time for the rest
    lost_first: int = 0  # of the new ones, from the first on: lost
    heard: int = 0  # of the new ones, after those
    lost: int = 0  # of the new ones, after those that were heard
    held: int = 0  # of the new ones, the last: not known yet


class Judge:
    """One track. Asked with each reading of the counters."""

    def __init__(self) -> None:
        self._last: Counts | None = None
        self._held = 0
        self._tail = 0  # frames that the decoder still has
        self._filled = 0  # samples made up meanwhile
        self._talked = 0  # of those held back: while the room said that the speaker talks
        self._missing: list[int] = []  # of the last readings: packets that are missing, no audio made up for them yet
        self._made_up: list[int] = []  # of the last readings: samples made up, no packet known to be missing yet

    @property
    def held(self) -> int:
        """Frames that are held back."""
        return self._held

    def quiet(self) -> int:
        """The sender says that they are silent: the frames that were held back were silence."""
        held, self._held, self._talked, self._filled = self._held, 0, 0, 0
        return held

    def look(self, frames: int, counts: Counts | None, *, talking: bool = False) -> Verdict:
        """Judge the frames that came since the last reading. None: the SDK's counters can't be relied on.

        `talking`: the room says that the speaker talks, and isn't muted."""
        if counts is None:
            return Verdict(heard=frames)
        last, self._last = self._last, counts
        if last is None or counts.packets < last.packets:  # the SDK began to count anew
            last = Counts(0, 0, counts.made_up)
        if counts.packets == last.packets:
            self._filled += counts.made_up - last.made_up
            return self._nothing_came(frames, talking)
        self._tail = TAIL
        missing, made_up = counts.missing - last.missing, counts.made_up - last.made_up
        if last.packets == 0:  # media time begins with the first packet: what was held back is nobody's silence
            self.quiet()
            return Verdict(heard=frames)
        if self._held:  # what is missing now was sent while nothing came
            return self._again(frames, missing, made_up)
        lost = min(frames, self._agreed(missing, made_up))
        return Verdict(heard=frames - lost, lost=lost)

    def _nothing_came(self, frames: int, talking: bool) -> Verdict:
        heard = min(frames, self._tail)
        self._tail -= heard
        self._held += frames - heard
        self._talked += (frames - heard) * talking
        return Verdict(heard=heard, held=frames - heard)

    def _again(self, frames: int, missing: int, made_up: int) -> Verdict:
        filled, talked, held = self._filled + made_up, self._talked, self.quiet()
        if missing <= 0 and held >= RESTART:
            self._missing, self._made_up = [], []
            return Verdict(lost_before=max(0, talked - LATE), heard=frames)
        before = max(0, min(held, missing * PACKET))
        # What is missing beyond that is in what was believed as the gap began; as much is lost of what comes now.
        self._missing, self._made_up = [missing - before // PACKET], [filled - before * MADE_UP]
        lost = min(frames, self._agreed(0, 0))
        return Verdict(lost_before=before, quiet_before=held - before, lost_first=lost, heard=frames - lost)

    def _agreed(self, missing: int, made_up: int) -> int:
        """Frames that are missing and made up both, each counted once."""
        self._missing = [*self._missing, missing][-MEMORY:]
        self._made_up = [*self._made_up, made_up][-MEMORY:]
        lost = max(0, min(sum(self._missing) * PACKET, round(sum(self._made_up) / MADE_UP)))
        if lost:
            _take(self._missing, lost // PACKET)
            _take(self._made_up, lost * MADE_UP)
        return lost


def _take(numbers: list[int], amount: int) -> None:
    """Take an amount off a list of numbers, from the oldest on."""
    for index, number in enumerate(numbers):
        part = min(max(number, 0), amount)
        numbers[index] -= part
        amount -= part
