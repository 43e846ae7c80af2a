"""People in a Janus room: real WebRTC participants that publish what a test tells them to, by Janus's own interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import av
import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription

from monitor.errors import ConnectionLost
from monitor.model import Samples
from monitor.rooms.builtin import private
from monitor.rooms.builtin.script import Script
from monitor.rooms.builtin.speak import Voice, offer
from monitor.rooms.ice import configuration
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

    def __init__(self, who: Caller, voice: MutableVoice, pc: RTCPeerConnection) -> None:
        self.who = who
        self.id: int | str = 0
        self._voice = voice
        self._pc = pc

    async def mute(self, muted: bool) -> None:
        self._voice.muted = muted

    async def talk(self, plugin: Plugin) -> None:
        sdp = await offer(self._pc, self._voice)
        jsep = {"type": "offer", "sdp": sdp}
        body = {"request": "publish"} if plugin == "videoroom" else {"request": "configure", "muted": False}
        answer = await self.who.signalling.ask(self.who.handle, body, jsep)
        await self._pc.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))

    async def follow(self) -> None:
        """Read what Janus tells, so that its messages don't pile up."""
        try:
            while True:
                await self.who.signalling.receive()
        except ConnectionLost:
            return

    async def close(self) -> None:
        self._voice.stop()
        await private.close(self._pc)


@asynccontextmanager
async def talker(
    place: Place, *clips: Samples, plugin: Plugin = "videoroom", dtx: bool = True
) -> AsyncIterator[Talker]:
    """Somebody who joins and says the recordings over and over, if there are any, until the block ends."""
    async with caller(place, plugin) as who, asyncio.TaskGroup() as group:
        body = {"ptype": "publisher"} if plugin == "videoroom" else {"muted": not clips}
        joined = (await who.signalling.ask(who.handle, {"request": "join", **body, **place.door()})).data
        script = Script(clips or (np.zeros(320, np.int16),), pause=0.0, loop=True)
        person = Talker(who, MutableVoice(place.display, script), RTCPeerConnection(configuration=configuration()))
        person.id = joined["id"]
        try:
            if clips:
                await person.talk(plugin)
            following = group.create_task(person.follow())
            try:
                yield person
            finally:
                following.cancel()
        finally:
            await person.close()
