"""A bad network between two real peers: the sender's RTP is dropped, swapped, doubled or renumbered. RTCP is spared."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

from aiortc import RTCPeerConnection
from aiortc.rtp import is_rtcp

RTP_HEADER = 12


class LossySender:
    """Sits before the encryption of everything that `pc` sends; all chances come from one seed.

        sender = LossySender(pc, loss=0.03, seed=7)    # any time after the transceivers exist
        sender.sent, sender.dropped                     # RTP packets that were offered, and those thrown away
        sender.loss = 1.0                               # an outage begins; `drop` loses exactly these, counted from 0
        sender.source = 0xABCD                          # packets leave with another SSRC from now on

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
        self.source: int | None = None
        self.sent = 0
        self.dropped = 0
        self._chance = random.Random(seed)
        self._kept: bytes | None = None
        for transport in {t.receiver.transport for t in pc.getTransceivers()}:
            self._wrap(transport)

    def _wrap(self, transport: object) -> None:
        send = transport._send_rtp  # type: ignore[attr-defined]

        async def lossy(data: bytes) -> None:
            for packet in [data] if is_rtcp(data) else self._through(data):
                await send(packet)

        transport._send_rtp = lossy  # type: ignore[attr-defined]

    def _through(self, data: bytes) -> list[bytes]:
        number = self.sent
        self.sent += 1
        if self.source is not None and len(data) >= RTP_HEADER:
            data = data[:8] + struct.pack("!L", self.source) + data[12:]
        if number in self.drop or self._chance.random() < self.loss:
            self.dropped += 1
            return []
        if self._kept is None and self._chance.random() < self.reorder:
            self._kept = data
            return []
        copies = 2 if self._chance.random() < self.duplicate else 1
        held, self._kept = self._kept, None
        return [data] * copies + ([held] if held is not None else [])
