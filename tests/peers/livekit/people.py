"""Who is in a room of the stand-in: clients over a websocket, and people that the tests put there by themselves."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from aiortc.mediastreams import MediaStreamError
from livekit.protocol import models, rtc
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from monitor.mailbox import Mailbox
from monitor.rooms.builtin.forward import Media, TalkMeter
from monitor.rooms.builtin.speak import Voice
from tests.peers.livekit.listening import Listening
from tests.peers.livekit.publishing import Publishing

OUTBOX = 1000


def new_id(prefix: str) -> str:
    return prefix + "_" + secrets.token_hex(6)


class Member:
    """One participant, as the others see them."""

    def __init__(self, identity: str, name: str, *, hidden: bool = False, metadata: str = "") -> None:
        self.info = models.ParticipantInfo(
            sid=new_id("PA"),
            identity=identity,
            name=name,
            state=models.ParticipantInfo.ACTIVE,
            metadata=metadata,
            joined_at=int(time.time()),
        )
        self.info.permission.hidden = hidden
        self.info.permission.can_subscribe = True
        self.meter = TalkMeter()
        self._numbers: dict[str, int] = {}

    @property
    def sid(self) -> str:
        return self.info.sid

    @property
    def hidden(self) -> bool:
        return self.info.permission.hidden

    def track(self, track: str) -> models.TrackInfo | None:
        return next((info for info in self.info.tracks if info.sid == track), None)

    def new_track(self, name: str = "", muted: bool = False, source: int = models.TrackSource.MICROPHONE) -> str:
        track = models.TrackInfo(sid=new_id("TR"), name=name, muted=muted, mime_type="audio/opus")
        track.type, track.source = models.TrackType.AUDIO, source  # type: ignore[assignment]
        self.info.tracks.append(track)
        self.info.is_publisher = True
        return track.sid

    def drop_tracks(self) -> None:
        del self.info.tracks[:]


class Puppet(Member):
    """Somebody whom a test makes talk: no connection of their own, the audio is real Opus."""

    def __init__(self, identity: str, name: str, voice: Voice | None, **more: Any) -> None:
        super().__init__(identity, name, **more)
        self.voice = voice

    async def talk(self, track: str, hear: Callable[[Member, str, Media], None]) -> None:
        """Say all of the voice, in real time; muted frames aren't sent."""
        assert self.voice is not None
        ssrc, number = secrets.randbits(32), secrets.randbelow(30_000)
        with suppress(MediaStreamError):
            while True:
                packet = await self.voice.recv()
                info = self.track(track)
                if info is not None and not info.muted:
                    number = (number + 1) & 0xFFFF
                    hear(self, track, Media(ssrc, number, (packet.pts or 0) & 0xFFFFFFFF, False, bytes(packet), 20))


class Client(Member):
    """Somebody who came over a websocket."""

    def __init__(
        self, socket: ServerConnection, grants: Mapping[str, Any], hear: Callable[..., None], *, takes_all: bool
    ) -> None:
        video = grants.get("video", {})
        super().__init__(
            grants["sub"],
            grants.get("name", ""),
            hidden=video.get("hidden", False),
            metadata=grants.get("metadata", ""),
        )
        self.info.permission.can_publish = video.get("canPublish", True)
        self.info.attributes.update(grants.get("attributes") or {})
        self.socket = socket
        self.takes_all = takes_all  # hears everybody unasked
        self.outbox: Mailbox[rtc.SignalResponse] = Mailbox(OUTBOX)
        self.listening = Listening(self._offer)
        self.publishing = Publishing(lambda cid, media: hear(self, self.cids.get(cid, ""), media))
        self.cids: dict[str, str] = {}  # the client's id of a track → ours
        self.left = asyncio.Event()

    def tell(self, **message: Any) -> None:
        if not self.outbox.closed:
            self.outbox.put_now(rtc.SignalResponse(**message))

    def tell_quality(self) -> None:
        quality = rtc.ConnectionQualityInfo(participant_sid=self.sid, quality=models.ConnectionQuality.EXCELLENT)
        self.tell(connection_quality=rtc.ConnectionQualityUpdate(updates=[quality]))

    async def send(self) -> None:
        """Send what `tell` was given, over whatever socket is the client's now."""
        async for message in self.outbox:
            with suppress(ConnectionClosed):
                await self.socket.send(message.SerializeToString())

    async def close(self) -> None:
        await self.listening.close()
        await self.publishing.close()
        self.outbox.close()

    def _offer(self, sdp: str) -> None:
        self.tell(offer=rtc.SessionDescription(type="offer", sdp=sdp))
