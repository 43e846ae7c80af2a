"""One visit to a VideoRoom: one stream a speaker, all over one subscriber connection.

Two handles. The room's handle joins as a publisher that publishes nothing: that is how participants see the monitor,
and how it learns who publishes. The media handle subscribes to their audio; Janus offers whenever that changes, on
request or of its own accord, one offer at a time, and each is answered in the order in which it came.
"""

from __future__ import annotations

import time

import structlog

from monitor.errors import ConnectionLost, Refused
from monitor.model import Origin, Speaker
from monitor.review.actions import RoomAct
from monitor.rooms.janus.protocol import NO_SUCH_FEED, Data, Event, Id, Place, rows, text_of
from monitor.rooms.janus.roster import Key, Roster, Source
from monitor.rooms.janus.signalling import ANSWER_SECONDS, Signalling
from monitor.rooms.janus.visit import Visit, common
from monitor.rooms.unheard import Unheard

MISSED = 1.0
"""Seconds without audio of somebody who is said to talk that are lost when the visit ends; less proves nothing."""

log = structlog.get_logger()


class VideoRoom(Visit):
    """See `Session`."""

    def __init__(self, signalling: Signalling, place: Place, patience: float) -> None:
        super().__init__(signalling, place, patience)
        self._roster = Roster(0, patience)
        self._wire = 0  # the handle that subscribes
        self._private: Id = 0
        self._subscribed = False  # it has joined
        self._asked: tuple[Key, ...] = ()  # what the request in flight asks for
        self._asking = ""  # its transaction
        self._due_by = 0.0  # when its answer, or the offer that Janus has promised, is overdue; 0: none is due
        self._unheard: dict[Key, Unheard] = {}
        self._untold = 0  # lists in a row with a publisher of whom we know nothing

    async def join(self) -> None:
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

    # Session

    def roster(self) -> tuple[Speaker, ...]:
        return tuple(self._roster.people.values())

    def talking(self) -> dict[str, bool]:
        """See `SaysWhoTalks`: it says so where the room has `audiolevel_event`."""
        said = ((source.speaker.name, source.dog.expecting) for source in self._roster.sources.values())
        return {name: expecting for name, expecting in said if expecting is not None}

    def _requests(self, act: RoomAct, speaker: str) -> list[Data]:
        who = next((one for one in self._roster.people if str(one) == speaker), None)
        if who is None:
            return []
        if act is RoomAct.REMOVE:
            return [{"request": "kick", "id": who}]
        mids = [mid for feed, mid in self._roster.sources if feed == who]
        return [{"request": "moderate", "id": who, "mid": mid, "mute": True} for mid in mids]

    def _finish(self, error: ConnectionLost | Refused | None) -> None:
        now = time.time()
        for source in self._listened():
            seconds = source.dog.waiting(now)
            if error is not None and not source.renewed and seconds > min(self._patience, MISSED):
                self._media.missed(source.mid, seconds)
        for track in self._unheard.values():
            track.end()
        super()._finish(error)

    def _listened(self) -> list[Source]:
        """What we are subscribed to, each watchdog told of its newest packet."""
        found = [source for source in self._roster.sources.values() if source.mid]
        for source in found:
            at = self._media.last_packet_at(source.mid)
            if at is not None:
                source.dog.packet(at)
        return found

    # what Janus tells

    async def _handle(self, event: Event) -> None:
        common(event, self._wire)
        match event.kind:
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

    def _listed(self, listing: list[Data]) -> None:
        self._untold = 0 if self._roster.listed(listing) else self._untold + 1
        # Once may be news that is still on its way; and only a socket that broke loses any.
        if self._untold > 1 and self._signalling.reclaimed:
            raise ConnectionLost("somebody publishes of whom Janus hasn't told us")
        self._end_gone()

    def _happened(self, event: Event, now: float) -> None:
        data = event.data
        if data.get("leaving") == "ok":
            if data.get("reason") == "kicked":
                raise Refused("thrown out of the room")
            raise ConnectionLost("Janus says that we have left the room")
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
            self._not_yet(asked)
        elif word == "updating":
            self._due_by = time.time() + ANSWER_SECONDS
        elif word == "updated":  # nothing changed: what was asked for isn't there
            self._not_yet(asked)

    def _not_yet(self, asked: tuple[Key, ...]) -> None:
        """What was asked for and is not there is asked for again, a little later each time."""
        now = time.time()
        for key in asked:
            source = self._roster.sources.get(key)
            if source is not None and not source.mid:
                source.refused(now)

    async def _answer(self, event: Event) -> None:
        streams = rows(event.data, "streams")
        speakers = self._roster.assign(streams)
        if speakers:
            self._pulse.expect(time.time())
        sdp, new = await self._media.answer(event.sdp, speakers)
        await self._signalling.send(self._wire, {"request": "start"}, {"type": "answer", "sdp": sdp})
        for stream in new:
            await self._tracks.put(stream)

    # what is due

    async def _do_what_is_due(self, now: float) -> None:
        if self._due_by and now > self._due_by:
            raise ConnectionLost(f"Janus has not answered a subscription for {ANSWER_SECONDS:g} s")
        if not self._asking and not self._due_by and (wanted := self._roster.wanted(now)):
            await self._subscribe(wanted, now)
        await self._renew_the_silent(now)
        await self._book_the_unheard()

    async def _book_the_unheard(self) -> None:
        """Who publishes and can't be heard has a track all the same: what is not heard is on the record."""
        for key in [key for key in self._unheard if key not in self._roster.unheard]:
            self._unheard.pop(key).end()
        for key, why in self._roster.unheard.items():
            if key not in self._unheard:
                speaker = self._roster.people[key[0]]
                if why:
                    log.warning("janus.not_heard", feed=key[0], cause=why)
                self._unheard[key] = Unheard(speaker, Origin.FOREIGN if why else Origin.QUIET, why)
                await self._tracks.put(self._unheard[key])

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

    async def _renew_the_silent(self, now: float) -> None:
        """Somebody is said to talk and sends nothing, while the path lives: the subscription may be at fault, once."""
        if self._asking or self._due_by:
            return
        for source in self._listened():
            if source.dog.deaf(now) and not source.renewed:
                source.renewed = True
                log.warning("janus.subscription_renewed", speaker=source.speaker.id)
                await self._ask({"request": "unsubscribe", "streams": [{"sub_mid": source.mid}]}, (), now)
                return
