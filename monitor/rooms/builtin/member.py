"""One connection to a room: its websocket, what it says, what it hears."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, Protocol

import structlog

from monitor.mailbox import Mailbox
from monitor.rooms.builtin.downstream import Downstream
from monitor.rooms.builtin.forward import Media, TalkMeter
from monitor.rooms.builtin.protocol import (
    ANSWER_SECONDS,
    Announce,
    Answer,
    BadMessage,
    ClientMessage,
    Join,
    Leave,
    Moderate,
    Mute,
    Publish,
    dump,
    parse,
)
from monitor.rooms.builtin.sdp import check_publish
from monitor.rooms.builtin.upstream import Upstream
from monitor.wire import Wire, WireClosed

OUTBOX = 256
"""Messages that may wait for a client that doesn't read; one more and it is dropped."""
SEND_SECONDS = 10.0
"""How long one message may take to go out before the client counts as gone."""
RATE = 20.0
"""Messages a second that a client may send in the long run, and BURST at once: each may cause one to every other."""
BURST = 60.0
PUBLISH_SECONDS = 0.5
"""Between two `publish` of a client: each costs a connection."""

log = structlog.get_logger()


class Neighbours(Protocol):
    """What a member needs of its room."""

    def left(self, member: Member) -> None: ...
    def published(self, member: Member) -> None: ...
    def unpublished(self, member: Member) -> None: ...
    def said(self, member: Member, media: Media) -> None: ...
    def unmuted(self, member: Member) -> None: ...
    def talking(self, member: Member) -> None: ...
    def changed(self) -> None: ...
    def bury(self, upstream: Upstream) -> None: ...
    def announce(self, notice: str) -> None: ...
    def moderate(self, member_id: str, act: str) -> bool: ...


class Member:
    """One client that has joined."""

    def __init__(self, wire: Wire, join: Join, room: Neighbours) -> None:
        self.id = secrets.token_hex(6)
        self.name = join.name
        self.role = join.role
        self.muted = False
        self.silenced = False  # by staff: only they could hear again what this one says, and it stays so for the visit
        self.publishing = False
        self.meter = TalkMeter()
        self.hearing = Downstream(self.tell, self._deaf)
        self._wire = wire
        self._room = room
        self._loop = asyncio.get_running_loop()
        self._outbox: Mailbox[str] = Mailbox(OUTBOX)
        self._upstream: Upstream | None = None
        self._upstream_lost = asyncio.Event()
        self._published_at = float("-inf")

    def card(self) -> dict[str, Any]:
        """The member as the roster shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "role": self.role,
            "muted": self.muted or self.silenced,
            "talking": self.meter.talking,
        }

    def tell(self, text: str) -> None:
        """Send a message without waiting. A client that doesn't read is dropped."""
        if self._outbox.closed:
            return
        if len(self._outbox) >= OUTBOX:
            log.info("room.slow_client", member=self.id)
            self._outbox.close()
            return
        self._outbox.put_now(text)

    def end(self, last: str) -> None:
        """Send a last message and finish."""
        self.tell(last)
        self._outbox.close()

    async def run(self) -> None:
        """Serve the client until it leaves, is dropped or ended. Leaves no task and no connection behind."""
        try:
            async with asyncio.TaskGroup() as group:
                helpers = [
                    group.create_task(work)
                    for work in (self._read(), self._negotiate(), self.hearing.pump(), self._watch_upstream())
                ]
                await self._write()
                for helper in helpers:
                    helper.cancel()
        finally:
            self._unpublish_now()
            self._room.left(self)  # before the connections are closed: that may take a moment
            self._retire_upstream()
            await self.hearing.close()

    def look(self, now: float) -> None:
        """Let time pass for the talking indicator."""
        if self.meter.look(now):
            self._room.talking(self)

    async def _write(self) -> None:
        """Returns when the outbox is closed and empty, or the client is gone."""
        async for text in self._outbox:
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await self._wire.send(text)
            except (WireClosed, TimeoutError):
                self._outbox.close()
                return

    async def _read(self) -> None:
        allowance, since = BURST, self._loop.time()
        try:
            while not self._outbox.closed:
                text = await self._wire.receive()
                now = self._loop.time()
                allowance, since = min(BURST, allowance + (now - since) * RATE) - 1.0, now
                if allowance < 0:
                    return self.end(dump("refused", code="too-many-messages", message="slow down and join again"))
                try:
                    await self._handle(parse(text))
                except BadMessage as error:
                    self.tell(dump("problem", code=error.code, message=str(error)))
        except WireClosed:
            pass
        finally:
            self._outbox.close()

    async def _handle(self, message: ClientMessage) -> None:
        match message:
            case Publish(sdp):
                await self._publish(sdp)
            case Answer(sdp):
                self.hearing.answered(sdp)
            case Mute(muted):
                self._mute(muted)
            case Announce(notice):
                if self.role != "monitor":
                    raise BadMessage("forbidden", "only the monitor may set the notice")
                self._room.announce(notice)
            case Moderate(member_id, act):
                if self.role != "monitor":
                    raise BadMessage("forbidden", "only the monitor may mute or remove others")
                done = self._room.moderate(member_id, act)
                self.tell(dump("moderated", id=member_id, act=act, done=done))
            case Leave():
                self._outbox.close()
            case Join():
                raise BadMessage("joined-already", "this connection has joined already")

    async def _publish(self, offer: str) -> None:
        if self.role == "monitor":
            raise BadMessage("forbidden", "the monitor only listens")
        check_publish(offer)
        now = self._loop.time()
        if now - self._published_at < PUBLISH_SECONDS:
            raise BadMessage("too-fast", f"publish again after {PUBLISH_SECONDS:g} s")
        self._published_at = now
        self._unpublish_now()
        self._retire_upstream()
        upstream = self._upstream = Upstream(self._said, self._upstream_lost.set)
        answer = await upstream.open(offer)
        self.publishing = True
        self._room.published(self)
        self.tell(dump("published", sdp=answer))

    def _said(self, media: Media) -> None:
        if self.muted or self.silenced or not self.publishing:
            return
        if self.meter.hear(media.level, len(media.payload), self._loop.time()):
            self._room.talking(self)
        self._room.said(self, media)

    def _mute(self, muted: bool) -> None:
        if muted == self.muted:
            return
        self.muted = muted
        if not muted:
            self._room.unmuted(self)
        self._room.changed()

    def silence(self) -> None:
        """Staff have muted this one: nothing more is forwarded, whatever the client says."""
        if not self.silenced:
            self.silenced = True
            self.tell(dump("problem", code="silenced", message="a moderator has muted you for this visit"))
            self._room.changed()

    def _unpublish_now(self) -> None:
        if self.publishing:
            self.publishing = False
            self._room.unpublished(self)

    def _retire_upstream(self) -> None:
        # Closed by the rooms, not here: aiortc's close must not be cancelled halfway, and this task may be.
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            self._room.bury(upstream)
        self._upstream_lost.clear()

    async def _watch_upstream(self) -> None:
        while True:
            await self._upstream_lost.wait()
            self._unpublish_now()
            self._retire_upstream()
            self.tell(dump("problem", code="media-lost", message="your audio no longer arrives: publish again"))

    def _deaf(self) -> None:
        self.end(dump("problem", code="media-failed", message="the room's audio no longer reaches you: join again"))

    async def _negotiate(self) -> None:
        try:
            await self.hearing.negotiate()
        except TimeoutError:
            text = f"no answer to an offer within {ANSWER_SECONDS:.0f} s"
            self.end(dump("refused", code="no-answer", message=text))
