"""People in a built-in room: participants that speak what a test tells them to, and hear everybody else."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
from aiortc import RTCPeerConnection

from monitor.errors import ConnectionLost, Refused
from monitor.model import FRAME, RATE, Origin, Samples
from monitor.rooms.builtin import private
from monitor.rooms.builtin.client import Visit, visit
from monitor.rooms.builtin.listen import Listener
from monitor.rooms.builtin.protocol import Message
from monitor.rooms.builtin.script import Script
from monitor.rooms.builtin.speak import Voice, accept, offer
from monitor.rooms.connector import Track
from monitor.rooms.ice import configuration


def tone(hertz: float, seconds: float) -> Samples:
    """A tone that tells by its pitch who speaks."""
    times = np.arange(int(seconds * RATE)) / RATE
    return (8000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


LOWEST = 200
"""Hz: nobody in a test has a lower pitch. Not below: when a pure tone breaks off, the concealment of libwebrtc's NetEQ
(LiveKit's SDK) makes up one more frame, which on some runs ends in 8 ms at full scale: a step, near 0 Hz."""


class Ear:
    """What came out of one track."""

    def __init__(self, track: Track) -> None:
        self.track = track
        self.origins: Counter[Origin] = Counter()
        self.contiguous = True
        self.ended = False
        self.causes: set[str] = set()  # of what was lost, where they are told
        self._pieces: list[Samples] = []

    async def listen(self) -> None:
        async for frame in self.track.frames():
            self.contiguous &= frame.start == len(self._pieces) * FRAME
            self._pieces.append(frame.samples)
            self.origins[frame.origin] += 1
            if frame.cause:
                self.causes.add(frame.cause)
        self.ended = True

    @property
    def samples(self) -> Samples:
        return np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.int16)

    @property
    def seconds(self) -> float:
        return len(self._pieces) * FRAME / RATE

    @property
    def pitch(self) -> float:
        """The strongest frequency, Hz; 0 while there is too little sound for it."""
        heard = self.samples.astype(float)
        if np.abs(heard).sum() < 1e6:
            return 0.0
        return float(np.argmax(np.abs(np.fft.rfft(heard))) * RATE / len(heard))

    def pitches(self) -> set[int]:
        """Every frequency from LOWEST on that is clearly there, to 50 Hz."""
        power = np.abs(np.fft.rfft(self.samples.astype(float)))
        places = np.flatnonzero(power > 0.2 * power.max()) * RATE / len(self.samples)
        return {round(place / 50) * 50 for place in places if place >= LOWEST}


class Person:
    """One participant."""

    def __init__(self, joined: Visit) -> None:
        self.visit = joined
        self.ears: list[Ear] = []
        self.messages: list[Message] = []
        self.error: ConnectionLost | Refused | None = None
        self._listener = Listener()
        self._pc: RTCPeerConnection | None = None
        self._voice: Voice | None = None

    def ear(self, name: str) -> Ear | None:
        """The newest ear for somebody of this name."""
        return next((ear for ear in reversed(self.ears) if ear.track.speaker.name == name), None)

    def got(self, kind: str) -> list[Message]:
        return [message for message in self.messages if message["type"] == kind]

    async def say(self, *clips: Samples, loop: bool = True, lost: Callable[[], bool] | None = None) -> None:
        """Publish, and say the recordings without a pause."""
        self._voice = Voice(self.visit.id, Script(clips, pause=0.0, loop=loop))
        self._pc = RTCPeerConnection(configuration=configuration())
        await self.visit.send("publish", sdp=await offer(self._pc, self._voice))
        if lost is not None:
            private.lose_packets(self._pc, lost)

    async def attend(self, group: asyncio.TaskGroup) -> None:
        try:
            while True:
                message = await self.visit.receive()
                self.messages.append(message)
                match message["type"]:
                    case "published" if self._pc is not None:
                        await accept(self._pc, message["sdp"])
                    case "offer":
                        speakers = {who.id: who.speaker for who in self.visit.roster.values()}
                        sdp, streams = await self._listener.answer(message["sdp"], message["slots"], speakers)
                        await self.visit.send("answer", sdp=sdp)
                        for ear in map(Ear, streams):
                            self.ears.append(ear)
                            group.create_task(ear.listen())
                    case "slots":
                        self._listener.assign(message["slots"])
        except (ConnectionLost, Refused) as error:
            self.error = error
            self._listener.end()

    async def close(self) -> None:
        await self._listener.close()
        if self._voice is not None:
            self._voice.stop()
        if self._pc is not None:
            await private.close(self._pc)


@asynccontextmanager
async def person(url: str, name: str, *clips: Samples, loop: bool = True) -> AsyncIterator[Person]:
    """Somebody who joins, says the recordings if there are any, and hears the others until the block ends."""
    async with visit(url, name) as joined:
        who = Person(joined)
        async with asyncio.TaskGroup() as group:
            attending = group.create_task(who.attend(group))
            try:
                if clips:
                    await who.say(*clips, loop=loop)
                yield who
            finally:
                attending.cancel()
                await who.close()
