"""Packets as the network brings them → steps for a decoder that cover the sender's time without hole or overlap.

Pure. Packets in order come out at once; a hole waits for `depth` later packets (or for `flush`, which the caller's
clock decides), then it is recovered from FEC, concealed, or declared lost. A jump of the timestamp without a hole in
the sequence is the sender's silence (DTX, mute): quiet, nothing lost.

Sequence numbers wrap at 2^16, timestamps (48 kHz, RFC 7587) at 2^32. Counts in steps are samples at 16 kHz.
Sources: RFC 3550 §A.1 (jumps of the sequence number), RFC 7587 §4 (timestamps over DTX).
"""

from __future__ import annotations

from dataclasses import dataclass

DEPTH = 3
"""Packets that may pass a missing one before it is given up."""
DROPOUT = 3000
"""A larger jump forward of the sequence number is not loss, but a new count (RFC 3550 §A.1)."""
MISORDER = 100
"""A packet older than this is not late, but may begin a new count (RFC 3550 §A.1)."""
LONGEST_GAP = 600 * 48_000
"""Ten minutes in ticks: no single gap makes more media time than this, whatever the timestamps say."""
HEAD_START = 5 * 48_000
"""Five seconds in ticks: what gaps may add beyond the time that has really passed (uneven delay)."""
CONCEALED = 1920
"""120 ms in samples: concealment fades out by then; what is longer is silence."""
RETURN_AFTER = 0.5
"""Seconds without the current source after which an earlier one may take its place again."""
REMEMBERED = 8
"""Earlier sources that are known as such."""


@dataclass(frozen=True, slots=True)
class Packet:
    source: int  # SSRC
    sequence: int  # 16 bits
    timestamp: int  # 32 bits, 48 kHz
    payload: bytes
    samples: int  # its duration
    fec: int = 0  # samples of the packet before that it carries a copy of


@dataclass(frozen=True, slots=True)
class Decode:
    payload: bytes
    samples: int


@dataclass(frozen=True, slots=True)
class Recover:
    """Win back lost audio from the copy in the packet after it."""

    next_payload: bytes
    samples: int


@dataclass(frozen=True, slots=True)
class Conceal:
    """Lost, but short enough for the decoder to guess."""

    samples: int


@dataclass(frozen=True, slots=True)
class Quiet:
    """The sender said nothing."""

    samples: int


@dataclass(frozen=True, slots=True)
class Lost:
    """Lost, and too long to guess."""

    samples: int


@dataclass(frozen=True, slots=True)
class Restart:
    """Another source or another count follows: the decoder forgets what it knows. Takes no time."""


Step = Decode | Recover | Conceal | Quiet | Lost | Restart


@dataclass(slots=True)
class Counts:
    """Since the beginning. `late` counts duplicates too; `skipped` is the time of gaps beyond the limits."""

    packets: int = 0
    missing: int = 0
    late: int = 0
    sources: int = 0
    skipped: int = 0  # samples


