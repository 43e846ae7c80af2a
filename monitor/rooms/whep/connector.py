"""The monitor's way into a room of WHEP streams: one session a stream, one speaker a stream.

WHEP has no notion of a room: no roster, no word of who talks, no notice, and nobody sees who listens but the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from monitor.errors import ConnectionLost, OperatorError, Refused, RoomError
from monitor.mailbox import Mailbox
from monitor.model import Speaker
from monitor.rooms.connector import Capabilities, Session, Track
from monitor.rooms.joining import Joining
from monitor.rooms.whep.http import client
from monitor.rooms.whep.line import Line, Standing, Surroundings
from monitor.rooms.whep.protocol import Place, Stream

TRACKS = 64
"""Tracks that may wait to be taken."""
SECRETS_SECONDS = 1.0
"""For which secrets that were read are good: many streams ask at once."""
BOOKED = 0.5
"""Seconds between two entries of what is being lost."""
STRAGGLERS = 1.0
"""Seconds that a join waits for the other streams once one of them is there."""


HEARD = (Standing.LIVE, Standing.AGAIN, Standing.SILENT)


class WhepConnector:
    """Joins one room."""

    capabilities = Capabilities(per_speaker_tracks=True, can_announce=False, reports_roster=False)

    def __init__(self, place: Callable[[], Place], patience: float = 1.5, poll: float = 1.0) -> None:
        """`place` is asked at each request, so that a renewed token counts; an OperatorError of its is a refusal.
        `patience`: seconds without any sign of life on a stream's path, after which the stream counts as lost.
        `poll`: seconds between two questions whether a stream is live, unless the server names more."""
        self._place = place
        self._patience = patience
        self._poll = poll
        self._read: Place | None = None
        self._read_at = 0.0
        self._not_before: dict[str, float] = {}

    def join(self) -> AbstractAsyncContextManager[Session]:
        """See `Connector.join`."""
        return _WhepJoining(self._enter, lambda visit: [visit.book(), *(line.keep() for line in visit.lines)])

    async def _enter(self, stack: AsyncExitStack) -> Visit:
        http = await stack.enter_async_context(client())
        now = self._known()
        tracks: Mailbox[Track] = Mailbox(TRACKS)
        visit = Visit(tracks)
        around = Surroundings(
            http, now.ice, tracks, self._not_before, self._patience, self._poll, visit.look, visit.going_on
        )
        visit.lines = [Line(each.speaker, _nth(self._known, n), around) for n, each in enumerate(now.streams)]
        stack.callback(visit.finish, None)
        return visit

    def _known(self) -> Place:
        """The place as it is now, or Refused where a secret of it can't be read."""
        now = asyncio.get_running_loop().time()
        if self._read is None or now - self._read_at > SECRETS_SECONDS:
            try:
                self._read, self._read_at = self._place(), now
            except OperatorError as error:
                self._read = None
                raise Refused(str(error)) from error
        return self._read


class Visit:
    """See `Session`."""

    def __init__(self, tracks: Mailbox[Track]) -> None:
        self.lines: list[Line] = []
        self._tracks = tracks
        self._error: RoomError | None = None
        self._changed = asyncio.Event()

    async def tracks(self) -> AsyncIterator[Track]:
        async for track in self._tracks:
            yield track
        if self._error is not None:
            raise self._error

    def roster(self) -> tuple[Speaker, ...]:
        """Those whose stream is live, also those who have not said anything."""
        return tuple(line.speaker for line in self.lines if line.present)

    async def announce(self, notice: str, to: tuple[Speaker, ...] = ()) -> str:
        """WHEP has no way to show one, and nobody sees who takes a stream."""
        return ""

    async def settled(self) -> None:
        """Wait until it is clear whether there is a room to listen to. Raises ConnectionLost or Refused if not."""
        while self._error is None and not self.going_on():
            await self._change()
        try:
            async with asyncio.timeout(STRAGGLERS):
                while self._error is None and any(line.standing is Standing.ASKING for line in self.lines):
                    await self._change()
        except TimeoutError:
            return
        if self._error is not None:
            raise self._error

    async def book(self) -> None:
        """See `Line.book`; until the visit is over."""
        while not self._tracks.closed:
            await asyncio.sleep(BOOKED)
            for line in self.lines:
                await line.book()

    def finish(self, error: RoomError | None) -> None:
        """The visit is over."""
        self._error = self._error or error
        for line in self.lines:
            line.end()
        self._tracks.close()
        self._changed.set()

    def going_on(self) -> bool:
        """Whether anything can be heard, or could if somebody spoke."""
        return any(line.standing in HEARD for line in self.lines)

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def look(self) -> None:
        """A line's standing has changed: with none left that can be heard the visit is over."""
        self._changed.set()
        if (
            not self.going_on()
            and all(line.standing is not Standing.ASKING for line in self.lines)
            and not self._tracks.closed
        ):
            self.finish(self._verdict())

    def _verdict(self) -> RoomError:
        """Lost where trying again makes sense for one of them, else refused."""
        bad = [(line.speaker.name, line.error) for line in self.lines if line.error is not None]
        name, error = next((each for each in bad if isinstance(each[1], ConnectionLost)), bad[0])
        if len(bad) == 1:
            return error
        kind = ConnectionLost if isinstance(error, ConnectionLost) else Refused
        return kind(f"none of {len(bad)} streams can be heard; {name}: {error}", step=error.step)


class _WhepJoining(Joining[Visit]):
    """In the room is who has had an answer; the lines are what asks, and they run beside the visit."""

    async def __aenter__(self) -> Visit:
        visit = await super().__aenter__()
        async with AsyncExitStack() as stack:
            stack.push_async_exit(self.__aexit__)
            await visit.settled()
            stack.pop_all()
        return visit


def _nth(place: Callable[[], Place], number: int) -> Callable[[], Stream]:
    return lambda: place().streams[number]
