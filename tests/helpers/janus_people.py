"""People in a Janus room: real WebRTC participants that publish what a test tells them to, by Janus's own interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from monitor.errors import ConnectionLost
from monitor.model import FRAME, RATE, Samples
from monitor.rooms.builtin import private
from monitor.rooms.builtin.script import Script
from monitor.rooms.builtin.speak import Voice, offer
from monitor.rooms.ice import configuration
from monitor.rooms.janus.media import Candidates
from monitor.rooms.janus.protocol import Data, Place, Plugin
from monitor.rooms.janus.signalling import Signalling


class MutableVoice(Voice):
    """While muted nothing is sent, and its time passes: what a browser does that takes its track away."""

    muted = False

    async def recv(self) -> av.Packet:
        while True:
            packet = await super().recv()
            if not self.muted:
                return packet


class LevelVoice(MediaStreamTrack):
    """Says one recording over and over as plain audio, so that aiortc tells its level and Janus knows who talks."""

    kind = "audio"

    def __init__(self, clip: Samples) -> None:
        super().__init__()
        self.muted = False
        self._clip = clip
        self._count = 0
        self._began = 0.0

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        self._began = self._began or loop.time()
        while True:
            number, self._count = self._count, self._count + 1
            await asyncio.sleep(max(0.0, self._began + number * 0.02 - loop.time()))
            if self.readyState != "live":
                raise MediaStreamError
            if not self.muted:
                break
        piece = np.take(self._clip, range(number * FRAME, (number + 1) * FRAME), mode="wrap")
        frame = av.AudioFrame.from_ndarray(piece[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, number * FRAME, Fraction(1, RATE)
        return frame


class NoVideo(MediaStreamTrack):
    """A camera that never has a picture."""

    kind = "video"

    async def recv(self) -> av.VideoFrame:
        await asyncio.Event().wait()
        raise MediaStreamError


class Caller:
    """One session at a Janus, for whatever a test has to ask."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.signalling = Signalling(place)
        self.handle = 0

    async def ask(self, request: str, **fields: object) -> Data:
        body = {"request": request, "room": self.place.room, **fields}
        return (await self.signalling.ask(self.handle, body)).data

    async def members(self) -> list[str]:
        """Names of everybody in the room, publishing or not."""
        listing = (await self.ask("listparticipants"))["participants"]
        return [row.get("display", "") for row in listing]


@asynccontextmanager
async def caller(place: Place, plugin: Plugin = "videoroom") -> AsyncIterator[Caller]:
    found = Caller(place)
    try:
        await found.signalling.open()
        found.handle = await found.signalling.attach(plugin)
        yield found
    finally:
        await found.signalling.close()


class Talker:
    """One participant that publishes."""

    codec = "opus"

    def __init__(self, who: Caller, voice: MutableVoice | LevelVoice) -> None:
        self.who = who
        self.id: int | str = 0
        self._voice = voice
        self._pc = RTCPeerConnection(configuration=configuration())
        self._candidates = Candidates(self._pc)
        self._answer = ""

    async def mute(self, muted: bool) -> None:
        self._voice.muted = muted

    async def talk(self, plugin: Plugin, *, video: bool = False, late: bool = False) -> None:
        if video:
            self._pc.addTransceiver(NoVideo(), direction="sendonly")
        sdp = await (offer(self._pc, self._voice) if self.codec == "opus" else self._other_offer())
        jsep = {"type": "offer", "sdp": sdp}
        body = {"request": "publish"} if plugin == "videoroom" else {"request": "configure", "muted": False}
        self._answer = (await self.who.signalling.ask(self.who.handle, body, jsep)).sdp
        if not late:
            await self.arrive()

    async def _other_offer(self) -> str:
        line = self._pc.addTransceiver(self._voice, direction="sendonly")
        every = RTCRtpSender.getCapabilities("audio").codecs
        line.setCodecPreferences([one for one in every if one.mimeType.lower() == f"audio/{self.codec}"])
        await self._pc.setLocalDescription(await self._pc.createOffer())
        return str(self._pc.localDescription.sdp)

    async def arrive(self) -> None:
        """Take the server's answer: media comes up."""
        await self._pc.setRemoteDescription(RTCSessionDescription(self._answer, "answer"))
        await self._candidates.described()

    async def follow(self) -> None:
        """Read what Janus tells."""
        try:
            while True:
                event = await self.who.signalling.receive()
                if event.kind == "trickle":
                    await self._candidates.take(event)
        except ConnectionLost:
            return

    async def close(self) -> None:
        self._voice.stop()
        await private.close(self._pc)


@asynccontextmanager
async def talker(
    place: Place,
    *clips: Samples,
    plugin: Plugin = "videoroom",
    levels: bool = False,
    video: bool = False,
    late: bool = False,
    own_id: int | str | None = None,
    codec: str = "opus",
) -> AsyncIterator[Talker]:
    """Somebody who joins and says the recordings over and over, if there are any, until the block ends.

    `levels`: packets tell how loud they are. `video`: a camera as well. `late`: media comes up at `arrive`.
    `own_id`: the id that they have asked for. `codec`: the only one that is offered; others than Opus want `levels`.
    """
    async with caller(place, plugin) as who, asyncio.TaskGroup() as group:
        body = {"ptype": "publisher"} if plugin == "videoroom" else {"muted": not clips}
        if own_id is not None:
            body = {**body, "id": own_id}
        joined = (await who.signalling.ask(who.handle, {"request": "join", **body, **place.door()})).data
        said = clips or (np.zeros(FRAME, np.int16),)
        person = Talker(who, LevelVoice(said[0]) if levels else MutableVoice(place.display, Script(said, 0.0, True)))
        person.id, person.codec = joined["id"], codec
        try:
            if clips:
                await person.talk(plugin, video=video, late=late)
            following = group.create_task(person.follow())
            try:
                yield person
            finally:
                following.cancel()
        finally:
            await person.close()
