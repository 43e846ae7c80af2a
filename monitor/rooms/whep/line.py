"""One stream of a room: asked for until it is live, listened to, and begun anew when it is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum

import httpx
import structlog

from monitor.errors import ConnectionLost, Refused, Step
from monitor.mailbox import Closed, Mailbox
from monitor.model import Speaker
from monitor.rooms.backoff import Backoff
from monitor.rooms.connector import Track
from monitor.rooms.peer import MediaStream
from monitor.rooms.servers import Ice, Server
from monitor.rooms.whep.http import LEAVE_SECONDS, Door, Opened
from monitor.rooms.whep.media import Media
from monitor.rooms.whep.protocol import Later, NotLive, Stream, fragment
from monitor.rooms.whep.track import StreamTrack
from monitor.rooms.whole import whole

LOOK = 0.25
"""Seconds between looks at a session that is heard."""
LOOK_SOON = 0.1
"""Seconds between looks at one that is not yet."""
REFUSED_SECONDS = 30.0
"""Seconds after which a stream that was refused is asked for again: its token may have been renewed."""
PATH_SECONDS = 10.0
"""In which a path for media must be found."""
STRAIGHT_SECONDS = 0.5
"""In which a path without STUN and TURN servers is found, if there is one: most streams never ask a server."""
STEADY = 1.0
"""Seconds of a session that was no mere accident: what follows its loss is tried at once."""
IN_DOUBT = 3.0
"""Seconds after a session in which it may turn out that its speaker has gone: nothing was lost then."""
UNHEARD = 10.0
"""Seconds after which a stream that nothing has been heard of yet, and that can't be asked for, counts as lost."""
EAGER = 4
EAGER_SECONDS = 15.0
"""Who has just gone may come back, and so may those of a server that was restarted: so long it is asked so many times
as often."""
FRESH = 60.0
"""Seconds for which an offer names addresses that this machine surely has."""
GOODBYE = 0.5
"""Seconds that a server which seems gone has to take our leave."""

NO_COUNT = -1
"""Of packets: none was made since somebody was heard."""
FOREIGN = 50
"""Packets in a row that are not Opus, from which on they are the stream: one second."""
NO_PATH = "no path for media to the server: is UDP open between this machine and its media ports?"
NO_RELAY = "only relays may be used, and no TURN server gives one: neither those of the settings nor the endpoint's"

log = structlog.get_logger()


