"""The private names of aiortc 1.16 that sending needs, in one place (rtp.py has those that receiving needs).

aiortc's sender encodes a track; the room forwards packets that somebody else has encoded. So the sender of each
downstream m-line is kept from starting (it would also poll fifty times a second), and packets go to its transport.
`missing_names()` lists what another aiortc no longer has; a test asserts that the list is empty.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiortc import RTCIceTransport, RTCPeerConnection, RTCRtpSender, RTCRtpTransceiver
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpSendParameters
from aiortc.rtp import is_rtcp

_CHECK_SECONDS = 0.05
"""Longer than aioice's pause between two checks (0.02)."""
_MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"


@dataclass(frozen=True, slots=True)
class Format:
    """What was negotiated for one m-line. An id of 0 means that the other side doesn't take that header extension."""

    payload_type: int
    mid_id: int
    level_id: int


def forward_only(transceiver: RTCRtpTransceiver) -> None:
    """Keep aiortc's own sender of this m-line from ever starting."""

    async def send(_: RTCRtpSendParameters) -> None:
        return None

    transceiver.sender.send = send  # type: ignore[method-assign,assignment]


def set_ssrc(transceiver: RTCRtpTransceiver, ssrc: int) -> None:
    """The SSRC that the next offer names for this m-line."""
    transceiver.sender._ssrc = ssrc


def agreed(transceiver: RTCRtpTransceiver) -> Format:
    """What the last answer agreed to."""
    ids = {extension.uri: extension.id for extension in transceiver._headerExtensions}
    return Format(transceiver._codecs[0].payloadType or 0, ids.get(_MID, 0), ids.get(_LEVEL, 0))


async def send_rtp(transceiver: RTCRtpTransceiver, packet: bytes) -> bool:
    """Encrypt and send one packet; False when the transport can't (not connected yet, or no longer)."""
    try:
        await transceiver.sender.transport._send_rtp(packet)
    except ConnectionError:
        return False
    return True


async def close(pc: RTCPeerConnection) -> None:
    """Close a connection for good, also one that is still looking for its path.

    aioice 0.13 goes on to start its consent checks when it is closed in the moment in which it connects: a task that
    would live for half a minute. A second close, a moment later, ends it. And aiortc stops its receivers before its
    transports: one that comes up between the two starts a receiver that was stopped already, for ever. Don't cancel
    this (aiortc would raise in a task of its own).
    """
    connecting = pc.iceConnectionState == "checking"
    transports = {line.receiver.transport.transport for line in pc.getTransceivers()}
    await pc.close()
    for line in pc.getTransceivers():
        await line.stop()
    if connecting:
        await asyncio.sleep(_CHECK_SECONDS)
        for transport in transports:
            await transport._connection.close()


def lose_packets(pc: RTCPeerConnection, lost: Callable[[], bool]) -> None:
    """Throw away each outgoing RTP packet for which `lost()` is true, after numbering: as if the network had lost it.

    For tests and benches. Call it when the transceivers exist.
    """
    for transport in {transceiver.sender.transport for transceiver in pc.getTransceivers()}:
        transport._send_rtp = _Lossy(transport, lost)  # type: ignore[method-assign]


class _Lossy:
    def __init__(self, transport: RTCDtlsTransport, lost: Callable[[], bool]) -> None:
        self._send = transport._send_rtp
        self._lost = lost

    async def __call__(self, data: bytes) -> None:
        if is_rtcp(data) or not self._lost():
            await self._send(data)


def missing_names() -> list[str]:
    """The private names that this file needs and that the installed aiortc doesn't have."""
    sender = RTCRtpSender.__init__.__code__.co_names
    transceiver = RTCRtpTransceiver.__init__.__code__.co_names
    connect = getattr(RTCPeerConnection, "_RTCPeerConnection__connect", None)
    found = {
        "RTCRtpSender._ssrc": "_ssrc" in sender,
        "RTCRtpSender.transport": isinstance(getattr(RTCRtpSender, "transport", None), property),
        "RTCRtpTransceiver._codecs": "_codecs" in transceiver,
        "RTCRtpTransceiver._headerExtensions": "_headerExtensions" in transceiver,
        "RTCIceTransport._connection": "_connection" in RTCIceTransport.__init__.__code__.co_names,
        "RTCDtlsTransport._send_rtp": hasattr(RTCDtlsTransport, "_send_rtp"),
        "RTCPeerConnection starts senders by sender.send": bool(connect and "send" in connect.__code__.co_names),
    }
    return [name for name, there in found.items() if not there]
