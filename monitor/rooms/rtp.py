"""Take RTP packets out of aiortc before its jitter buffer and decoder see them.

aiortc 1.16 has no hook for that. This file, and no other, uses its private names; `missing_names()` lists those
that a different aiortc no longer has, and a test asserts that the list is empty. The way in is the router of the
DTLS transport: it is asked once for every packet, after decryption and parsing, and learns of each receiver.

Its own routing drops, silently, a new SSRC on an m-line whose payload type several m-lines share: what happens when
a speaker leaves and another one gets the slot. Ours follows RFC 8843 §9.2: the MID header extension decides, then
the known SSRC, then the payload type where only one m-line has it.
"""

from __future__ import annotations

from collections.abc import Callable

from aiortc import RTCPeerConnection, RTCRtpReceiver
from aiortc.rtcdtlstransport import RTCDtlsTransport, RtpReceiver, RtpRouter
from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import RtpPacket

__all__ = ["RtpPacket", "Tap", "missing_names", "tap"]

Deliver = Callable[[str, RtpPacket], None]

_STREAMS = "_RTCRtpReceiver__remote_streams"
_ENABLED = "_enabled"  # False while the m-line is inactive or send-only
_CODECS = "_RTCRtpReceiver__codecs"
_ROUTER_TABLES = ("receivers", "senders", "mid_table", "ssrc_table", "payload_type_table")
_ROUTER_METHODS = ("register_receiver", "unregister_receiver", "route_rtp")


class Tap:
    """The packets of one peer connection. `close()` stops the delivery; packets are then thrown away."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver: Deliver | None = deliver
        self.unrouted = 0  # packets that no m-line could be found for
        self.foreign = 0  # packets that are not Opus (video, comfort noise, DTMF, other codecs)

    def close(self) -> None:
        self._deliver = None

    def take(self, mid: str, packet: RtpPacket) -> None:
        if self._deliver is not None:
            self._deliver(mid, packet)


def tap(pc: RTCPeerConnection, deliver: Deliver) -> Tap:
    """Deliver each Opus packet that `pc` receives as `deliver(mid, packet)`, in order of arrival, in the event loop.

    Call it once, before the remote description is set. From then on aiortc's own tracks stay silent and its queues
    and decoder threads empty, for video as well (its packets are dropped). RTCP receiver reports go on. `deliver` must
    not block; an exception that it raises ends the connection (aiortc stops its receiving task). Raises RuntimeError
    when the connection is tapped already.
    """
    box = Tap(deliver)

    def install(_: object = None) -> None:
        for transceiver in pc.getTransceivers():
            transport = transceiver.receiver.transport
            router = transport._rtp_router
            if not isinstance(router, _Router):
                transport._rtp_router = _Router(router, box)
            elif router.box is not box:
                raise RuntimeError("this peer connection is tapped already: the second tap would hear nothing")

    # The event comes while the remote description is set: after bundling chose the transport, before any packet.
    pc.on("track", install)
    install()
    return box


def missing_names() -> list[str]:
    """The private names of aiortc that this file needs and that the installed version doesn't have."""
    receiver_code = RTCRtpReceiver.__init__.__code__
    handle_code = RTCDtlsTransport._handle_rtp_data.__code__ if hasattr(RTCDtlsTransport, "_handle_rtp_data") else None
    router = RtpRouter()
    found = {
        "RTCDtlsTransport._rtp_router": "_rtp_router" in RTCDtlsTransport.__init__.__code__.co_names,
        "RTCDtlsTransport._handle_rtp_data calls route_rtp": bool(handle_code and "route_rtp" in handle_code.co_names),
        f"RTCRtpReceiver.{_ENABLED}": _ENABLED in receiver_code.co_names,
        f"RTCRtpReceiver.{_STREAMS}": _STREAMS in receiver_code.co_names,
        f"RTCRtpReceiver.{_CODECS}": _CODECS in receiver_code.co_names,
        "StreamStatistics.add": hasattr(StreamStatistics, "add"),
        **{f"RtpRouter.{name}": hasattr(router, name) for name in (*_ROUTER_TABLES, *_ROUTER_METHODS)},
    }
    return [name for name, there in found.items() if not there]


class _Router(RtpRouter):
    """Delivers RTP itself and tells the transport that there is no receiver, so nothing else happens with it."""

    def __init__(self, other: RtpRouter, box: Tap) -> None:
        super().__init__()
        for table in _ROUTER_TABLES:
            setattr(self, table, getattr(other, table))
        self.box = box
        self._mids: dict[RtpReceiver, str] = {receiver: mid for mid, receiver in self.mid_table.items()}
        self._last: dict[RtpReceiver, int] = {}  # the SSRC that each receiver had last

    def register_receiver(
        self, receiver: RtpReceiver, ssrcs: list[int], payload_types: list[int], mid: str | None = None
    ) -> None:
        super().register_receiver(receiver, ssrcs, payload_types, mid)
        if mid is not None:
            self._mids[receiver] = mid

    def unregister_receiver(self, receiver: RtpReceiver) -> None:
        super().unregister_receiver(receiver)
        self._mids.pop(receiver, None)
        self._last.pop(receiver, None)

    def route_rtp(self, packet: RtpPacket) -> None:
        receiver = self._find(packet)
        if receiver is None:
            self.box.unrouted += 1
            return
        codec = getattr(receiver, _CODECS).get(packet.payload_type)
        if codec is None or codec.mimeType.lower() != "audio/opus":
            self.box.foreign += 1
            return
        if getattr(receiver, _ENABLED):
            self._count(receiver, packet, codec.clockRate)
            self.box.take(self._mids[receiver], packet)

    def _find(self, packet: RtpPacket) -> RtpReceiver | None:
        """RFC 8843 §9.2, without its update rule for late packets: the reorder buffer sorts those out."""
        mid = packet.extensions.mid
        if mid is not None:
            return self.mid_table.get(mid)
        known = self.ssrc_table.get(packet.ssrc)
        if known is not None:
            return known
        candidates = self.payload_type_table.get(packet.payload_type, set())
        return next(iter(candidates)) if len(candidates) == 1 else None

    def _count(self, receiver: RtpReceiver, packet: RtpPacket, clock_rate: int) -> None:
        """Feed the receiver reports, and keep one SSRC an m-line: a report has room for 31 only."""
        streams = getattr(receiver, _STREAMS)
        last = self._last.get(receiver)
        if last != packet.ssrc:
            if last is not None:
                streams.pop(last, None)
                self.ssrc_table.pop(last, None)
            self._last[receiver] = packet.ssrc
            self.ssrc_table[packet.ssrc] = receiver
        if packet.ssrc not in streams:
            streams[packet.ssrc] = StreamStatistics(clock_rate)
        streams[packet.ssrc].add(packet)
