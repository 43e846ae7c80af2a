"""Whether the other end of a chosen path is still there: asked by STUN, when nothing else comes over it.

ICE asks of itself (RFC 7675), every five seconds, and gives up after half a minute; that is long to be deaf. Servers
need not send anything while nobody speaks, but each has to answer such a request, also one with ICE lite.
aiortc and aioice have no public way to it: the private names are here, and a test asserts that they exist.
"""

from __future__ import annotations

import asyncio

from aioice.ice import CandidatePair, Connection
from aioice.stun import Message, TransactionError
from aiortc import RTCIceTransport, RTCPeerConnection

AGAIN = 0.25
"""Seconds between two requests with the same number: one that is lost must not look like a dead path."""


async def answers(pc: RTCPeerConnection, seconds: float) -> bool:
    """Whether the other end answers within so many seconds. False where no path was chosen (yet)."""
    found = _chosen(pc)
    if found is None:
        return False
    connection, pair = found
    request = connection.build_request(pair, nominate=False)
    key = (connection.remote_password or "").encode()
    try:
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            repeating = group.create_task(_repeat(pair, request))
            try:
                await pair.protocol.request(request, pair.remote_addr, integrity_key=key)
            except TransactionError:
                return False
            finally:
                repeating.cancel()
    except TimeoutError:
        return False
    return True


async def packets(pc: RTCPeerConnection) -> int:
    """Packets of media and of reports that have come over the path."""
    lines = pc.getTransceivers()
    if not lines:
        return 0
    stats = await lines[0].receiver.getStats()
    return sum(each.packetsReceived for each in stats.values() if each.type == "transport")


def missing_names() -> list[str]:
    """The private names that this file needs and that the installed libraries don't have."""
    found = {
        "RTCIceTransport._connection": "_connection" in RTCIceTransport.__init__.__code__.co_names,
        "Connection._nominated": "_nominated" in Connection.__init__.__code__.co_names,
        "Connection.build_request": hasattr(Connection, "build_request"),
        "CandidatePair.protocol": "protocol" in CandidatePair.__init__.__code__.co_names,
    }
    return [name for name, there in found.items() if not there]


def _chosen(pc: RTCPeerConnection) -> tuple[Connection, CandidatePair] | None:
    lines = pc.getTransceivers()
    transport = lines[0].receiver.transport.transport if lines else None
    if not isinstance(transport, RTCIceTransport):
        return None
    pair = transport._connection._nominated.get(1)
    return (transport._connection, pair) if pair is not None else None


async def _repeat(pair: CandidatePair, request: Message) -> None:
    while True:
        await asyncio.sleep(AGAIN)
        pair.protocol.send_stun(request, pair.remote_addr)
