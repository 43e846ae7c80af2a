"""The life of a room, as a table. Pure: no asyncio, no clock, no network.

The table is the only place that says what may follow what; the supervisor asks it, the docs are rendered from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from monitor.errors import IllegalTransition
from monitor.model import RoomState

S = RoomState


class RoomEvent(StrEnum):
    """What can happen to a room."""

    START = "start"  # somebody wants the room monitored
    CONNECTED = "connected"  # joined, and the notice is shown
    LOST = "lost"  # the connection failed; trying again makes sense
    REFUSED = "refused"  # the room said no
    RETRY = "retry"  # the back-off has passed
    ENDED = "ended"  # the room is over
    STOP = "stop"  # somebody wants the room left
    CLOSED = "closed"  # the last visit has been cleaned up
    BROKE = "broke"  # a bug of ours


E = RoomEvent

TABLE: Mapping[RoomState, Mapping[RoomEvent, RoomState]] = MappingProxyType(
    {
        S.IDLE: {E.START: S.JOINING, E.STOP: S.LEFT},
        S.JOINING: {
            E.CONNECTED: S.LIVE,
            E.LOST: S.WAITING,
            E.REFUSED: S.FAILED,
            E.STOP: S.LEAVING,
            E.BROKE: S.FAILED,
        },
        S.LIVE: {
            E.LOST: S.WAITING,
            E.REFUSED: S.FAILED,
            E.ENDED: S.LEAVING,
            E.STOP: S.LEAVING,
            E.BROKE: S.FAILED,
        },
        S.WAITING: {E.RETRY: S.JOINING, E.STOP: S.LEFT, E.BROKE: S.FAILED},
        S.LEAVING: {E.LOST: S.LEFT, E.CLOSED: S.LEFT, E.BROKE: S.FAILED},
        S.FAILED: {E.START: S.JOINING, E.STOP: S.LEFT},
        S.LEFT: {},
    }
)
"""Next state by state and event. A missing cell is a bug of the caller. LEFT is final."""


def after(state: RoomState, event: RoomEvent) -> RoomState:
    """The state that follows. Raises IllegalTransition where the table has no cell."""
    try:
        return TABLE[state][event]
    except KeyError:
        raise IllegalTransition(f"room is {state.value}: {event.value} can't happen") from None


def accepts(state: RoomState, event: RoomEvent) -> bool:
    """Whether the table has a cell for the event."""
    return event in TABLE[state]


def as_table() -> str:
    """The table in Markdown, for the docs."""
    head = ["state", *(event.name for event in E)]
    rows = [
        [state.name, *(TABLE[state][event].name if event in TABLE[state] else "" for event in E)]
        for state in S
        if TABLE[state]
    ]
    return "\n".join(_row(cells) for cells in [head, ["---"] * len(head), *rows]) + "\n"


def as_diagram() -> str:
    """The table as a Mermaid state diagram, for the docs. Arrows between the same two states share one line."""
    lines = ["stateDiagram-v2", f"    [*] --> {S.IDLE.name}"]
    for state in S:
        events: dict[RoomState, list[str]] = {}
        for event, following in TABLE[state].items():
            events.setdefault(following, []).append(event.name)
        lines += [f"    {state.name} --> {to.name}: {', '.join(names)}" for to, names in events.items()]
    return "\n".join([*lines, f"    {S.LEFT.name} --> [*]"]) + "\n"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
