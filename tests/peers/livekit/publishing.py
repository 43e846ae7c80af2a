"""What one member says: the connection on which a client offers its tracks (LiveKit's publisher)."""

from __future__ import annotations

from collections.abc import Callable

from aiortc import RTCPeerConnection, RTCSessionDescription

from monitor.rooms.builtin import private
from monitor.rooms.builtin.forward import Media
from monitor.rooms.builtin.sdp import ask_for_fec
from monitor.rooms.ice import configuration
from monitor.rooms.rtp import RtpPacket, tap
from monitor.rooms.whole import whole
from tests.peers.livekit.listening import add_candidate


class Publishing:
    """The audio of one client on its way in. `hear` gets each packet with the client's id of its track."""

    def __init__(self, hear: Callable[[str, Media], None]) -> None:
        self._hear = hear
        self._pc = RTCPeerConnection(configuration=configuration())
        self._early: list[str] = []
        self._tracks: dict[str, str] = {}  # MID → the client's id of the track
        self._tap = tap(self._pc, self._take)

    async def answer(self, offer: str) -> str:
        """The answer to a client's offer, also to a later one."""
        await self._pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        self._tracks = _tracks(offer)
        await whole(self._pc.setLocalDescription(await self._pc.createAnswer()))
        await self._take_candidates()
        return ask_for_fec(self._pc.localDescription.sdp)

    async def trickle(self, init: str) -> None:
        self._early.append(init)
        await self._take_candidates()

    async def close(self) -> None:
        self._tap.close()
        await whole(private.close(self._pc))

    async def _take_candidates(self) -> None:
        if self._pc.remoteDescription is not None:
            early, self._early = self._early, []
            for init in early:
                await add_candidate(self._pc, init)

    def _take(self, mid: str, packet: RtpPacket) -> None:
        if packet.payload:
            level = packet.extensions.audio_level
            self._hear(
                self._tracks.get(mid, ""),
                Media(
                    packet.ssrc,
                    packet.sequence_number,
                    packet.timestamp,
                    bool(packet.marker),
                    packet.payload,
                    level[1] if level else None,
                ),
            )


def _tracks(offer: str) -> dict[str, str]:
    """MID → the id of the track that the m-line sends (the second word of its msid)."""
    found: dict[str, str] = {}
    mid = ""
    for line in offer.splitlines():
        if line.startswith("m="):
            mid = ""
        elif line.startswith("a=mid:"):
            mid = line[6:]
        elif line.startswith("a=msid:") and " " in line and mid:
            found[mid] = line.split(" ", 1)[1]
    return found
