"""What one member of a room hears: a connection on which the server offers one m-line (slot) for each speaker.

A slot goes FREE → WANTED (given to a speaker) → OFFERED → OPEN (answered: packets flow), and back to FREE when the
speaker leaves. Freed slots are used again, with a new SSRC and a new offer, so the m-lines don't grow without bound
and the answer says when the client has understood whom it hears: names can't be swapped by packets that overtake
signalling. Packets that come before that wait in the slot, so no first word is cut.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from enum import Enum, auto

import structlog
from aiortc import RTCPeerConnection, RTCRtpTransceiver, RTCSessionDescription
from aiortc.exceptions import InvalidStateError

from monitor.mailbox import Closed, Mailbox
from monitor.rooms.builtin import private
from monitor.rooms.builtin.forward import Media, Rewriter
from monitor.rooms.builtin.protocol import ANSWER_SECONDS, BadMessage, dump
from monitor.rooms.builtin.sdp import SDP_ERRORS, ask_for_fec, check_candidates, opus_only
from monitor.rooms.ice import configuration
from monitor.rooms.whole import whole

HELD = 100
"""Packets (2 s) that a slot keeps until it is open; then the oldest go."""
REST = 1.0
"""Seconds for which a freed slot is left alone, so that packets of the one who left can't arrive as the next one's."""
QUEUED = 512
"""Packets of all speakers on their way to one listener; then the oldest go."""

log = structlog.get_logger()


class State(Enum):
    FREE = auto()
    WANTED = auto()
    OFFERED = auto()
    OPEN = auto()


class Slot:
    """One m-line of the downstream connection."""

    def __init__(self, speaker: str) -> None:
        self.state = State.WANTED
        self.speaker = speaker  # participant id; empty: nobody any more
        self.declined = False  # the client answered that it doesn't want to hear this m-line
        self.transceiver: RTCRtpTransceiver | None = None
        self.rewriter: Rewriter | None = None
        self.held: deque[Media] = deque(maxlen=HELD)
        self.free_since = 0.0  # event loop's time

    def free(self) -> None:
        self.state = State.FREE
        self.free_since = asyncio.get_running_loop().time()

    @property
    def mid(self) -> str:
        return (self.transceiver.mid or "") if self.transceiver else ""


class Downstream:
    """All that one member hears."""

    def __init__(self, tell: Callable[[str], None], dead: Callable[[], None]) -> None:
        """`tell` sends a message to the client without waiting; `dead` is called when the network gave up on it."""
        self._tell = tell
        self._dead = dead
        self._pc: RTCPeerConnection | None = None
        self._slots: list[Slot] = []
        self._speakers: dict[str, Slot] = {}
        self._changed = asyncio.Event()
        self._answers: Mailbox[str] = Mailbox(1)
        self._packets: Mailbox[tuple[Slot, Media]] = Mailbox(QUEUED)
        self._closing = False

    def add(self, speaker: str) -> None:
        """Give a speaker a slot."""
        rested = asyncio.get_running_loop().time() - REST
        slot = next((slot for slot in self._slots if slot.state is State.FREE and slot.free_since < rested), None)
        if slot is None:
            slot = Slot(speaker)
            self._slots.append(slot)
        slot.state, slot.speaker, slot.rewriter, slot.declined = State.WANTED, speaker, None, False
        slot.held.clear()
        self._speakers[speaker] = slot
        self._changed.set()

    def remove(self, speaker: str) -> None:
        """Free a speaker's slot, and tell the client."""
        slot = self._speakers.pop(speaker, None)
        if slot is None:
            return
        slot.speaker = ""
        slot.held.clear()
        if slot.state is State.WANTED and slot.transceiver is None:
            self._slots.remove(slot)
            return
        if slot.state is not State.OFFERED:  # an offered one is freed by the answer, or it would be handed on too early
            slot.free()
        self._tell(dump("slots", slots=self.slots()))

    def slots(self) -> dict[str, str]:
        """MID → participant id, of the slots that the client knows or is being told of."""
        return {
            slot.mid: slot.speaker
            for slot in self._slots
            if slot.mid and slot.speaker and slot.state in (State.OFFERED, State.OPEN)
        }

    def forward(self, speaker: str, media: Media) -> None:
        """Send a packet of a speaker on. Never waits."""
        slot = self._speakers.get(speaker)
        if slot is not None and not slot.declined and not self._closing:
            self._packets.put_now((slot, media))

    def skip(self, speaker: str) -> None:
        """Packets of a speaker were held back on purpose: the gap isn't to be seen as loss."""
        slot = self._speakers.get(speaker)
        if slot is not None and slot.rewriter is not None:
            slot.rewriter.skip()

    def answered(self, sdp: str) -> None:
        """Take the client's answer. Raises BadMessage where none is awaited."""
        if self._pc is None or self._pc.signalingState != "have-local-offer":
            raise BadMessage("unexpected-answer", "there is no offer to answer")
        check_candidates(sdp)
        self._answers.put_now(sdp)

    async def negotiate(self) -> None:
        """Offer what changed, one offer at a time, until cancelled. Raises TimeoutError where no answer comes."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            wanted = [slot for slot in self._slots if slot.state is State.WANTED]
            if not wanted:
                continue
            try:
                await self._offer(wanted)
            except InvalidStateError:  # aiortc closed the connection in between; `dead` has been or will be called
                log.info("room.offer_on_closed_connection")

    async def pump(self) -> None:
        """Send the queued packets, until cancelled."""
        async for slot, media in self._packets:
            if slot.rewriter is None or not self._connected:
                if slot.speaker and not slot.declined:
                    slot.held.append(media)
                continue
            while slot.held:
                await self._send(slot, slot.held.popleft())
            await self._send(slot, media)

    async def close(self) -> None:
        self._closing = True
        self._packets.close()
        self._answers.close()
        if self._pc is not None:
            await whole(private.close(self._pc))

    @property
    def _connected(self) -> bool:
        return self._pc is not None and self._pc.connectionState == "connected"

    async def _send(self, slot: Slot, media: Media) -> None:
        if slot.rewriter is not None and slot.transceiver is not None and slot.speaker:
            await private.send_rtp(slot.transceiver, slot.rewriter.rewrite(media))

    async def _offer(self, wanted: list[Slot]) -> None:
        pc = self._pc = self._pc or self._connection()
        ssrcs: dict[int, int] = {}
        for slot in wanted:
            slot.state = State.OFFERED
            if slot.transceiver is None:
                slot.transceiver = _add_line(pc)
            ssrcs[id(slot)] = secrets.randbits(32)
            private.set_ssrc(slot.transceiver, ssrcs[id(slot)])
        self._answers = Mailbox(1)  # an answer to an earlier offer counts no more
        await whole(pc.setLocalDescription(await pc.createOffer()))
        self._tell(dump("offer", sdp=ask_for_fec(pc.localDescription.sdp), slots=self.slots()))
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._take_answer(pc)
        for slot in wanted:
            self._open(slot, ssrcs[id(slot)])

    async def _take_answer(self, pc: RTCPeerConnection) -> None:
        while True:
            try:
                sdp = await self._answers.get()
                await pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
            except Closed:
                raise TimeoutError from None
            except SDP_ERRORS as error:
                log.info("room.bad_answer", error=repr(error))
                self._tell(dump("problem", code="bad-sdp", message="the answer can't be used"))
            else:
                return

    def _open(self, slot: Slot, ssrc: int) -> None:
        line = slot.transceiver
        if not slot.speaker or line is None:
            slot.free()
            return
        slot.state = State.OPEN
        if line.currentDirection != "sendonly":
            slot.declined = True
            slot.held.clear()
            return
        form = private.agreed(line)
        slot.rewriter = Rewriter(ssrc, form.payload_type, slot.mid, form.mid_id, form.level_id, dice=secrets.randbelow)

    def _connection(self) -> RTCPeerConnection:
        pc = RTCPeerConnection(configuration=configuration())

        def changed() -> None:
            if pc.connectionState in ("failed", "closed") and not self._closing:
                self._closing = True
                self._dead()

        pc.on("connectionstatechange", changed)
        return pc


def _add_line(pc: RTCPeerConnection) -> RTCRtpTransceiver:
    line = pc.addTransceiver("audio", direction="sendonly")
    line.setCodecPreferences(opus_only())
    private.forward_only(line)
    return line
