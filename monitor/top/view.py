"""How somebody looks at it: order, pause, place. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from monitor.top.keys import DOWN, PAGE_DOWN, PAGE_UP, UP

Room = Mapping[str, Any]
PAGE = 10
"""Rooms by which a page goes on."""
QUIT = ("q", "Q", "\x03", "\x04")


def lost(room: Room) -> float:
    """Seconds of speech."""
    cover = room["coverage"]
    return float(sum(cover[state] for state in ("lost_network", "lost_overload", "lost_error")))


def talkers(room: Room) -> list[str]:
    return [speaker["name"] for speaker in room["speakers"] if speaker["talking"]]


def _trouble(room: Room) -> tuple[bool, float]:
    return (room["state"] not in ("failed", "waiting"), -lost(room))


ORDERS: Mapping[str, Callable[[Room], Any]] = {
    "trouble": _trouble,
    "name": lambda room: room["name"].casefold(),
    "talking": lambda room: -len(talkers(room)),
    "speakers": lambda room: -len(room["speakers"]),
    "lost": lambda room: -lost(room),
    "waiting": lambda room: -room["coverage"]["pending"],
}
"""What the rooms can be sorted by; the first is how it begins."""


@dataclass(frozen=True, slots=True)
class View:
    order: str = next(iter(ORDERS))
    paused: bool = False
    first: int = 0  # room at the top
    over: bool = False

    def key(self, key: str, rooms: int) -> View:
        """The view after a key was pressed; `rooms`: how many there are."""
        match key:
            case "s":
                names = list(ORDERS)
                return replace(self, order=names[(names.index(self.order) + 1) % len(names)], first=0)
            case "p" | " ":
                return replace(self, paused=not self.paused)
            case _ if key in QUIT:
                return replace(self, over=True)
            case _:
                steps = {UP: -1, "k": -1, DOWN: 1, "j": 1, PAGE_UP: -PAGE, PAGE_DOWN: PAGE}
                return replace(self, first=max(0, min(rooms - 1, self.first + steps.get(key, 0))))

    def sorted(self, rooms: Sequence[Room]) -> list[Room]:
        """Alike ones by name."""
        by_name = sorted(rooms, key=ORDERS["name"])
        return sorted(by_name, key=ORDERS[self.order])
