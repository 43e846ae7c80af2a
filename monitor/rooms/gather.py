"""Candidates from STUN and TURN servers: what aioice 0.13 can't do of itself.

aioice asks one STUN server, over IPv4 only, looks its name up by a call that blocks a thread, takes one TURN server,
and keeps to itself why a server gave nothing. Here: any number of servers, both families, TURN over UDP, TCP and TLS in
the order in which they are preferred, and the reason of each failure goes to `progress`.

What is still missing, as in aioice: relayed IPv6 addresses (RFC 8656 §18.1, REQUESTED-ADDRESS-FAMILY), so a relay is an
IPv4 one; candidates over TCP towards the room's server (RFC 6544); a range of local ports; restarts (a visit is begun
anew instead).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from typing import Any

import aiortc.rtcicetransport
from aioice import Candidate, Connection, TransportPolicy
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol
from aioice.stun import Class, Message, Method, TransactionError, TransactionFailed, TransactionTimeout
from aioice.turn import create_turn_endpoint
from aiortc import RTCIceServer

from monitor.errors import Step
from monitor.rooms import progress
from monitor.rooms.servers import Ice, Server

SECONDS = 4.0
"""How long the servers may take, all at once: a join waits for them. TURN over TLS needs five round trips."""
RELAY = 65535
"""Local preference of the first TURN server (RFC 8445 §5.1.2.1); the others follow in their order."""

_kwargs = aiortc.rtcicetransport.connection_kwargs


class Servers(list[RTCIceServer]):
    """What aiortc is given for its list of servers: `Gathering` finds ours in it."""

    def __init__(self, ice: Ice) -> None:
        super().__init__()
        self.ice = ice


class Gathering(Connection):
    """aioice's connection with servers of ours."""

    def __init__(self, *, ice: Ice | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self._ice = ice or Ice()
        self._use_ipv6 = self._ice.ipv6

    async def get_component_candidates(
        self,
        component: int,
        addresses: list[str],
        timeout: int = 5,  # noqa: ASYNC109  aioice's own signature
    ) -> list[Candidate]:
        candidates: list[Candidate] = await super().get_component_candidates(component, addresses, timeout)
        hosts = list(self._protocols)
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(self._ask(server, component, hosts, RELAY - place))
                for place, server in enumerate(self._ice.servers)
                if server.kind == "turn" or hosts
            ]
        return candidates + [candidate for task in asked for candidate in task.result()]

    async def further(self, servers: Sequence[Server]) -> list[Candidate]:
        """Candidates of servers that became known, or are needed, only after the description went out (trickle ICE).

        They are tried with all that the other end has named; it has to be told of them, best at once."""
        hosts = [protocol for protocol in self._protocols if protocol.local_candidate.type == "host"]
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(self._ask(server, 1, hosts, RELAY - place))
                for place, server in enumerate(servers)
                if server.kind == "turn" or hosts
            ]
        found = [candidate for task in asked for candidate in task.result()]
        self._local_candidates += found
        for remote in self._remote_candidates:
            self._pair_remote_candidate(remote)
        self.sort_check_list()
        return found

    async def _ask(
        self, server: Server, component: int, hosts: Sequence[StunProtocol], preference: int
    ) -> list[Candidate]:
        """A server's candidates; none where it fails, and then it is told why."""
        progress.began(Step.RELAY)
        try:
            async with asyncio.timeout(SECONDS):
                if server.kind == "turn":
                    found = [await self._relayed(server, component, preference)]
                else:
                    found = await _reflexive(server, component, hosts)
        except (OSError, TimeoutError, TransactionError, UnicodeError) as error:
            progress.failed(Step.RELAY, f"{server.url}: {reason(server, error)}")
            return []
        progress.reached(Step.RELAY, f"{server.url} gave {', '.join(progress.address(c.host, c.port) for c in found)}")
        return found

    async def _relayed(self, server: Server, component: int, preference: int) -> Candidate:
        _, protocol = await create_turn_endpoint(
            lambda: StunProtocol(self),
            server_addr=(server.host, server.port),
            username=server.username,
            password=server.password,
            ssl=server.transport == "tls",
            transport="udp" if server.transport == "udp" else "tcp",
        )
        host, port = protocol.transport.get_extra_info("sockname")
        related = protocol.transport.get_extra_info("related_address")
        if self._transport_policy == TransportPolicy.RELAY:
            # Who asks for relays only doesn't want to show where they are (RFC 9429 §3.5.3).
            related = ("::" if ":" in host else "0.0.0.0", 9)  # noqa: S104  no address is bound
        protocol.local_candidate = Candidate(
            foundation=candidate_foundation("relay", server.transport, f"{server.host}|{host}"),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "relay", preference),
            host=host,
            port=port,
            type="relay",
            related_address=related[0],
            related_port=related[1],
        )
        self._protocols.append(protocol)
        return protocol.local_candidate


async def _reflexive(server: Server, component: int, hosts: Sequence[StunProtocol]) -> list[Candidate]:
    """How this machine's addresses look from outside; those that get no answer are left out unless none does."""
    loop = asyncio.get_running_loop()
    rows = await loop.getaddrinfo(server.host, server.port, type=socket.SOCK_DGRAM)
    there = {row[0]: (str(row[4][0]), int(row[4][1])) for row in reversed(rows)}  # the first of each family

    async def one(protocol: StunProtocol) -> Candidate | TransactionError | None:
        local = protocol.local_candidate
        address = there.get(socket.AF_INET6 if ":" in local.host else socket.AF_INET)
        if address is None:
            return None
        try:
            request = Message(message_method=Method.BINDING, message_class=Class.REQUEST)
            answer, _ = await protocol.request(request, address, retransmissions=2)
        except TransactionError as error:
            return error
        host, port = answer.attributes["XOR-MAPPED-ADDRESS"]
        return Candidate(
            foundation=candidate_foundation("srflx", "udp", f"{server.host}|{local.host}"),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "srflx"),
            host=host,
            port=port,
            type="srflx",
            related_address=local.host,
            related_port=local.port,
        )

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(protocol)) for protocol in hosts]
    results = [task.result() for task in tasks]
    found = [result for result in results if isinstance(result, Candidate)]
    if not found:
        raise next((r for r in results if isinstance(r, TransactionError)), TransactionTimeout())
    return found


def reason(server: Server, error: Exception) -> str:
    """Why a server gave nothing, for people."""
    match error:
        case TransactionFailed() if error.response.error_code in (401, 403):
            return "refuses username and password: are they right, and is this machine's clock?"
        case TransactionFailed():
            return f"refused: {error}"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not for us: {error.verify_message}"
        case ConnectionRefusedError():
            return f"nobody listens there ({server.transport})"
        case socket.gaierror():
            return f"there is no such host: {error.strerror}"
        case TimeoutError() | TransactionTimeout():
            return f"does not answer over {server.transport.upper()}: is it up, and is the firewall open?"
        case _:
            return f"can't be reached: {error}"


def install() -> None:
    """Let aiortc make `Gathering` connections where it is given `Servers`. It has no setting for it, so two of its
    names are replaced, for the whole process; others' connections are as they were. Calling it again is harmless."""
    aiortc.rtcicetransport.Connection = Gathering  # type: ignore[assignment,attr-defined]
    aiortc.rtcicetransport.connection_kwargs = _ours


def _ours(servers: list[RTCIceServer]) -> dict[str, Any]:
    return {"ice": servers.ice} if isinstance(servers, Servers) else _kwargs(servers)
