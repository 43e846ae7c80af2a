"""The media of one WHEP session: a peer connection that receives one Opus stream."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiortc import RTCPeerConnection, RTCSessionDescription

from monitor.errors import Refused, Step
from monitor.model import Speaker
from monitor.rooms import path
from monitor.rooms.builtin import private
from monitor.rooms.builtin.sdp import SDP_ERRORS, ask_for_fec, opus_only
from monitor.rooms.gather import Gathering
from monitor.rooms.ice import connection
from monitor.rooms.peer import MediaStream, Receiver
from monitor.rooms.servers import Ice, Server
from monitor.rooms.whep.protocol import mux_only
from monitor.rooms.whole import whole


class Media:
    """Made for one session, ended by `close`."""

    def __init__(self, speaker: Speaker, ice: Ice) -> None:
        self._speaker = speaker
        self._pc: RTCPeerConnection = connection(ice)
        self._receiver = Receiver(self._pc)
        self._offer = ""
        self._changed = asyncio.Event()
        self._pc.on("connectionstatechange", self._changed.set)

    @property
    def foreign(self) -> int:
        """Packets that came and aren't Opus."""
        return self._receiver.foreign

    @property
    def ended(self) -> bool:
        """The server has ended the connection, or ICE has given it up."""
        return self._pc.connectionState in ("closed", "failed")

    @property
    def reachable(self) -> bool:
        """Whether the offer, if one was made, names an address of ours."""
        return not self._offer or "\na=candidate:" in self._offer

    async def offer(self) -> str:
        """An offer to hear one stream; the same one when called again. Raises OSError where there is no address."""
        if not self._offer:
            line = self._pc.addTransceiver("audio", direction="recvonly")
            line.setCodecPreferences(opus_only())
            await whole(self._pc.setLocalDescription(await self._pc.createOffer()))
            self._offer = mux_only(ask_for_fec(self._pc.localDescription.sdp))
        return self._offer

    async def accept(self, answer: str, *, seeking: bool = False) -> MediaStream:
        """Take the answer to the offer; the stream. `seeking`: candidates of ours follow, so the path is not given up
        before `seek` is done. Raises Refused where it can't be used."""
        if seeking:
            answer = answer.replace("a=end-of-candidates\r\n", "")
        stream = self._receiver.open(self._pc.getTransceivers()[0].mid or "", self._speaker)
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            direction = self._pc.getTransceivers()[0].currentDirection
        except SDP_ERRORS as error:
            text = f"the server's answer can't be used; does it send Opus? ({error!r})"
            raise Refused(text, step=Step.MEDIA) from error
        if direction not in ("recvonly", "sendrecv"):
            raise Refused("the server's answer declines to send audio", step=Step.MEDIA)
        return stream

    async def answer(self, offer: str) -> tuple[str, MediaStream]:
        """The answer to an offer of the server's own, and the stream. Raises Refused where it can't be used."""
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            lines = [line for line in self._pc.getTransceivers() if line.kind == "audio"]
            for line in self._pc.getTransceivers():
                line.direction = "recvonly" if line is lines[0] else "inactive"
            stream = self._receiver.open(lines[0].mid or "", self._speaker)
            await whole(self._pc.setLocalDescription(await self._pc.createAnswer()))
        except SDP_ERRORS as error:
            raise Refused(f"the server's own offer can't be used ({error!r})", step=Step.MEDIA) from error
        return ask_for_fec(self._pc.localDescription.sdp), stream

    async def connected(self, seconds: float) -> bool:
        """Wait until media can come; False where the path isn't there in time."""
        try:
            async with asyncio.timeout(seconds):
                while self._pc.connectionState != "connected":
                    if self.ended:
                        return False
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def seek(self, servers: Sequence[Server]) -> list[str]:
        """Further candidates, for the server to know."""
        found = self._pc.getTransceivers()[0].receiver.transport.transport._connection
        if not isinstance(found, Gathering):
            return []
        return [candidate.to_sdp() for candidate in await found.further(servers)]

    async def sought(self) -> None:
        """There are no more candidates, on either side."""
        if not self.ended:
            await self._pc.addIceCandidate(None)

    async def packets(self) -> int:
        return await path.packets(self._pc)

    async def answers(self, seconds: float) -> bool:
        """See `path.answers`."""
        return await path.answers(self._pc, seconds)

    def end(self) -> None:
        """No more is heard; what has come can still be taken from the stream."""
        self._receiver.close_all()

    async def close(self) -> None:
        self.end()
        await whole(private.close(self._pc))
