"""What one member says: a connection on which the client offers one audio m-line, and the server only receives."""

from __future__ import annotations

from collections.abc import Callable

from aiortc import RTCPeerConnection, RTCSessionDescription

from monitor.rooms.builtin import private
from monitor.rooms.builtin.forward import Media
from monitor.rooms.builtin.protocol import BadMessage
from monitor.rooms.builtin.sdp import SDP_ERRORS, ask_for_fec, opus_only
from monitor.rooms.ice import configuration
from monitor.rooms.rtp import RtpPacket, Tap, tap
from monitor.rooms.whole import whole


class Upstream:
    """The audio of one client on its way in."""

    def __init__(self, hear: Callable[[Media], None], lost: Callable[[], None]) -> None:
        """`hear` gets each packet, `lost` is called once when the connection is over and nobody closed it."""
        self._hear = hear
        self._lost = lost
        self._pc = RTCPeerConnection(configuration=configuration())
        self._tap: Tap | None = None
        self._closing = False

    async def open(self, offer: str) -> str:
        """Answer an offer that passed `check_publish`. Raises BadMessage; the object must then still be closed."""
        self._pc.on("connectionstatechange", self._state)
        line = self._pc.addTransceiver("audio", direction="recvonly")
        line.setCodecPreferences(opus_only())
        self._tap = tap(self._pc, self._take)
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await whole(self._pc.setLocalDescription(await self._pc.createAnswer()))
        except SDP_ERRORS as error:
            raise BadMessage("bad-sdp", f"the offer can't be used ({type(error).__name__})") from error
        return ask_for_fec(self._pc.localDescription.sdp)

    async def close(self) -> None:
        self._closing = True
        if self._tap is not None:
            self._tap.close()
        await whole(private.close(self._pc))

    def _take(self, _mid: str, packet: RtpPacket) -> None:
        if packet.payload:
            level = packet.extensions.audio_level
            self._hear(
                Media(
                    packet.ssrc,
                    packet.sequence_number,
                    packet.timestamp,
                    bool(packet.marker),
                    packet.payload,
                    level[1] if level else None,
                )
            )

    def _state(self) -> None:
        if not self._closing and self._pc.connectionState in ("failed", "closed"):
            self._closing = True
            self._lost()
