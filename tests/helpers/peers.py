"""Two real peers on this machine, and tracks that send what a test has encoded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction

import av
from aiortc import RTCPeerConnection
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from monitor.rooms.ice import configuration

TICKS = 960  # 20 ms at 48 kHz


class PacketTrack(MediaStreamTrack):
    """Sends Opus packets of 20 ms as they are. `None` is a packet that is not sent: its time passes (DTX, mute).

    `pace` is the seconds between two packets: 0.02 is real time, less is faster. After the last one the track waits
    until somebody ends it, so that the connection stays up; `done` is set when all is sent.
    """

    kind = "audio"

    def __init__(self, payloads: Sequence[bytes | None], pace: float = 0.004) -> None:
        super().__init__()
        self._payloads = payloads
        self._pace = pace
        self._index = 0
        self.done = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()

    async def recv(self) -> av.Packet:
        await self.go.wait()
        while self._index < len(self._payloads):
            index, payload = self._index, self._payloads[self._index]
            self._index += 1
            await asyncio.sleep(self._pace)
            if payload is not None:
                packet = av.Packet(payload)
                packet.pts, packet.time_base = index * TICKS, Fraction(1, 48_000)
                return packet
        self.done.set()
        await asyncio.Event().wait()
        raise MediaStreamError


@asynccontextmanager
async def pair(*tracks: MediaStreamTrack) -> AsyncIterator[tuple[RTCPeerConnection, RTCPeerConnection]]:
    """(sender of the tracks, receiver), not connected yet: `connect` does that. Both are closed at the end."""
    sender, receiver = RTCPeerConnection(configuration()), RTCPeerConnection(configuration())
    for track in tracks:
        sender.addTrack(track)
    try:
        yield sender, receiver
    finally:
        await sender.close()
        await receiver.close()


async def connect(sender: RTCPeerConnection, receiver: RTCPeerConnection) -> None:
    """Exchange descriptions; media flows a moment later."""
    await sender.setLocalDescription()
    await receiver.setRemoteDescription(sender.localDescription)
    await receiver.setLocalDescription()
    await sender.setRemoteDescription(receiver.localDescription)
