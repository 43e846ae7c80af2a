"""What a kind of room must offer. A connector is chosen in app.py by the `kind` in the configuration."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from monitor.model import AudioFrame, Speaker
from monitor.review.actions import RoomAct


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a kind of room can do; declared rather than raised when asked."""

    per_speaker_tracks: bool  # False: one mix of all
    can_announce: bool  # participants can be told that they are monitored
    reports_roster: bool  # says who is there, also those who never speak


class Track(Protocol):
    """The audio of one speaker for one visit."""

    @property
    def id(self) -> str:
        """Unique for ever (a UUID): the key of the coverage ledger, in memory and in the database."""
        ...

    @property
    def speaker(self) -> Speaker: ...

    def frames(self) -> AsyncIterator[AudioFrame]:
        """Frames in order without holes: each starts where the one before ended. Ends when the speaker leaves.

        Always consume it: behind it is a bounded buffer that drops the oldest frames (they come out as LOST).
        """
        ...


@runtime_checkable
class MixedTrack(Track, Protocol):
    """The audio of all in a room that can't tell them apart."""

    def voices(self, began: float, ended: float) -> tuple[str, ...]:
        """Names of those who talked between two wall times, as far as the room tells it; empty: it doesn't."""
        ...


class Session(Protocol):
    """One visit to a room. Leaving is the exit of the context manager that gave it."""

    def tracks(self) -> AsyncIterator[Track]:
        """Each speaker's track as it appears. Raises ConnectionLost or Refused when the visit ends badly."""
        ...

    def roster(self) -> tuple[Speaker, ...]:
        """Who is in the room now, without the monitor itself."""
        ...

    async def announce(self, notice: str, to: tuple[Speaker, ...] = ()) -> str:
        """Show the notice. `to`: those who have come since it was shown to all; empty: everybody.

        Gives how they see it, in plain words; empty: the room has no way. Raises ConnectionLost.
        """
        ...


@runtime_checkable
class Moderates(Protocol):
    """A session in which people can be muted or removed, because staff say so."""

    @property
    def acts(self) -> frozenset[RoomAct]:
        """What it can do; nothing where it was given no right to."""
        ...

    async def act(self, act: RoomAct, speaker: str) -> None:
        """`speaker`: id. Raises Refused where the room says no, ConnectionLost."""
        ...


class Connector(Protocol):
    capabilities: Capabilities

    def join(self) -> AbstractAsyncContextManager[Session]:
        """Join the room. Entering raises Refused or ConnectionLost."""
        ...
