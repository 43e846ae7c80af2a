"""What one member hears: the connection on which the stand-in offers one m-line for each track (LiveKit's subscriber).

An m-line whose track is gone is first offered as inactive, and used again for another track in a later offer, as
LiveKit's own server does: who takes a used line says so by its stream id, "<participant>|<track>".
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpTransceiver, RTCSessionDescription
from aiortc.exceptions import InvalidStateError
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.sdp import candidate_from_sdp

from monitor.mailbox import Closed, Mailbox
from monitor.rooms.builtin import private
from monitor.rooms.builtin.forward import Media, Rewriter
from monitor.rooms.builtin.sdp import SDP_ERRORS, ask_for_fec, opus_only
from monitor.rooms.whole import whole

QUEUED = 512
"""Packets on their way to one listener; then the oldest go."""


async def add_candidate(pc: RTCPeerConnection, init: str) -> None:
    """A candidate as LiveKit's clients send it: the JSON of an RTCIceCandidateInit. Useless ones are left out."""
    found = json.loads(init)
    text = found.get("candidate") or ""
    if not text or pc.remoteDescription is None:
        return
    try:
        candidate = candidate_from_sdp(text.removeprefix("candidate:"))
        candidate.sdpMid, candidate.sdpMLineIndex = found.get("sdpMid"), found.get("sdpMLineIndex")
        await pc.addIceCandidate(candidate)
    except SDP_ERRORS:
        return


@dataclass
class Line:
    """One m-line, and the track that it carries now."""

    transceiver: RTCRtpTransceiver
    track: str = ""
    rewriter: Rewriter | None = None


class Listening:
    """All that one member hears."""

    def __init__(self, offer: Callable[[str], None]) -> None:
        self._offer = offer
        # All on one transport from the start: else aiortc leaves later m-lines on one that the bundle has discarded.
        one_path = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self._pc = RTCPeerConnection(one_path)
        self._pc.createDataChannel("_reliable")
        self._lines: list[Line] = []
        self._wanted: dict[str, str] = {}  # track → participant
        self._changed = asyncio.Event()
        self._changed.set()  # the first offer goes out at once: a join waits for this connection
        self._answers: Mailbox[str] = Mailbox(1)
        self._early: list[str] = []
        self._packets: Mailbox[tuple[str, Media]] = Mailbox(QUEUED)
        self.lost: Callable[[], bool] = lambda: False  # whether the network loses the next packet
        self.numb = False  # accepts everything, and sends no media

    @property
    def wanted(self) -> set[str]:
        """The tracks that this member hears, or will."""
        return set(self._wanted)

    def add(self, track: str, participant: str) -> None:
        self._wanted[track] = participant
        self._changed.set()

    def remove(self, track: str) -> None:
        if self._wanted.pop(track, None) is not None:
            self._changed.set()

    def again(self) -> None:
        """Offer once more: a client that has come back waits for it."""
        self._changed.set()

    def skip(self, track: str) -> None:
        """Packets were held back on purpose (a mute): the gap isn't to be seen as loss."""
        for line in self._lines:
            if line.track == track and line.rewriter is not None:
                line.rewriter.skip()

    def forward(self, track: str, media: Media) -> None:
        """Send a packet of a track on. Never waits."""
        if not self._packets.closed:
            self._packets.put_now((track, media))

    def answered(self, sdp: str) -> None:
        if not self._answers.closed:
            self._answers.put_now(sdp)

    async def trickle(self, init: str) -> None:
        self._early.append(init)
        await self._take_candidates()

    async def negotiate(self) -> None:
        """Offer what changed, one offer at a time, until cancelled."""
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                await self._round()
        except (InvalidStateError, Closed):
            return  # closed meanwhile

    async def pump(self) -> None:
        """Send the queued packets, until closed."""
        async for track, media in self._packets:
            line = next((line for line in self._lines if line.track == track and line.rewriter), None)
            if line is None or line.rewriter is None or self.numb:
                continue
            packet = line.rewriter.rewrite(media)
            if not self.lost():
                await private.send_rtp(line.transceiver, packet)

    async def close(self) -> None:
        self._packets.close()
        self._answers.close()
        await whole(private.close(self._pc))

    async def die(self) -> None:
        """The sockets are gone without a word, as when the process was killed."""
        self._packets.close()
        for transport in {line.transceiver.receiver.transport.transport for line in self._lines}:
            await transport._connection.close()

    async def _round(self) -> None:
        for line in self._lines:
            if line.track and line.track not in self._wanted:
                line.track, line.rewriter = "", None
                line.transceiver.direction = "inactive"
        free = [line for line in self._lines if not line.track and line.transceiver.currentDirection == "inactive"]
        taken = {line.track for line in self._lines}
        ssrcs: dict[str, int] = {}
        for track, participant in self._wanted.items():
            if track not in taken:
                line = free.pop() if free else self._new_line()
                line.track = track
                ssrcs[track] = secrets.randbits(32)
                self._name(line, participant, ssrcs[track])
        await whole(self._pc.setLocalDescription(await self._pc.createOffer()))
        self._offer(ask_for_fec(self._pc.localDescription.sdp))
        await self._pc.setRemoteDescription(RTCSessionDescription(await self._answers.get(), "answer"))
        await self._take_candidates()
        for line in self._lines:
            if line.track in ssrcs and line.transceiver.currentDirection == "sendonly":
                form = private.agreed(line.transceiver)
                mid = line.transceiver.mid or ""
                line.rewriter = Rewriter(
                    ssrcs[line.track], form.payload_type, mid, form.mid_id, form.level_id, dice=secrets.randbelow
                )

    def _new_line(self) -> Line:
        transceiver = self._pc.addTransceiver("audio", direction="sendonly")
        transceiver.setCodecPreferences(opus_only())
        private.forward_only(transceiver)
        self._lines.append(Line(transceiver))
        return self._lines[-1]

    def _name(self, line: Line, participant: str, ssrc: int) -> None:
        line.transceiver.direction = "sendonly"
        private.set_ssrc(line.transceiver, ssrc)
        line.transceiver.sender._stream_id = f"{participant}|{line.track}"
        line.transceiver.sender._track_id = line.track

    async def _take_candidates(self) -> None:
        if self._pc.remoteDescription is not None:
            early, self._early = self._early, []
            for init in early:
                await add_candidate(self._pc, init)
