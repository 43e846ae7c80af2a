"""What visits to all kinds of Janus rooms have in common: one task follows what is told, another does what is due."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

from monitor.errors import ConnectionLost, Refused, Step
from monitor.mailbox import Closed, Mailbox
from monitor.model import Speaker
from monitor.review.actions import RoomAct
from monitor.rooms.connector import Track
from monitor.rooms.janus.media import Media
from monitor.rooms.janus.protocol import Data, Event, Place
from monitor.rooms.janus.signalling import Signalling
from monitor.rooms.watchdog import Pulse

TRACKS = 64
"""Tracks that may wait to be taken; beyond, signalling waits."""
LOOK = 0.5
"""Seconds between looks at what is due, when nothing happens."""
LIST_SECONDS = 2.0
"""Between two looks at the list of everybody: who only listens may be told of in no other way."""
KEEPALIVE_SECONDS = 20.0


class Visit(ABC):
    """See `Session`. `join` first; then `attend` and `tend` run until the visit ends; `close` at last."""

    def __init__(self, signalling: Signalling, place: Place, patience: float) -> None:
        self._signalling = signalling
        self._place = place
        self._patience = patience
        self._media = Media(place.ice)
        self._pulse = Pulse(patience)
        self._tracks: Mailbox[Track] = Mailbox(TRACKS)
        self._error: ConnectionLost | Refused | None = None
        self._room = 0  # the handle that is in the room
        self._wake = asyncio.Event()
        self._listed_at = 0.0
        self._kept_at = time.time()
        self._reclaimed = 0
        self._acting: dict[str, asyncio.Future[Event]] = {}  # by transaction: what staff have done to people

    # Session

    async def tracks(self) -> AsyncIterator[Track]:
        async for track in self._tracks:
            yield track
        if self._error is not None:
            raise self._error

    @abstractmethod
    def roster(self) -> tuple[Speaker, ...]: ...

    async def announce(self, notice: str, to: tuple[Speaker, ...] = ()) -> str:
        """Janus has no way to show a text: what people see is the monitor's name among the participants."""
        return f"as the name {self._place.display!r} among the participants"

    @property
    def acts(self) -> frozenset[RoomAct]:
        """See `Moderates`: Janus wants the room's secret for it."""
        return frozenset(RoomAct) if self._place.secret else frozenset()

    async def act(self, act: RoomAct, speaker: str) -> None:
        """See `Moderates`."""
        bodies = self._requests(act, speaker)
        if not bodies:
            raise Refused("they are no longer in the room, or publish nothing")
        for body in bodies:
            number = self._signalling.number()
            answer = self._acting[number] = asyncio.get_running_loop().create_future()
            door = {"room": self._place.room, "secret": self._place.secret}
            try:
                await self._signalling.send(self._room, {**body, **door}, number=number)
                event = await answer
            finally:
                self._acting.pop(number, None)
            if event.error:
                raise Refused(str(event.failure()))

    @abstractmethod
    def _requests(self, act: RoomAct, speaker: str) -> list[Data]:
        """What to ask of Janus; nothing where there is nobody with this id."""

    # the visit

    @abstractmethod
    async def join(self) -> None:
        """Raises Refused, ConnectionLost."""

    async def attend(self) -> None:
        """Follow what Janus tells until the visit ends."""
        try:
            while not self._tracks.closed:
                event = await self._signalling.receive()
                answer = self._acting.get(event.transaction)
                if answer is None:
                    await self._handle(event)
                elif not answer.done():
                    answer.set_result(event)
                self._wake.set()
        except (ConnectionLost, Refused) as error:
            self._finish(error)
        except Closed:
            return  # the visit was ended while a new track was on its way

    async def tend(self) -> None:
        """Ask for what is missing, keep the session alive, and notice when nothing comes."""
        try:
            while self._error is None:
                now = time.time()
                await self._do_what_is_due(now)
                await self._stay(now)
                await self._sleep()
        except (ConnectionLost, Refused) as error:
            self._finish(error)
        except Closed:
            return  # likewise

    async def close(self) -> None:
        self._finish(None)
        await self._media.close()

    @abstractmethod
    async def _handle(self, event: Event) -> None:
        """Raises ConnectionLost or Refused when it ends the visit; Closed when the visit has been ended."""

    @abstractmethod
    async def _do_what_is_due(self, now: float) -> None:
        """Called now and then, and whenever something was told. Raises ConnectionLost, Refused."""

    def _finish(self, error: ConnectionLost | Refused | None) -> None:
        self._error = self._error or error
        self._media.end_all()
        self._tracks.close()
        for answer in self._acting.values():
            if not answer.done():
                answer.set_exception(ConnectionLost("the visit ended before Janus answered"))
        self._wake.set()

    async def _stay(self, now: float) -> None:
        if now - self._listed_at >= LIST_SECONDS or self._signalling.reclaimed != self._reclaimed:
            self._listed_at, self._reclaimed = now, self._signalling.reclaimed
            await self._signalling.send(self._room, {"request": "listparticipants", "room": self._place.room})
        if now - self._kept_at >= KEEPALIVE_SECONDS:
            self._kept_at = now
            await self._signalling.keep_alive()
        if self._pulse.stopped(await self._media.packets(), now):
            if self._pulse.felt:
                raise ConnectionLost(f"nothing at all has come from Janus for {self._patience:g} s")
            text = "no media comes from Janus: is UDP open between this machine and its media ports?"
            raise ConnectionLost(text, step=Step.PATH)

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(LOOK):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._wake.clear()


def common(event: Event, media: int) -> None:
    """What ends a visit of any kind. `media`: the handle that has the peer connection. Raises ConnectionLost."""
    if event.kind == "detached":
        raise ConnectionLost("Janus has ended our stay in the room")
    if event.kind == "hangup" and event.handle == media:
        raise ConnectionLost(f"Janus has ended the media: {event.body.get('reason')}")
