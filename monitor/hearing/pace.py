"""Real time beside media time: finds the time of an open track that made no audio, and says what to book it as.

Media time follows the sender's timestamps. They leave time out before the first packet, after the last one, and in
between when a sender stops them or begins a new count. Nothing tells what was said then. Senders stop on purpose in
silence (DTX, mute): from one who was silent it is silence; from one who was in the middle of speech it is lost. Pure.
"""

from __future__ import annotations

from typing import NamedTuple

from monitor.model import RATE, Heard

DELAY = 0.3
"""Seconds that are only the way of the network: at the end of a track, or as uneven delay."""
STALL = 0.5
"""Seconds without a frame after which the time until the next one is looked at."""
LEAK = 2.0
"""Seconds of delay that can't be uneven delay any more, not even of a busy machine."""
DRIFT = 0.001
"""Share of a track by which the sender's clock may run slower than ours."""
SETTING_UP = 3.0
"""Seconds that a connection may take before audio flows; who sends nothing for longer is silent."""
ONSET = 0.2
"""Seconds of audio within which voice means that somebody was talking already."""


class Unmade(NamedTuple):
    """Time of the track that has no media time."""

    samples: int
    state: Heard  # SILENCE or LOST_NETWORK
    cause: str = ""


class Pace:
    """One track. Told of every frame; `unmade` may be asked at any time."""

    def __init__(self, opened: float, *, under_way: bool = False) -> None:
        """`opened`: wall time. `under_way`: the speaker was in the room before the monitor came."""
        self._opened = opened
        self._under_way = under_way
        self._end = 0  # media time after the last frame, samples
        self._arrived = opened  # wall time of the last frame
        self._zero: float | None = None  # wall time of sample 0, by the packet that was fastest
        self._talked_at_once = False
        self._kept = {False: 0.0, True: 0.0}  # seconds of stalls that are over, by whether the speaker talked
        self._stall = 0.0  # seconds of the newest stall that have not come after all
        self._before = 0.0  # seconds that frames came late before it
        self._talked = False  # whether the speaker talked when it began

    def note(self, end: int, arrived: float, talking: bool) -> None:
        """A frame up to `end` came at `arrived` (wall time). `talking`: the speaker was, before this frame."""
        began = arrived - end / RATE
        late = began - self._zero if self._zero is not None else 0.0
        if self._zero is None or late < 0:
            self._zero, late = began, 0.0
        elif arrived - self._arrived > STALL:
            self._kept[self._talked] += self._stall
            self._before = self._arrived - self._end / RATE - self._zero
            self._stall, self._talked = late, talking
        self._stall = max(0.0, min(self._stall, late - self._before))  # what was only delayed catches up
        self._give_back(late)
        self._talked_at_once |= talking and end <= ONSET * RATE
        self._end, self._arrived = end, arrived

    def _give_back(self, late: float) -> None:
        """Frames can't be less late than by all that never came: what is beyond that came after all, if only after
        further stalls had begun meanwhile."""
        for talked in (self._talked, not self._talked):
            over = self._kept[False] + self._kept[True] + self._stall - late
            self._kept[talked] -= max(0.0, min(over, self._kept[talked]))

    def wall(self, sample: int) -> float:
        """Wall time of a sample, counted back from the last arrival."""
        return self._arrived - (self._end - sample) / RATE

    def unmade(self, now: float, talking: bool) -> list[Unmade]:
        """What made no media time from the opening until `now` (wall time), what came last first."""
        if now - self._opened - self._end / RATE < DELAY:
            return []
        if self._zero is None:
            return _booked(now - self._opened, lost=False)
        tail = now - self._arrived
        head = max(0.0, self._zero - self._opened)
        quiet, broken = (
            self._kept[talked] + (self._stall if talked is self._talked else 0.0) for talked in (False, True)
        )
        rest = self._arrived - self._end / RATE - self._zero - quiet - broken
        leaked = rest > DRIFT * self._end / RATE and (talking or rest > LEAK)
        missed = self._under_way and self._talked_at_once and DELAY <= head <= SETTING_UP
        return [
            *(_booked(tail, talking, "audio stopped coming while somebody spoke") if tail >= DELAY else []),
            *_booked(broken, lost=True, cause="audio stopped coming for a while as somebody spoke"),
            *_booked(quiet, lost=False),
            *(_booked(rest, leaked, "time that no audio came for") if rest >= DELAY else []),
            *_booked(head, missed, "somebody spoke before the monitor's connection was up"),
        ]


def _booked(seconds: float, lost: bool, cause: str = "") -> list[Unmade]:
    samples = int(seconds * RATE)
    if samples <= 0:
        return []
    return [Unmade(samples, Heard.LOST_NETWORK, cause) if lost else Unmade(samples, Heard.SILENCE)]
