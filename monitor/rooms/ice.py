"""Where a peer connection looks for a path: this machine's addresses, and the STUN and TURN servers that are named;
loopback when there is no other.

aiortc asks a public STUN server unless told not to: outside traffic that nobody agreed to. aioice never offers
127.0.0.1, so on a machine without a network two local peers would find no path at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import aioice.ice
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from monitor.rooms import gather, progress
from monitor.rooms.servers import NOTHING, Ice

Addresses = Callable[[bool, bool], list[str]]
_original: Addresses = aioice.ice.get_host_addresses


def connection(ice: Ice = NOTHING) -> RTCPeerConnection:
    """A peer connection that looks for its path so, and tells of it (see `progress`)."""
    gather.install()
    policy = RTCIceTransportPolicy.RELAY if ice.relay_only else RTCIceTransportPolicy.ALL
    pc = RTCPeerConnection(RTCConfiguration(iceServers=gather.Servers(ice), iceTransportPolicy=policy))
    progress.follow(pc)
    return pc


def configuration(servers: Sequence[RTCIceServer] = ()) -> RTCConfiguration:
    """The configuration of a peer connection that is none of a visit's: the given servers, by default none."""
    return RTCConfiguration(iceServers=list(servers))


def host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    """aioice's addresses of this machine, or IPv4 loopback when there are none."""
    return _original(use_ipv4, use_ipv6) or (["127.0.0.1"] if use_ipv4 else [])


def allow_loopback() -> None:
    """Let ICE use loopback on a machine that has no other address. For the whole process; calling it again is harmless.

    aioice has no setting for it, so its module function is replaced; a test fails when aioice no longer calls it.
    """
    aioice.ice.get_host_addresses = host_addresses
