"""One visit to a VideoRoom: one stream a speaker, all over one subscriber connection.

Two handles. The room's handle joins as a publisher that publishes nothing: that is how participants see the monitor,
and how it learns who publishes. The media handle subscribes to their audio; Janus offers whenever that changes, on
request or of its own accord, one offer at a time, and each is answered in the order in which it came.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import structlog

from monitor.errors import ConnectionLost, Refused
from monitor.mailbox import Closed, Mailbox
from monitor.model import Speaker
from monitor.rooms.connector import Track
from monitor.rooms.janus.media import Media
from monitor.rooms.janus.protocol import NO_SUCH_FEED, Data, Event, Id, Place, rows, text_of
from monitor.rooms.janus.roster import Key, Roster
from monitor.rooms.janus.signalling import ANSWER_SECONDS, Signalling
from monitor.rooms.watchdog import Pulse

TRACKS = 64
"""Tracks that may wait to be taken; beyond, signalling waits."""
LOOK = 0.5
"""Seconds between looks at what is due, when nothing happens."""
LIST_SECONDS = 2.0
"""Between two looks at the list of everybody: who only listens may be told of in no other way."""
KEEPALIVE_SECONDS = 20.0
MISSED = 1.0
"""Seconds without audio of somebody who is said to talk that are lost when the visit ends; less proves nothing."""

log = structlog.get_logger()


class VideoRoom:
    """See `Session`. `join` first; then `attend` and `tend` run until the visit ends; `close` at last."""

    def __init__(self, signalling: Signalling, place: Place, patience: float) -> None:
        self._signalling = signalling
        self._place = place
        self._patience = patience
        self._media = Media()
        self._pulse = Pulse(patience)
        self._tracks: Mailbox[Track] = Mailbox(TRACKS)
        self._roster = Roster(0, patience)
        self._error: ConnectionLost | Refused | None = None
        self._room = self._wire = 0  # the two handles
        self._private: Id = 0
        self._subscribed = False  # the media handle has joined
        self._asked: tuple[Key, ...] = ()  # what the request in flight asks for
        self._asking = ""  # its transaction
        self._due_by = 0.0  # when its answer, or the offer that Janus has promised, is overdue; 0: none is due
        self._wake = asyncio.Event()
        self._listed_at = self._kept_at = 0.0
        self._reclaimed = 0
        self._untold = 0  # lists in a row with a publisher of whom we know nothing

    async def join(self) -> None:
        """Raises Refused, ConnectionLost."""
        self._room = await self._signalling.attach("videoroom")
        joined = await self._signalling.ask(self._room, {"request": "join", "ptype": "publisher", **self._place.door()})
        self._roster.own = joined.data.get("id", 0)
        self._private = joined.data.get("private_id", 0)
        now = time.time()
        for row in rows(joined.data, "attendees"):
            self._roster.joined(row)
        for row in rows(joined.data, "publishers"):
            self._roster.published(row, now)
        self._wire = await self._signalling.attach("videoroom")
        self._kept_at = now

    # Session

    async def tracks(self) -> AsyncIterator[Track]:
        async for track in self._tracks:
            yield track
        if self._error is not None:
            raise self._error

    def roster(self) -> tuple[Speaker, ...]:
        return tuple(self._roster.people.values())

    async def announce(self, notice: str) -> None:
        """Janus has no way to show one: `capabilities` says so."""

    # the work beside it

    async def attend(self) -> None:
        """Follow what Janus tells until the visit ends."""
        try:
            while not self._tracks.closed:
                await self._handle(await self._signalling.receive())
        except (ConnectionLost, Refused) as error:
            self._finish(error)
        except Closed:
            return  # the visit was ended while a new track was on its way

    async def tend(self) -> None:
        """Ask for what is missing, keep the session alive, and notice when nothing comes."""
        try:
            while self._error is None:
                await self._do_what_is_due(time.time())
                await self._sleep()
        except ConnectionLost as error:
            self._finish(error)

    async def close(self) -> None:
        self._finish(None)
        await self._media.close()

    def _finish(self, error: ConnectionLost | Refused | None) -> None:
        self._error = self._error or error
        now = time.time()
        for source in self._roster.sources.values():
            seconds = source.dog.waiting(now)
            if error is not None and source.mid and not source.renewed and seconds > min(self._patience, MISSED):
                self._media.missed(source.mid, seconds)
        self._media.end_all()
        self._tracks.close()
        self._wake.set()

    # what Janus tells

    async def _handle(self, event: Event) -> None:
        match event.kind:
            case "detached":
                raise ConnectionLost("Janus has ended our stay in the room")
            case "hangup" if event.handle == self._wire:
                raise ConnectionLost(f"Janus has ended the media: {event.body.get('reason')}")
            case "trickle" if event.handle == self._wire:
                await self._media.add_candidate(event)
            case _ if event.handle == self._wire:
                await self._subscription(event)
            case _ if event.handle == self._room:
                self._hear_of(event)

    def _hear_of(self, event: Event) -> None:
        data, now = event.data, time.time()
        who = data.get("id", 0)
        if event.error:
            raise event.failure()
        match data.get("videoroom"):
            case "talking" | "stopped-talking" as word:
                self._roster.talking(who, word == "talking", now)
            case "destroyed":
                raise ConnectionLost("the room was closed; waiting for it to be made again")
            case "participants":
                self._listed(rows(data, "participants"))
            case "event":
                self._happened(event, now)
        self._wake.set()

    def _listed(self, listing: list[Data]) -> None:
        self._untold = 0 if self._roster.listed(listing) else self._untold + 1
        if self._untold > 1:  # once may be news that is still on its way
            raise ConnectionLost("somebody publishes of whom Janus hasn't told us")
        self._end_gone()

    def _happened(self, event: Event, now: float) -> None:
        data = event.data
        if data.get("leaving") == "ok":
            reason = text_of(data, "reason") or "left"
            raise (
                Refused("thrown out of the room")
                if reason == "kicked"
                else ConnectionLost(f"out of the room: {reason}")
            )
        for row in rows(data, "publishers"):
            self._roster.published(row, now)
        joining = data.get("joining")
        if isinstance(joining, dict):
            self._roster.joined(joining)
        if isinstance(data.get("display"), str) and "id" in data:
            self._roster.joined(data)
        if "moderation" in data:
            self._roster.moderated(data.get("id", 0), text_of(data, "mid"), data["moderation"] == "muted", now)
        for word in ("unpublished", "leaving", "kicked"):
            who = data.get(word)
            if isinstance(who, int | str):
                (self._roster.unpublished if word == "unpublished" else self._roster.left)(who)
        self._end_gone()

    def _end_gone(self) -> None:
        """End the streams of those who no longer publish, before their m-lines can carry somebody else."""
        open_mids = {source.mid for source in self._roster.sources.values()}
        for mid in [mid for mid in self._media.who if mid not in open_mids]:
            self._media.end(mid)

    async def _subscription(self, event: Event) -> None:
        asked: tuple[Key, ...] = ()
        if event.transaction and event.transaction == self._asking:
            self._asking, asked, self._asked = "", self._asked, ()
            self._due_by = 0.0
            if event.error == NO_SUCH_FEED:
                self._not_yet(asked)
                return
        if event.error:
            raise event.failure()
        word = event.data.get("videoroom")
        if word in ("attached", "updated") and event.sdp:
            self._subscribed, self._due_by = True, 0.0
            await self._answer(event)
        elif word == "updating":
            self._due_by = time.time() + ANSWER_SECONDS
        elif word == "updated":  # nothing changed: what was asked for isn't there
            self._not_yet(asked)
        self._wake.set()

    def _not_yet(self, asked: tuple[Key, ...]) -> None:
        now = time.time()
        for key in asked:
            if source := self._roster.sources.get(key):
                source.refused(now)

    async def _answer(self, event: Event) -> None:
        speakers = self._roster.assign(rows(event.data, "streams"))
        sdp, streams = await self._media.answer(event.sdp, speakers)
        await self._signalling.send(self._wire, {"request": "start"}, {"type": "answer", "sdp": sdp})
        for stream in streams:
            await self._tracks.put(stream)

    # what is due

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(LOOK):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._wake.clear()

    async def _do_what_is_due(self, now: float) -> None:
        if self._due_by and now > self._due_by:
            raise ConnectionLost(f"Janus has not answered a subscription for {ANSWER_SECONDS:g} s")
        if not self._asking and not self._due_by and (wanted := self._roster.wanted(now)):
            await self._subscribe(wanted, now)
        if now - self._listed_at >= LIST_SECONDS or self._signalling.reclaimed != self._reclaimed:
            self._listed_at, self._reclaimed = now, self._signalling.reclaimed
            await self._signalling.send(self._room, {"request": "listparticipants", "room": self._place.room})
        if now - self._kept_at >= KEEPALIVE_SECONDS:
            self._kept_at = now
            await self._signalling.keep_alive()
        await self._listen_for_life(now)

    async def _subscribe(self, wanted: list[Key], now: float) -> None:
        tried = any(self._roster.sources[key].tries for key in wanted)
        keys = wanted[:1] if tried else wanted  # one that is refused would take the others with it
        streams = [{"feed": feed, "mid": mid} for feed, mid in keys]
        join = {"request": "join", "ptype": "subscriber", "autoupdate": True, "private_id": self._private}
        body = {"request": "subscribe"} if self._subscribed else join | self._place.door()
        await self._ask({**body, "streams": streams}, tuple(keys), now)

    async def _ask(self, body: Data, keys: tuple[Key, ...], now: float) -> None:
        self._asking, self._asked, self._due_by = self._signalling.number(), keys, now + ANSWER_SECONDS
        await self._signalling.send(self._wire, body, number=self._asking)

    async def _listen_for_life(self, now: float) -> None:
        if self._pulse.stopped(await self._media.packets(), now):
            raise ConnectionLost(f"nothing at all has come from Janus for {self._patience:g} s")
        for (feed, mid), source in self._roster.sources.items():
            if not source.mid:
                continue
            at = self._media.last_packet_at(source.mid)
            if at is not None:
                source.dog.packet(at)
            if source.dog.deaf(now) and not source.renewed and not self._asking and not self._due_by:
                source.renewed = True
                log.warning("janus.subscription_renewed", feed=feed)
                await self._ask({"request": "unsubscribe", "streams": [{"feed": feed, "mid": mid}]}, (), now)
                return
