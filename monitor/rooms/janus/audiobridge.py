"""One visit to an AudioBridge: Janus mixes everybody into one stream, and may tell who talks."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from monitor.errors import ConnectionLost, Refused
from monitor.model import AudioFrame, Speaker
from monitor.review.actions import RoomAct
from monitor.rooms.janus.protocol import Data, Event, Id, Place, rows, text_of
from monitor.rooms.janus.roster import id_of
from monitor.rooms.janus.signalling import Signalling
from monitor.rooms.janus.visit import Visit, common
from monitor.rooms.peer import MediaStream

MIXED = Speaker("mixed", "mixed")
EXPECTED_LOSS = 5
"""Percent: from 1 on Janus's encoder sends copies of each packet (FEC) that our receiver takes."""
LATE = 2.0
"""Seconds by which Janus's word that somebody talks may be late: it waits for 100 packets unless told otherwise."""
TALKS = 256
"""Stretches of talk that are remembered: more than two minutes' worth of the liveliest room."""


@dataclass(slots=True)
class Talk:
    """One stretch of somebody's talk. Wall times."""

    who: Id
    name: str
    began: float
    ended: float = float("inf")


class Talks:
    """Who has talked when. Pure."""

    def __init__(self) -> None:
        self._talks: deque[Talk] = deque(maxlen=TALKS)

    def began(self, who: Id, name: str, now: float) -> None:
        self.ended(who, now)
        self._talks.append(Talk(who, name, now))

    def ended(self, who: Id, now: float) -> None:
        for talk in self._talks:
            if talk.who == who:
                talk.ended = min(talk.ended, now)

    def between(self, began: float, ended: float) -> tuple[str, ...]:
        """Names, without repeats, in the order in which they began."""
        heard = [talk.name for talk in self._talks if talk.began - LATE < ended and talk.ended > began]
        return tuple(dict.fromkeys(heard))


class Mix:
    """See `MixedTrack`."""

    def __init__(self, stream: MediaStream, talks: Talks) -> None:
        self._stream = stream
        self._talks = talks

    @property
    def id(self) -> str:
        return self._stream.id

    @property
    def speaker(self) -> Speaker:
        return MIXED

    def frames(self) -> AsyncIterator[AudioFrame]:
        return self._stream.frames()

    def voices(self, began: float, ended: float) -> tuple[str, ...]:
        return self._talks.between(began, ended)


class AudioBridge(Visit):
    """See `Session`."""

    def __init__(self, signalling: Signalling, place: Place, patience: float) -> None:
        super().__init__(signalling, place, patience)
        self._own: Id = 0
        self._people: dict[Id, Speaker] = {}
        self._talks = Talks()

    async def join(self) -> None:
        self._room = await self._signalling.attach("audiobridge")
        ask = {"request": "join", "muted": True, "codec": "opus", "expected_loss": EXPECTED_LOSS}
        joined = await self._signalling.ask(self._room, ask | self._place.door())
        self._own = joined.data.get("id", 0)
        self._here(joined)
        jsep = {"type": "offer", "sdp": await self._media.offer()}
        answer = await self._signalling.ask(self._room, {"request": "configure", "muted": True}, jsep)
        self._pulse.expect(time.time())
        await self._tracks.put(Mix(await self._media.accept(answer.sdp, MIXED), self._talks))

    def roster(self) -> tuple[Speaker, ...]:
        return tuple(self._people.values())

    def _requests(self, act: RoomAct, speaker: str) -> list[Data]:
        who = next((one for one in self._people if str(one) == speaker), None)
        return [{"request": "kick" if act is RoomAct.REMOVE else "mute", "id": who}] if who is not None else []

    async def _handle(self, event: Event) -> None:
        common(event, self._room)
        if event.kind == "trickle":
            return await self._media.add_candidate(event)
        if event.error:
            raise event.failure()
        data, who, now = event.data, event.data.get("id", 0), time.time()
        match data.get("audiobridge"):
            case "talking":
                self._talks.began(who, self._name(who), now)
            case "stopped-talking":
                self._talks.ended(who, now)
            case "destroyed":
                raise ConnectionLost("the room was closed; waiting for it to be made again")
            case "participants":
                here = {id_of(row) for row in rows(data, "participants")}
                self._people = {one: speaker for one, speaker in self._people.items() if one in here}
                self._here(event)
            case "joined" | "event":
                self._here(event)
                self._gone(event, now)
        return None

    def _here(self, event: Event) -> None:
        for row in rows(event.data, "participants"):
            who = id_of(row)
            if who is not None and who != self._own:
                self._people[who] = Speaker(str(who), text_of(row, "display") or str(who))

    def _gone(self, event: Event, now: float) -> None:
        for word in ("leaving", "kicked", "kicked_all"):
            who = event.data.get(word)
            if not isinstance(who, int | str):
                continue
            if who == self._own or word == "kicked_all":
                raise Refused("thrown out of the room")
            self._talks.ended(who, now)
            self._people.pop(who, None)

    def _name(self, who: Id) -> str:
        return self._people[who].name if who in self._people else str(who)

    async def _do_what_is_due(self, now: float) -> None:
        """Nothing: the mix is there from the beginning."""