class Standing(Enum):
    ASKING = "asking"  # no answer yet
    LIVE = "live"  # there is a session
    AGAIN = "again"  # there was one until just now, and it is begun anew
    SILENT = "silent"  # nobody publishes it now
    LOST = "lost"  # it can't be heard, and is tried again
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all lines of a visit share."""

    http: httpx.AsyncClient
    ice: Ice
    tracks: Mailbox[Track]
    not_before: dict[str, float]  # speaker → event loop time: what servers have asked for, kept over visits
    patience: float
    poll: float  # seconds between two questions whether a stream is live, unless the server names more
    changed: Callable[[], None]  # told of every change of standing
    going_on: Callable[[], bool]  # whether the visit goes on without this line


class Line:
    """`keep` runs until it is cancelled; the others tell how things stand."""

    def __init__(self, speaker: str, stream: Callable[[], Stream], around: Surroundings) -> None:
        """`stream` is asked at each request, so that a renewed token counts; it raises Refused."""
        self.speaker = Speaker(speaker, speaker)
        self.standing = Standing.ASKING
        self.error: ConnectionLost | Refused | None = None  # why it is LOST or REFUSED
        self._around = around
        self._door = Door(around.http, stream)
        self._media: Media | None = None  # with an offer that no server has taken yet
        self._track: StreamTrack | None = None
        self._known = False  # the server has said once that there is such a stream
        self._lost_at = 0.0  # wall time up to which is booked what can't be heard; 0: nothing is being lost
        self._in_doubt = False  # nothing was asked since the newest session
        self._booking = asyncio.Lock()
        self._named: tuple[Server, ...] = ()  # STUN and TURN servers that the endpoint has named
        self._offered_at = 0.0  # event loop time
        self._live_since = 0.0  # event loop time, of the newest session; 0: the newest try has come to none
        self._silent_since = 0.0  # event loop time; 0: it is not, or nothing is known
        self._backoff = Backoff(first=0.25, longest=1.0, stable=STEADY)

    @property
    def present(self) -> bool:
        """Whether the speaker is in the room, as far as we know."""
        return self.standing is Standing.LIVE or self._track is not None

    async def keep(self) -> None:
        """Listen to the stream whenever it is live."""
        try:
            while True:
                seconds = await self._try()
                await asyncio.sleep(seconds)
        except Closed:
            return  # the visit has been ended
        finally:
            self.end()
            await whole(self._drop_media())

    def end(self) -> None:
        """The visit is over: what has been heard can still be taken."""
        if self._media is not None:
            self._media.end()
        self._end_track()

    # one session

    async def _try(self) -> float:
        """One session, from asking to its end. Returns the seconds to wait before the next."""
        self._live_since = 0.0
        try:
            rest = self._around.not_before.get(self.speaker.id, 0.0) - _now()
            if rest > 0:
                raise Later(f"the server has asked to wait for {rest:.0f} s more", after=rest)
            await self._session()
        except NotLive as error:
            return self._not_live(error)
        except Refused as error:
            self._in_doubt = False
            self._fell(Standing.REFUSED, error)
            return REFUSED_SECONDS
        except ConnectionLost as error:
            lasted = _now() - self._live_since if self._live_since else 0.0
            self._in_doubt = lasted > 0
            self._backoff.held(lasted)
            self._fell(Standing.AGAIN if lasted > STEADY else Standing.LOST, error)
            after = self._asked_to_wait(error.after) if isinstance(error, Later) else 0.0
            return max(after, 0.0 if lasted > STEADY else self._backoff.wait())
        raise AssertionError("a session ends by an error")

    def _not_live(self, error: NotLive) -> float:
        self._known |= error.known
        self._lost_at = 0.0
        self._end_track()
        self._become(Standing.SILENT if self._known else Standing.LOST, error)
        self._silent_since = self._silent_since or _now()
        eager = _now() - self._silent_since < EAGER_SECONDS
        return max(self._asked_to_wait(error.after), self._around.poll / (EAGER if eager else 1))

    def _asked_to_wait(self, after: float | None) -> float:
        if after:
            self._around.not_before[self.speaker.id] = _now() + after
        return after or 0.0

    async def _session(self) -> None:
        """Raises NotLive, ConnectionLost, Refused; Closed where the visit has ended."""
        media, opened = await self._open()
        if not media.reachable and opened.servers and not self._named:
            await self._door.close(opened)
            await whole(self._drop_media())
            self._named = opened.servers  # without which there was no address to offer
            media, opened = await self._open()
        self._media = None
        if opened.countered:
            await whole(media.close())
            media = Media(self.speaker, self._around.ice.adding(opened.servers))
        goodbye = LEAVE_SECONDS
        try:
            await self._follow(media, await self._begin(media, opened))
        except ConnectionLost:
            goodbye = GOODBYE
            raise
        finally:
            media.end()
            await whole(self._leave(media, opened, goodbye))

    async def _open(self) -> tuple[Media, Opened]:
        """Offer until a server takes it: with the same offer for as long as none has seen it and it is fresh."""
        if self._media is not None and _now() - self._offered_at > FRESH:
            await whole(self._drop_media())
        if self._media is None:
            self._media, self._offered_at = Media(self.speaker, self._ice()), _now()
        kept = False
        try:
            opened = await self._door.open(await self._media.offer())
            kept = True
        except (Later, Refused):
            kept = True  # it was declined
            raise
        except OSError as error:
            raise ConnectionLost(f"this machine has no address to hear at: {error}", step=Step.PATH) from error
        finally:
            if not kept:
                await whole(self._drop_media())
        return self._media, opened

    def _ice(self) -> Ice:
        """Servers are asked later, where they are needed; but with relays only there is nothing to offer without."""
        ice = self._around.ice
        return ice.adding(self._named) if ice.relay_only else replace(ice, servers=())

    async def _begin(self, media: Media, opened: Opened) -> MediaStream:
        servers = () if opened.countered else tuple(dict.fromkeys((*self._around.ice.servers, *opened.servers)))
        if not media.reachable:
            raise ConnectionLost(NO_RELAY, step=Step.RELAY)
        if opened.countered:
            sdp, stream = await media.answer(opened.sdp)
            await self._door.answer(opened, sdp)
        else:
            stream = await media.accept(opened.sdp, seeking=bool(servers))
        self._known, self._silent_since = True, 0.0
        self._become(Standing.LIVE, self.error)
        if not await self._connect(media, opened, servers):
            raise ConnectionLost(NO_PATH, step=Step.PATH)
        self._live_since = _now()
        return stream

    async def _connect(self, media: Media, opened: Opened, servers: tuple[Server, ...]) -> bool:
        """Find a path: straight, or with the help of STUN and TURN servers where that takes too long."""
        if servers and not self._around.ice.relay_only and await media.connected(STRAIGHT_SECONDS):
            return True
        async with asyncio.TaskGroup() as group:
            seeking = group.create_task(self._seek(media, opened, servers))
            there = await media.connected(PATH_SECONDS)
            seeking.cancel()
        return there

    async def _seek(self, media: Media, opened: Opened, servers: tuple[Server, ...]) -> None:
        if servers:
            found = await media.seek(servers)
            # A server that takes none by PATCH learns of them from our checks all the same.
            if found and not await self._door.add(opened, fragment(await media.offer(), found)):
                log.info("whep.candidates_not_taken", speaker=self.speaker.id)
            await media.sought()

    async def _follow(self, media: Media, stream: MediaStream) -> None:
        """Listen until the session ends, which is an error always."""
        if self._track is not None:
            async with self._booking:
                await self._book()
                await self._track.hear(stream)
        self._lost_at, self.error = 0.0, None
        alive, count, foreign = time.time(), NO_COUNT, 0
        try:
            while not media.ended:
                heard = stream.last_packet_at
                if self._track is None and heard is not None:
                    await self._introduce(stream)
                if heard is not None and heard > alive:
                    alive, count, foreign = heard, NO_COUNT, media.foreign
                if media.foreign - foreign > FOREIGN:
                    raise Refused("the server sends another codec than Opus", step=Step.MEDIA)
                if time.time() - alive > self._around.patience / 2:
                    before, count = count, await media.packets()
                    if count > before > NO_COUNT or await media.answers(self._around.patience / 2):
                        alive = time.time()
                    elif (stream.last_packet_at or 0.0) <= alive:
                        raise ConnectionLost(f"nothing has come from the server for {time.time() - alive:.1f} s")
                await asyncio.sleep(LOOK_SOON if self._track is None else LOOK)
            raise ConnectionLost("the server has ended the session")
        except (ConnectionLost, Refused):
            self._lost_at = alive
            raise

    async def _introduce(self, stream: MediaStream) -> None:
        """Something was heard: whoever wants to listen is told."""
        self._track = StreamTrack(self.speaker)
        await self._track.hear(stream)
        await self._around.tracks.put(self._track)

    async def _leave(self, media: Media, opened: Opened, goodbye: float) -> None:
        await self._door.close(opened, goodbye)  # first, so that nobody sees us a moment longer
        await media.close()

    # between sessions

    def _fell(self, standing: Standing, error: ConnectionLost | Refused) -> None:
        self._lost_at = self._lost_at or time.time()
        self._become(standing, error)
        log.warning("whep.stream_lost", speaker=self.speaker.id, standing=standing.value, reason=str(error))

    def _become(self, standing: Standing, error: ConnectionLost | Refused | None) -> None:
        self.standing, self.error = standing, error
        self._around.changed()

    async def book(self) -> None:
        """Tell the track what is being lost; to be called now and then.

        Not in the moment after a session: the next answer may say that the speaker has gone.
        """
        if self.standing not in (Standing.AGAIN, Standing.LOST, Standing.REFUSED) or not self._lost_at:
            return
        patience = UNHEARD if self._track is None else IN_DOUBT if self._in_doubt else 0.0
        if self._around.going_on() and time.time() - self._lost_at > patience:
            async with self._booking:
                with suppress(Closed):  # the speaker has gone meanwhile
                    await self._book()

    async def _book(self) -> None:
        if not self._lost_at:
            return
        if self._track is None:
            self._track = StreamTrack(self.speaker)
            await self._around.tracks.put(self._track)
        self._lost_at = await self._track.lost(self._lost_at, str(self.error))

    def _end_track(self) -> None:
        if self._track is not None:
            self._track.close()
            self._track = None

    async def _drop_media(self) -> None:
        media, self._media = self._media, None
        if media is not None:
            await media.close()


def _now() -> float:
    return asyncio.get_running_loop().time()
