"""Addresses that Janus finds late are used, also those that overtake the description that they belong to."""

from __future__ import annotations

from aiortc import RTCPeerConnection, RTCSessionDescription

from monitor.rooms.ice import configuration
from monitor.rooms.janus.media import EARLY, Candidates
from monitor.rooms.janus.protocol import Event

FOUND = "candidate:1 1 udp 2015363327 192.0.2.9 {port} typ host"


def trickle(candidate: object) -> Event:
    return Event("trickle", body={"candidate": candidate})


def address(port: int) -> Event:
    return trickle({"candidate": FOUND.format(port=port), "sdpMid": "0", "sdpMLineIndex": 0})


async def test_early_and_late_addresses_are_used_and_strange_ones_left_out() -> None:
    janus, pc = RTCPeerConnection(configuration()), RTCPeerConnection(configuration())
    try:
        janus.addTransceiver("audio", direction="sendonly")
        await janus.setLocalDescription(await janus.createOffer())
        lines = janus.localDescription.sdp.splitlines(keepends=True)
        bare = "".join(line for line in lines if "candidate" not in line)
        candidates = Candidates(pc)
        for port in range(1, 1001):  # more than anybody keeps
            await candidates.take(address(port))
        await pc.setRemoteDescription(RTCSessionDescription(bare, "offer"))
        await candidates.described()
        await candidates.take(address(2000))
        for strange in ({"candidate": "candidate:x", "sdpMid": "0"}, {"candidate": FOUND.format(port=7)}):
            await candidates.take(trickle(strange))
        ice = pc.getTransceivers()[0].receiver.transport.transport
        found = [one.port for one in ice.getRemoteCandidates()]
        assert found == [*range(1001 - EARLY, 1001), 2000]
        await candidates.take(trickle({"completed": True}))
    finally:
        await janus.close()
        await pc.close()
