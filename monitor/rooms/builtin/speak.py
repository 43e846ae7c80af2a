"""A speaking peer: a real WebRTC participant of a built-in room that says recordings in real time.

For the demo, the tests and the latency bench. It is a client like any other: nothing here knows the server's inside.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import av
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from monitor.errors import ConnectionLost, Refused
from monitor.model import Samples
from monitor.rooms.builtin import private
from monitor.rooms.builtin.client import Visit, visit
from monitor.rooms.builtin.listen import Decliner
from monitor.rooms.builtin.script import Line, Mark, Script, Turn
from monitor.rooms.builtin.sdp import SDP_ERRORS, ask_for_fec, opus_only
from monitor.rooms.ice import configuration
from monitor.rooms.opus import Encoder
from monitor.rooms.whole import whole

STEP = 960
"""20 ms on the RTP clock of Opus (48 kHz)."""
FRAME_SECONDS = 0.02
DTX_BYTES = 2
"""An encoded frame of at most this many bytes says "silence goes on" and need not be sent (RFC 7587 §3.1.3)."""

Told = Callable[[str, int, float], None]
"""Called with the speaker's name, the index of the recording, and the wall time."""


async def speak(
    url: str,
    name: str,
    clips: Sequence[Samples],
    *,
    pause: float = 1.0,
    loop: bool = True,
    gate: asyncio.Event | None = None,
    turn: Turn | None = None,
    on_clip_started: Told | None = None,
    on_clip_ended: Told | None = None,
    lost: Callable[[], bool] | None = None,
    token: str = "",
) -> None:
    """Join the room at `url` as `name` and say the recordings (int16, mono, 16 kHz); return when all are said.

    `pause`: seconds after each. `gate`: no recording starts while it is not set. `turn`: shared among speakers who
    don't talk over each other. `lost()` is asked for each packet, and true makes the network lose it. `token` opens a
    private room. Needs libopus. Raises Refused, ConnectionLost; RuntimeError where libopus
    can't be loaded.
    """
    script = Script(clips, pause, loop, turn, (lambda: True) if gate is None else gate.is_set)
    async with visit(url, name, token=token) as joined:
        voice = Voice(name, script, on_clip_started, on_clip_ended)
        pc, decliner = RTCPeerConnection(configuration=configuration()), Decliner()
        try:
            await joined.send("publish", sdp=await offer(pc, voice))
            if lost is not None:
                private.lose_packets(pc, lost)
            await attend(joined, pc, decliner, voice.done)
        finally:
            voice.stop()
            await whole(private.close(pc))
            await decliner.close()


async def offer(pc: RTCPeerConnection, track: MediaStreamTrack) -> str:
    """The offer that publishes a track."""
    line = pc.addTransceiver(track, direction="sendonly")
    line.setCodecPreferences(opus_only())
    await whole(pc.setLocalDescription(await pc.createOffer()))
    return ask_for_fec(pc.localDescription.sdp)


async def accept(pc: RTCPeerConnection, sdp: str) -> None:
    """Take the server's answer to the offer. Raises ConnectionLost."""
    try:
        await pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
    except SDP_ERRORS as error:
        raise ConnectionLost(f"the room's answer can't be used: {error!r}") from error


async def attend(joined: Visit, pc: RTCPeerConnection, decliner: Decliner, done: asyncio.Event) -> None:
    """Follow the signalling until all is said. Raises Refused, ConnectionLost."""
    errors: list[ConnectionLost | Refused] = []

    async def follow() -> None:
        try:
            while True:
                message = await joined.receive()
                match message["type"]:
                    case "published":
                        await accept(pc, message["sdp"])
                    case "offer":
                        await joined.send("answer", sdp=await decliner.answer(message["sdp"]))
                    case "problem" if message["code"] in ("media-lost", "bad-sdp"):
                        raise ConnectionLost(message["message"])
        except (ConnectionLost, Refused) as error:
            errors.append(error)
            done.set()

    async with asyncio.TaskGroup() as group:
        follower = group.create_task(follow())
        await done.wait()
        follower.cancel()
    if errors:
        raise errors[0]


class Voice(MediaStreamTrack):
    """A script as an aiortc track of encoded packets, each given out at its time on an absolute schedule."""

    kind = "audio"

    def __init__(self, name: str, script: Script, started: Told | None = None, ended: Told | None = None) -> None:
        super().__init__()
        self.done = asyncio.Event()
        self._name = name
        self._lines: Iterator[Line] = script.frames()
        self._encoder = Encoder(dtx=True)
        self._told = {Mark.STARTS: started, Mark.ENDS: ended}
        self._count = 0
        self._began: float | None = None

    async def recv(self) -> av.Packet:  # type: ignore[type-arg]  # generic in the stubs, not at run time
        """The next packet that has to be sent. Raises MediaStreamError once all is said."""
        loop = asyncio.get_running_loop()
        if self._began is None:
            self._began = loop.time()
        while True:
            line = next(self._lines, None)
            if line is None or self.readyState != "live":
                self.done.set()
                raise MediaStreamError
            number, self._count = self._count, self._count + 1
            # Late frames go out at once: the schedule doesn't slip, as with a sound card.
            await asyncio.sleep(max(0.0, self._began + number * FRAME_SECONDS - loop.time()))
            payload = self._encoder.encode(line.samples)
            if told := self._told.get(line.mark):
                told(self._name, line.index, time.time())
            if len(payload) > DTX_BYTES:
                packet = av.Packet(payload)
                packet.pts, packet.time_base = number * STEP, Fraction(1, 48_000)
                return packet

    def stop(self) -> None:
        super().stop()
        close = getattr(self._lines, "close", None)
        if close is not None:
            close()
