"""The media of one visit to Janus: a peer connection on which Janus offers, and each open m-line is one speaker.

An m-line is used again after its speaker left. Its packets belong to the new speaker only when they carry the SSRC that
Janus's offer has announced for them; packets of the one before that come late are thrown away.

We let Janus begin with DTLS (`setup:passive`). Janus drops what comes before it has itself noticed that the path is
there; did we begin, in one of ten joins the first packet would be dropped, and the second comes a second later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from aiortc import RTCIceCandidate, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import SessionDescription, candidate_from_sdp

from monitor.errors import ConnectionLost
from monitor.model import Speaker
from monitor.rooms.builtin import private
from monitor.rooms.builtin.sdp import SDP_ERRORS, ask_for_fec, opus_only
from monitor.rooms.ice import connection
from monitor.rooms.janus.protocol import Event
from monitor.rooms.peer import MediaStream, Receiver
from monitor.rooms.servers import Ice
from monitor.rooms.whole import whole

EARLY = 64
"""Addresses that may come before the description that they belong to."""


class Media:
    """Made for one visit, ended by `close`."""

    def __init__(self, ice: Ice) -> None:
        self._pc = connection(ice)
        self._receiver = Receiver(self._pc)
        self._candidates = Candidates(self._pc)
        self._who: dict[str, Speaker] = {}
        self._sources: dict[str, int | None] = {}  # MID → SSRC, of the open m-lines

    @property
    def who(self) -> Mapping[str, Speaker]:
        """MID → speaker, of the open m-lines."""
        return self._who

    @property
    def unrouted(self) -> int:
        """Packets that belonged to nobody: if this grows, somebody isn't heard."""
        return self._receiver.unrouted

    def last_packet_at(self, mid: str) -> float | None:
        return self._receiver.last_packet_at(mid)

    def missed(self, mid: str, seconds: float) -> None:
        """So much of a speaker's talk never came, and never will."""
        self._receiver.missed(mid, seconds)

    async def packets(self) -> int:
        """Packets of any kind that have come, reports included: a path that lives brings one a second."""
        lines = self._pc.getTransceivers()
        if not lines:
            return 0
        stats = await lines[0].receiver.getStats()
        return sum(each.packetsReceived for each in stats.values() if each.type == "transport")

    async def answer(self, offer: str, speakers: Mapping[str, Speaker]) -> tuple[str, list[MediaStream]]:
        """The answer to Janus's offer, and the streams that are new with it. `speakers` by MID; other m-lines are
        declined. Raises ConnectionLost where the offer can't be used."""
        try:
            sources = _sources(offer)
            for mid, speaker in tuple(self._who.items()):
                # Another SSRC is another stream, even of the same person: they have left and come back.
                if speakers.get(mid) != speaker or self._sources[mid] != sources.get(mid):
                    self.end(mid)
            await self._pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await self._candidates.described()
            for line in self._pc.getTransceivers():
                line.direction = "recvonly" if line.kind == "audio" and line.mid in speakers else "inactive"
            # Opened before the answer goes out: the first packets come right after it.
            new = [self._open(mid, who, sources.get(mid)) for mid, who in speakers.items() if mid not in self._who]
            answer = await self._pc.createAnswer()
            answer.sdp = answer.sdp.replace("a=setup:active", "a=setup:passive")
            await whole(self._pc.setLocalDescription(answer))
        except SDP_ERRORS as error:
            raise ConnectionLost(f"Janus's offer can't be used: {error!r}") from error
        return ask_for_fec(self._pc.localDescription.sdp), new

    async def offer(self) -> str:
        """An offer to hear one stream: for plugins that answer. Raises ConnectionLost."""
        line = self._pc.addTransceiver("audio", direction="recvonly")
        line.setCodecPreferences(opus_only())
        await whole(self._pc.setLocalDescription(await self._pc.createOffer()))
        return ask_for_fec(self._pc.localDescription.sdp)

    async def accept(self, answer: str, speaker: Speaker) -> MediaStream:
        """Take the answer to `offer`; the stream. Raises ConnectionLost where the answer can't be used."""
        mid = self._pc.getTransceivers()[0].mid or ""
        stream = self._open(mid, speaker, None)
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            await self._candidates.described()
        except SDP_ERRORS as error:
            raise ConnectionLost(f"Janus's answer can't be used: {error!r}") from error
        return stream

    async def add_candidate(self, event: Event) -> None:
        """See `Candidates.take`."""
        await self._candidates.take(event)

    def end(self, mid: str) -> None:
        """The speaker of this m-line is gone."""
        if self._who.pop(mid, None) is not None:
            self._receiver.close(mid)

    def end_all(self) -> None:
        """End all streams; what they have received can still be taken from them."""
        self._who.clear()
        self._receiver.close_all()

    async def close(self) -> None:
        self.end_all()
        await whole(private.close(self._pc))

    def _open(self, mid: str, speaker: Speaker, source: int | None) -> MediaStream:
        self._who[mid] = speaker
        self._sources[mid] = source
        return self._receiver.open(mid, speaker, source=source)


class Candidates:
    """Addresses that Janus finds after its description (`full_trickle`); some overtake the description."""

    def __init__(self, pc: RTCPeerConnection) -> None:
        self._pc = pc
        self._early: deque[Event] = deque(maxlen=EARLY)

    async def take(self, event: Event) -> None:
        """One more. What can't be understood is left out."""
        self._early.append(event)
        await self.described()

    async def described(self) -> None:
        """Call it once the remote description is set."""
        while self._early and self._pc.remoteDescription is not None:
            await self._add(self._early.popleft())

    async def _add(self, event: Event) -> None:
        found = event.body.get("candidate")
        text = found.get("candidate") if isinstance(found, dict) else None
        try:
            if not isinstance(found, dict) or not isinstance(text, str):
                return await self._pc.addIceCandidate(None)  # there are no more
            candidate: RTCIceCandidate = candidate_from_sdp(text.removeprefix("candidate:"))
            candidate.sdpMid, candidate.sdpMLineIndex = found.get("sdpMid"), found.get("sdpMLineIndex")
            await self._pc.addIceCandidate(candidate)
        except SDP_ERRORS:
            return None


def _sources(offer: str) -> dict[str, int]:
    """MID → the SSRC that the offer announces for it, where it announces one."""
    lines = SessionDescription.parse(offer).media
    return {line.rtp.muxId: line.ssrc[0].ssrc for line in lines if line.ssrc}
