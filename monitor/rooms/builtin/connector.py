"""The monitor's way into a built-in room: a websocket for signalling, one peer connection with a track per speaker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from monitor.errors import ConnectionLost, Refused
from monitor.mailbox import Closed, Mailbox
from monitor.model import Speaker
from monitor.review.actions import RoomAct
from monitor.rooms.builtin.client import Participant, Visit, visit
from monitor.rooms.builtin.listen import Listener
from monitor.rooms.builtin.protocol import Message, Role
from monitor.rooms.connector import Capabilities, Session, Track
from monitor.rooms.joining import Joining
from monitor.rooms.watchdog import Watchdog

TRACKS = 64
"""Tracks that may wait to be taken; beyond, signalling waits."""
LOOK = 1.0
"""Seconds between looks at the watchdogs."""

MISSED = 1.0
"""Seconds without audio of somebody who is said to talk that are lost when the visit ends. The sign that somebody
talks goes out half a second after the talk, and is on its way for a while: less than this proves nothing."""


class BuiltinConnector:
    """Joins one built-in room as its monitor: visible in the roster, listening only."""

    capabilities = Capabilities(per_speaker_tracks=True, can_announce=True, reports_roster=True)

    def __init__(
        self, url: str, token: str, name: str = "Room Monitor", patience: float = 5.0, role: Role = "monitor"
    ) -> None:
        """`patience`: seconds without audio from somebody who is said to talk, after which the visit counts as lost.
        `role`: as a participant one is let in without the token, and can't announce."""
        self._url = url
        self._token = token
        self._name = name
        self._patience = patience
        self._role = role

    def join(self) -> AbstractAsyncContextManager[Session]:
        """See `Connector.join`."""
        return Joining(self._enter, lambda session: (session.attend(), session.watch()))

    async def _enter(self, stack: AsyncExitStack) -> _Session:
        joined = await stack.enter_async_context(visit(self._url, self._name, self._role, self._token))
        session = _Session(joined, self._patience)
        stack.push_async_callback(session.close)
        return session


class _Session:
    """See `Session`."""

    def __init__(self, joined: Visit, patience: float) -> None:
        self._visit = joined
        self._patience = patience
        self._listener = Listener()
        self._tracks: Mailbox[Track] = Mailbox(TRACKS)
        self._dogs: dict[str, Watchdog] = {}
        self._error: ConnectionLost | Refused | None = None
        self._asked: dict[tuple[str, str], asyncio.Future[bool]] = {}  # (participant, act) → whether it was done

    async def tracks(self) -> AsyncIterator[Track]:
        async for track in self._tracks:
            yield track
        if self._error is not None:
            raise self._error

    def roster(self) -> tuple[Speaker, ...]:
        return tuple(who.speaker for who in self._people())

    def talking(self) -> dict[str, bool]:
        """See `SaysWhoTalks`."""
        said = {}
        for who in self._people():
            dog = self._dogs.get(who.id)
            expecting = dog.expecting if dog is not None else None
            said[who.name] = who.talking and not who.muted if expecting is None else expecting
        return said

    def _people(self) -> list[Participant]:
        """Without the monitor, also where it has come as one of them."""
        others = [who for who in self._visit.roster.values() if who.id != self._visit.id]
        return [who for who in others if who.role == "participant"]

    async def announce(self, notice: str, to: tuple[Speaker, ...] = ()) -> str:
        """The room keeps it, and shows it to those who come later by itself."""
        if not to:
            await self._visit.send("announce", notice=notice)
        return "on the room's page"

    @property
    def acts(self) -> frozenset[RoomAct]:
        """See `Moderates`."""
        return frozenset(RoomAct) if self._visit.role == "monitor" else frozenset()

    async def act(self, act: RoomAct, speaker: str) -> None:
        """See `Moderates`."""
        key = speaker, act.value
        asked = self._asked[key] = asyncio.get_running_loop().create_future()
        try:
            await self._visit.send("moderate", id=speaker, act=act.value)
            if not await asked:
                raise Refused("they are no longer in the room")
        finally:
            self._asked.pop(key, None)

    async def attend(self) -> None:
        """Follow the signalling until the visit ends."""
        self._expect_all()  # who talked already as we came in
        try:
            while not self._tracks.closed:
                await self._handle(await self._visit.receive())
        except (ConnectionLost, Refused) as error:
            self._finish(error)
        except Closed:
            return  # the watchdog ended the visit while a new track was on its way

    async def watch(self) -> None:
        """End the visit when somebody talks and nothing of it arrives."""
        while self._error is None:
            await asyncio.sleep(LOOK)
            now = time.time()
            if any(dog.deaf(now) for dog in self._watched().values()):
                self._finish(ConnectionLost(f"somebody talks, and no audio came for {self._patience:g} s"))
                return

    def _watched(self) -> dict[str, Watchdog]:
        """The watchdog of each open m-line, told of its newest packet."""
        watched = {}
        for mid, who in self._listener.who.items():
            watched[mid] = dog = self._dogs.setdefault(who, Watchdog(self._patience))
            at = self._listener.last_packet_at(mid)
            if at is not None:
                dog.packet(at)
        return watched

    async def close(self) -> None:
        self._finish(None)
        await self._listener.close()

    def _finish(self, error: ConnectionLost | Refused | None) -> None:
        self._error = self._error or error
        now = time.time()
        for mid, dog in self._watched().items():
            if (seconds := dog.waiting(now)) > min(self._patience, MISSED):
                self._listener.missed(mid, seconds)
        self._listener.end()
        self._tracks.close()
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(ConnectionLost("the visit ended before the room answered"))

    async def _handle(self, message: Message) -> None:
        match message["type"]:
            case "offer":
                await self._answer(message)
            case "slots":
                self._listener.assign(message["slots"])
            case "roster":
                self._dogs = {who: dog for who, dog in self._dogs.items() if who in self._visit.roster}
                self._expect_all()
            case "talking":
                self._expect(message["id"], talking=message["talking"])
            case "moderated":
                asked = self._asked.get((message["id"], message["act"]))
                if asked is not None and not asked.done():
                    asked.set_result(bool(message["done"]))

    async def _answer(self, message: Message) -> None:
        speakers = {who.id: who.speaker for who in self._visit.roster.values()}
        sdp, streams = await self._listener.answer(message["sdp"], message["slots"], speakers)
        await self._visit.send("answer", sdp=sdp)
        for stream in streams:
            await self._tracks.put(stream)

    def _expect_all(self) -> None:
        for who in self._visit.roster.values():
            self._expect(who.id, talking=who.talking, muted=who.muted)

    def _expect(self, who: str, *, talking: bool, muted: bool | None = None) -> None:
        dog = self._dogs.setdefault(who, Watchdog(self._patience))
        dog.talking(talking, time.time())
        if muted is not None:
            dog.muted(muted, time.time())
