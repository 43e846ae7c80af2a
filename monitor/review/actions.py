"""What staff can have done to somebody in a room, after a while in which it can be undone. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.model import Speaker


class RoomAct(StrEnum):
    MUTE = "mute"
    REMOVE = "remove"


class ActionState(StrEnum):
    WAITING = "waiting"  # it can still be undone
    UNDONE = "undone"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RoomAction:
    """One action that a person asked for."""

    id: int  # 0: not stored
    room: str
    speaker: Speaker
    act: RoomAct
    who: str
    why: str
    incident: int | None
    asked_at: float  # wall time
    due_at: float  # wall time: until then it can be undone
    state: ActionState = ActionState.WAITING
    detail: str = ""  # why it failed, in plain words
    ended_at: float = 0.0  # wall time; 0: not yet
