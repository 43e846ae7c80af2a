"""The client's end of the downstream connection: the server offers an m-line for each speaker, we always answer."""

from __future__ import annotations

from collections.abc import Mapping

from aiortc import RTCPeerConnection, RTCSessionDescription

from monitor.errors import ConnectionLost
from monitor.model import Speaker
from monitor.rooms.builtin import private
from monitor.rooms.builtin.sdp import SDP_ERRORS, ask_for_fec
from monitor.rooms.ice import connection
from monitor.rooms.peer import MediaStream, Receiver
from monitor.rooms.servers import NOTHING, Ice
from monitor.rooms.whole import whole


class Listener:
    """Hears everybody: a stream for each speaker, ended when the speaker's slot is taken away."""

    def __init__(self, ice: Ice = NOTHING) -> None:
        self._pc = connection(ice)
        self._receiver = Receiver(self._pc)
        self._who: dict[str, str] = {}  # MID → participant id

    @property
    def who(self) -> Mapping[str, str]:
        """MID → participant id, of the open streams."""
        return self._who

    def last_packet_at(self, mid: str) -> float | None:
        """Wall time of the newest packet of an m-line; None before the first."""
        return self._receiver.last_packet_at(mid)

    async def answer(
        self, sdp: str, slots: Mapping[str, str], speakers: Mapping[str, Speaker]
    ) -> tuple[str, list[MediaStream]]:
        """The answer to an offer, and the streams that are new with it. Raises ConnectionLost."""
        self.assign(slots)
        streams = []
        # Opened before the answer goes out: the first packets come right after it.
        for mid, who in slots.items():
            if mid not in self._who:
                self._who[mid] = who
                streams.append(self._receiver.open(mid, speakers.get(who, Speaker(who, who))))
        return await answer(self._pc, sdp), streams

    def assign(self, slots: Mapping[str, str]) -> None:
        """End the streams of m-lines that no longer carry the same participant."""
        for mid, who in tuple(self._who.items()):
            if slots.get(mid) != who:
                del self._who[mid]
                self._receiver.close(mid)

    def missed(self, mid: str, seconds: float) -> None:
        """So much of a participant's talk never came, and never will."""
        self._receiver.missed(mid, seconds)

    def end(self) -> None:
        """End all streams; what they have received can still be taken from them."""
        self._who.clear()
        self._receiver.close_all()

    async def close(self) -> None:
        self.end()
        await whole(private.close(self._pc))


class Decliner:
    """Hears nobody: answers that every m-line is inactive, so that the server sends nothing."""

    def __init__(self) -> None:
        self._pc = connection()

    async def answer(self, sdp: str) -> str:
        """Raises ConnectionLost."""
        return await answer(self._pc, sdp, decline=True)

    async def close(self) -> None:
        await private.close(self._pc)


async def answer(pc: RTCPeerConnection, sdp: str, *, decline: bool = False) -> str:
    """Raises ConnectionLost where the offer can't be used."""
    try:
        await pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        if decline:
            for line in pc.getTransceivers():
                line.direction = "inactive"
        await whole(pc.setLocalDescription(await pc.createAnswer()))
    except SDP_ERRORS as error:
        raise ConnectionLost(f"the room's offer can't be used: {error!r}") from error
    return ask_for_fec(pc.localDescription.sdp)
