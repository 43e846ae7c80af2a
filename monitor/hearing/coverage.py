"""The coverage ledger: each sample of each speaker ends in exactly one state of `Heard`, and the sum is shown.

Positions and lengths are samples of media time (ints), so that a track of many hours adds up exactly. Pure.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from monitor.model import RATE, Coverage, Gap, Heard, Speaker

GAPS_KEPT = 1_000
"""Stretches that a ledger remembers one by one. Beyond it the oldest are forgotten; the totals stay exact."""

_NO_GAP = (Heard.SILENCE, Heard.EXAMINED)


class Stretch(NamedTuple):
    """Samples [start, end) that were not examined, and why."""

    start: int
    end: int
    state: Heard  # one of the lost states, VETOED or NOT_CONSENTED
    cause: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A track that is open, or has audio that waits: what the record can't say of it yet."""

    track: str
    room: str
    speaker: Speaker
    opened: float  # wall time
    talking: bool
    stretches: tuple[Gap, ...]  # PENDING and VETOED ones; their times are wall time


class Ledger:
    """What became of one track. Always: the settled samples of all states + the pending ones = `end`.

    Only the unsettled intervals are kept, so the memory follows what is pending, not the age of the track.
    """

    def __init__(self, began_wall: float) -> None:
        self.began = began_wall  # wall time of sample 0
        self.end = 0  # heard up to here
        self._starts: list[int] = []  # the unsettled intervals, apart from each other, in order
        self._ends: list[int] = []
        self._settled: Counter[Heard] = Counter()
        self._gaps: list[Stretch] = []  # in order of media time

    @property
    def pending(self) -> int:
        """Samples heard, but not settled yet."""
        return self.end - self._settled.total()

    def wall(self, sample: int) -> float:
        """Wall time of a sample, as far as the sender's clock runs like ours."""
        return self.began + sample / RATE

    def extend(self, end: int) -> None:
        """The track has been heard up to `end`. Saying so again, or less, changes nothing."""
        if end <= self.end:
            return
        if self._ends and self._ends[-1] == self.end:
            self._ends[-1] = end
        else:
            self._starts.append(self.end)
            self._ends.append(end)
        self.end = end

    def settle(self, start: int, end: int, state: Heard, cause: str = "") -> int:
        """Book what in [start, end) is heard and still unsettled; the first settlement of a sample wins.

        Returns the number of samples that this call settled. Raises ValueError for PENDING: nothing goes back.
        """
        if state is Heard.PENDING:
            raise ValueError("a sample can't be settled as pending")
        taken = self._take(start, end)
        for first, last in taken:
            self._settled[state] += last - first
            if state not in _NO_GAP:
                self._note(Stretch(first, last, state, cause))
        return sum(last - first for first, last in taken)

    def close(self, state: Heard, cause: str) -> int:
        """Book everything that is still pending. Returns the samples settled."""
        return self.settle(0, self.end, state, cause)

    def unsettled(self) -> tuple[tuple[int, int], ...]:
        """The stretches [start, end) that are pending, in order."""
        return tuple(zip(self._starts, self._ends, strict=True))

    def samples(self) -> dict[Heard, int]:
        """Samples by state, PENDING among them; their sum is `end`."""
        return {**{state: n for state, n in self._settled.items() if n}, Heard.PENDING: self.pending}

    def totals(self) -> Coverage:
        return _coverage(self.samples())

    def gaps(self) -> tuple[Stretch, ...]:
        """The newest GAPS_KEPT stretches in order of media time; those that touch and agree are one."""
        return tuple(self._gaps)

    def _take(self, start: int, end: int) -> list[tuple[int, int]]:
        """Remove [start, end) from the unsettled intervals; returns the parts that were in them."""
        start = max(0, start)
        if end <= start:
            return []
        low = bisect_right(self._ends, start)
        high = bisect_left(self._starts, end)
        taken: list[tuple[int, int]] = []
        rest: list[tuple[int, int]] = []
        for first, last in zip(self._starts[low:high], self._ends[low:high], strict=True):
            taken.append((max(first, start), min(last, end)))
            rest += [(a, b) for a, b in ((first, start), (end, last)) if a < b]
        self._starts[low:high] = [a for a, _ in rest]
        self._ends[low:high] = [b for _, b in rest]
        return taken

    def _note(self, new: Stretch) -> None:
        at = bisect_left(self._gaps, new)
        low, high = at, at
        if at > 0 and _continues(self._gaps[at - 1], new):
            low, new = at - 1, new._replace(start=self._gaps[at - 1].start)
        if at < len(self._gaps) and _continues(new, self._gaps[at]):
            high, new = at + 1, new._replace(end=self._gaps[at].end)
        self._gaps[low:high] = [new]
        del self._gaps[:-GAPS_KEPT]


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """One track in the book."""

    track: str
    room: str
    speaker: Speaker
    ledger: Ledger


class Book:
    """The ledgers of all tracks, and what closed ones leave to the sum of their room."""

    def __init__(self) -> None:
        self._visits: dict[str, Visit] = {}
        self._ended: set[str] = set()  # dropped, but with samples that the house has not settled yet
        self._past: dict[str, Counter[Heard]] = {}  # samples of folded tracks, by room

    def open(self, track_id: str, room: str, speaker: Speaker, began: float) -> Ledger:
        """A ledger for a new track; `began` is the wall time of its first sample. Raises ValueError if it is there."""
        if track_id in self._visits:
            raise ValueError(f"track {track_id!r} is in the book already")
        ledger = Ledger(began)
        self._visits[track_id] = Visit(track_id, room, speaker, ledger)
        return ledger

    def ledger(self, track_id: str) -> Ledger:
        """Raises KeyError once the track was dropped and nothing of it is pending."""
        return self._visits[track_id].ledger

    def settle(self, track_id: str, start: int, end: int, state: Heard, cause: str = "") -> int:
        """`Ledger.settle` for the house half: 0 when all of the track was settled and folded before."""
        visit = self._visits.get(track_id)
        if visit is None:
            return 0
        settled = visit.ledger.settle(start, end, state, cause)
        if track_id in self._ended:
            self._fold(visit)
        return settled

    def drop(self, track_id: str) -> None:
        """No more will be heard on this track. It stays until nothing is pending, then only its sums are kept."""
        visit = self._visits.get(track_id)
        if visit is not None:
            self._ended.add(track_id)
            self._fold(visit)

    def visits(self, room: str | None = None) -> tuple[Visit, ...]:
        """Tracks that are open or have samples pending."""
        return tuple(v for v in self._visits.values() if room is None or v.room == room)

    def room(self, room_id: str) -> Coverage:
        """All speakers of a room added up, also those who have left."""
        total = Counter(self._past.get(room_id, Counter()))
        for visit in self.visits(room_id):
            total.update(visit.ledger.samples())
        return _coverage(total)

    def close(self, state: Heard, cause: str) -> int:
        """Book whatever is pending on any track, at the end of a stop's grace. Returns the samples settled."""
        return sum(
            self.settle(visit.track, 0, visit.ledger.end, state, cause) for visit in tuple(self._visits.values())
        )

    def _fold(self, visit: Visit) -> None:
        if visit.ledger.pending:
            return
        self._past.setdefault(visit.room, Counter()).update(visit.ledger.samples())
        del self._visits[visit.track]
        self._ended.discard(visit.track)


def _continues(first: Stretch, second: Stretch) -> bool:
    return first.end == second.start and first.state is second.state and first.cause == second.cause


def _coverage(samples: dict[Heard, int]) -> Coverage:
    return Coverage({state: n / RATE for state, n in samples.items()})
