"""A bad network between two real peers: the sender's RTP is dropped, swapped, doubled or renumbered. RTCP is spared."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

from aiortc import RTCPeerConnection, RTCRtpSender
from aiortc.rtp import is_rtcp


class LossySender:
    """Sits before the encryption of everything that `pc` sends; all chances come from one seed.

        sender = LossySender(pc, loss=0.03, seed=7)    # any time after the transceivers exist
        sender.sent, sender.dropped, sender.lost        # RTP packets offered, thrown away, and which those were
        sender.loss = 1.0                               # an outage begins; `drop` loses exactly these, counted from 0
        sender.rename(pc.getSenders()[0], 0xABCD)       # its packets leave with another SSRC from now on

    A doubled packet is dropped again by the other side's replay protection when its SSRC and number are the same,
    so `duplicate` tests SRTP rather than us; it is here for completeness.
    """

    def __init__(
        self,
        pc: RTCPeerConnection,
        *,
        loss: float = 0.0,
        reorder: float = 0.0,
        duplicate: float = 0.0,
        drop: Sequence[int] = (),
        seed: int = 1,
    ) -> None:
        self.loss, self.reorder, self.duplicate = loss, reorder, duplicate
        self.drop = frozenset(drop)
        self._names: dict[bytes, bytes] = {}  # SSRC as it is → as it leaves
        self.sent = 0
        self.lost: list[int] = []  # which, counted from 0 as they were offered
        self._chance = random.Random(seed)
        self._kept: bytes | None = None
        for transport in {t.receiver.transport for t in pc.getTransceivers()}:
            self._wrap(transport)

    @property
    def dropped(self) -> int:
        return len(self.lost)

    def rename(self, sender: RTCRtpSender, source: int) -> None:
        """What another speaker in the same slot looks like: same m-line, same MID, new SSRC."""
        self._names[struct.pack("!L", sender._ssrc)] = struct.pack("!L", source)

    def _wrap(self, transport: object) -> None:
        send = transport._send_rtp  # type: ignore[attr-defined]

        async def lossy(data: bytes) -> None:
            for packet in [data] if is_rtcp(data) else self._through(data):
                await send(packet)

        transport._send_rtp = lossy  # type: ignore[attr-defined]

    def _through(self, data: bytes) -> list[bytes]:
        number = self.sent
        self.sent += 1
        data = data[:8] + self._names.get(data[8:12], data[8:12]) + data[12:]
        if number in self.drop or self._chance.random() < self.loss:
            self.lost.append(number)
            return []
        if self._kept is None and self._chance.random() < self.reorder:
            self._kept = data
            return []
        copies = 2 if self._chance.random() < self.duplicate else 1
        held, self._kept = self._kept, None
        return [data] * copies + ([held] if held is not None else [])