class Reorder:
    def __init__(self, depth: int = DEPTH) -> None:
        self._depth = depth
        self._source: int | None = None
        self._earlier: list[int] = []
        self._next = 0  # sequence number that is due
        self._due = 0  # timestamp that is due, ticks
        self._last = 0  # duration of the packet before, ticks
        self._rest = 0  # ticks of gaps that were not a whole sample
        self._held: dict[int, Packet] = {}  # by sequence number: those after a hole
        self._suspect: Packet | None = None  # one that may begin a new count
        self._seen = 0.0  # when the last packet of this source came
        self._credit = float(HEAD_START)  # ticks that gaps may still add
        self.counts = Counts()

    @property
    def waiting(self) -> bool:
        """Whether packets are held back because of a hole."""
        return bool(self._held)

    def push(self, packet: Packet, now: float) -> list[Step]:
        """Take a packet that arrived at `now` (seconds of any steady clock)."""
        self.counts.packets += 1
        if packet.source != self._source:
            return self._other_source(packet, now)
        self._credit = min(float(LONGEST_GAP), self._credit + max(0.0, now - self._seen) * 48_000)
        self._seen = now
        ahead = (packet.sequence - self._next + 0x8000) % 0x10000 - 0x8000
        if ahead >= DROPOUT or ahead < -MISORDER:
            return self._new_count(packet)
        self._suspect = None
        if ahead < 0 or packet.sequence in self._held:
            self.counts.late += 1
            return []
        if ahead == 0:
            return [*self._play(packet, missing=0), *self._drain()]
        self._held[packet.sequence] = packet
        return self._give_up() if len(self._held) >= self._depth else []

    def flush(self) -> list[Step]:
        """Wait no longer: everything that is held comes out, with its holes."""
        steps: list[Step] = []
        while self._held:
            steps += self._give_up()
        return steps

    def _other_source(self, packet: Packet, now: float) -> list[Step]:
        """A source never seen takes over at once; one that was replaced only after the current one fell silent."""
        if packet.source in self._earlier and now - self._seen < RETURN_AFTER:
            self.counts.late += 1
            return []
        steps = self.flush()
        if self._source is not None:
            self._earlier = [s for s in self._earlier if s not in (self._source, packet.source)][1 - REMEMBERED :]
            self._earlier.append(self._source)
        self._source = packet.source
        self._seen = now
        self.counts.sources += 1
        return [*steps, *self._begin(packet)]

    def _begin(self, packet: Packet) -> list[Step]:
        self._next, self._due, self._suspect = packet.sequence, packet.timestamp, None
        return [Restart(), *self._play(packet, missing=0)]

    def _new_count(self, packet: Packet) -> list[Step]:
        """One packet far off is a stray; two in a row begin a new count (RFC 3550 §A.1)."""
        first, self._suspect = self._suspect, packet
        if first is None or (first.sequence + 1) % 0x10000 != packet.sequence:
            self.counts.late += 1
            return []
        self.counts.late -= 1  # the first one was none after all
        steps = self.flush()
        span = (first.timestamp - self._due) % 0x1_0000_0000
        if span < LONGEST_GAP:  # the clock went on: a long outage
            self.counts.missing += (first.sequence - self._next) % 0x10000
            steps += _lost(self._spend(span))
        return [*steps, *self._begin(first), *self._play(packet, missing=0)]

    def _give_up(self) -> list[Step]:
        """Jump to the oldest packet that is held."""
        sequence = min(self._held, key=lambda s: (s - self._next) % 0x10000)
        missing = (sequence - self._next) % 0x10000
        self.counts.missing += missing
        return [*self._play(self._held.pop(sequence), missing), *self._drain()]

    def _drain(self) -> list[Step]:
        steps: list[Step] = []
        while packet := self._held.pop(self._next, None):
            steps += self._play(packet, missing=0)
        return steps

    def _play(self, packet: Packet, missing: int) -> list[Step]:
        gap = (packet.timestamp - self._due) % 0x1_0000_0000
        steps = self._fill(gap, missing, packet) if 0 < gap < 0x8000_0000 else []
        if packet.samples:
            steps.append(Decode(packet.payload, packet.samples))
            self._last = packet.samples * 3
        self._next = (packet.sequence + 1) % 0x10000
        self._due = (packet.timestamp + packet.samples * 3) % 0x1_0000_0000
        return steps

    def _fill(self, gap: int, missing: int, packet: Packet) -> list[Step]:
        """Cover `gap` ticks before `packet`, in which `missing` packets were lost.

        Lost packets are taken to have had the last one's duration; time beyond that is the sender's silence. Where it
        lies can't be known: the copy in `packet` belongs right before it, other lost audio right after what was heard.
        """
        lost = min(gap, missing * self._last) if self._last else (gap if missing else 0)
        samples = self._spend(gap)
        lost_samples = min(samples, lost // 3 if lost < gap else samples)
        recovered = packet.fec if missing and 0 < packet.fec <= lost_samples else 0
        quiet = samples - lost_samples
        steps = _lost(lost_samples - recovered)
        if quiet:
            steps.append(Quiet(quiet))
        if recovered:
            steps.append(Recover(packet.payload, recovered))
        return steps

    def _spend(self, ticks: int) -> int:
        """Samples for a gap of `ticks`: never more than time has really passed, so that nobody can flood us."""
        granted = min(ticks, int(self._credit))
        self._credit -= granted
        self.counts.skipped += (ticks - granted) // 3
        whole, self._rest = divmod(granted + self._rest, 3)
        return whole


def _lost(samples: int) -> list[Step]:
    guessed = min(samples, CONCEALED)
    steps: list[Step] = [Conceal(guessed)] if guessed > 0 else []
    if samples > guessed:
        steps.append(Lost(samples - guessed))
    return steps
