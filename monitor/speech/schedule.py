"""Which utterance is heard next, and which is given up: rooms share the recogniser. Pure: nothing here knows the time.

Start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996) by seconds of speech and what they cost: a room in which
many shout at once waits for itself, and a quiet one is heard as if it had its share of the machine alone; a room of
more weight has a greater share. Before that, a room may take `AHEAD` seconds more than its share: people talk at
length and then listen, and as long as all rooms keep to that it is first come, first served. Within a room it is so
always, and a track is never heard out of order: none of it is taken while some of it is in work.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass

from monitor.model import Utterance
from monitor.speech.recogniser import Hints

AHEAD = 30.0
"""Seconds of speech. One speaker who never pauses takes that much more than one who talks half of the time in a minute;
twenty who shout, in two seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """One utterance in the queue."""

    utterance: Utterance
    hints: Hints
    since: float  # when it came, by its owner's clock
    start: float = 0.0  # its turn, in seconds of speech: the smallest goes first

    @property
    def seconds(self) -> float:
        return self.utterance.seconds


class Schedule:
    """The queue of one recogniser. Bounded by its owner, who gives up what is too much."""

    def __init__(self, weight: Callable[[str], float] = lambda _: 1.0, ahead: float = AHEAD) -> None:
        """`weight`: a room's share of the machine, beside that of others, while rooms wait; `ahead`: seconds of speech
        that a room of weight 1 may take before it waits for others."""
        self._weight = weight
        self._ahead = ahead
        self._rooms: dict[str, deque[Waiting]] = {}
        self._ends: dict[str, float] = {}  # by room: where its next turn begins, at the earliest
        self._turn = 0.0  # of what was taken last
        self._newest: Waiting | None = None

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._rooms.values())

    def __iter__(self) -> Iterator[Waiting]:
        return (item for queue in self._rooms.values() for item in queue)

    def oldest(self, busy: Container[str] = ()) -> float | None:
        """When the oldest of it came whose track is not `busy`, by its owner's clock; None where nothing waits."""
        return min((item.since for item in self if item.utterance.track not in busy), default=None)

    def ready(self, busy: Container[str]) -> int:
        """How many of it could be heard at the same time: one of each track that is not `busy`."""
        return sum(1 for _ in self._heads(busy))

    @property
    def seconds(self) -> float:
        """Seconds of speech that wait."""
        return sum(item.seconds for item in self)

    def add(self, utterance: Utterance, hints: Hints, since: float, cost: float = 1.0) -> None:
        """`cost`: of a second of it, beside that of others."""
        begins = max(self._turn, self._ends.get(utterance.room, 0.0))
        start = max(self._turn, begins - self._ahead)
        self._newest = Waiting(utterance, hints, since, start)
        self._ends[utterance.room] = begins + cost * utterance.seconds / self._weight(utterance.room)
        self._rooms.setdefault(utterance.room, deque()).append(self._newest)

    def take(self, busy: Container[str]) -> Waiting | None:
        """The next one whose track is not `busy`; None where there is none."""
        best = min(self._heads(busy), key=_turn, default=None)
        if best is not None:
            self._turn = max(self._turn, best.start)
            self._remove(best)
        return best

    def take_with(
        self,
        one: Waiting,
        busy: Container[str],
        far: Callable[[Waiting], float],
        fits: Callable[[Waiting, Sequence[Waiting]], bool],
        most: int,
    ) -> list[Waiting]:
        """Up to `most` others of other tracks to be heard with `one`, the least `far` from it first, each of which
        `fits` with those before it. Who is next in turn was settled by `take`: these come along."""
        taken, tracks = [one], {one.utterance.track}
        for item in sorted(self._heads(busy), key=far):
            if len(taken) > most:
                break
            if item.utterance.track not in tracks and fits(item, taken):
                taken.append(item)
                tracks.add(item.utterance.track)
        for item in taken[1:]:
            self._remove(item)
        return taken[1:]

    def put_back(self, item: Waiting) -> None:
        """It was taken, and is to be heard after all: its turn is what it was."""
        self._rooms.setdefault(item.utterance.room, deque()).appendleft(item)

    def take_known(self, busy: Container[str], known: Callable[[Waiting], bool]) -> Waiting | None:
        """The first of a track that is not `busy`, next in turn first, of which `known` says yes."""
        item = next((item for item in sorted(self._heads(busy), key=_turn) if known(item)), None)
        if item is not None:
            self._remove(item)
        return item

    def give_up(self) -> Waiting | None:
        """The oldest of the room that has most waiting for its weight. What came last only where a room of more weight
        waits. None where nothing else waits."""
        heaviest = max(map(self._weight, self._rooms), default=0.0)
        rooms = [
            room for room, queue in self._rooms.items() if queue[0] is not self._newest or self._weight(room) < heaviest
        ]
        if not rooms:
            return None
        fullest = max(rooms, key=lambda room: sum(item.seconds for item in self._rooms[room]) / self._weight(room))
        item = self._rooms[fullest][0]
        self._remove(item)
        return item

    def withdraw(self, tracks: Container[str]) -> list[Waiting]:
        """All of these tracks that waits, the oldest first; it waits no more."""
        gone = sorted((item for item in self if item.utterance.track in tracks), key=lambda item: item.since)
        for item in gone:
            self._remove(item)
        return gone

    def clear(self) -> list[Waiting]:
        """All that waits, the oldest first; nothing waits any more."""
        left = sorted(self, key=lambda item: item.since)
        self._rooms.clear()
        self._ends.clear()
        return left

    def _heads(self, busy: Container[str]) -> Iterator[Waiting]:
        """The first of each track that is not busy."""
        for queue in self._rooms.values():
            seen: set[str] = set()
            for item in queue:
                track = item.utterance.track
                if track not in seen and track not in busy:
                    yield item
                seen.add(track)

    def _remove(self, item: Waiting) -> None:
        room = item.utterance.room
        self._rooms[room].remove(item)
        if not self._rooms[room]:
            del self._rooms[room]
        self._ends = {room: end for room, end in self._ends.items() if end > self._turn or room in self._rooms}


def _turn(item: Waiting) -> tuple[float, float]:
    return item.start, item.since
