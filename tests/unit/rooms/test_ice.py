from __future__ import annotations

import aioice
import aioice.ice
import pytest
from aiortc import RTCIceServer, RTCPeerConnection

from monitor.rooms import ice


@pytest.fixture
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose only address is 127.0.0.1, and aioice as it was afterwards."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", aioice.ice.get_host_addresses)
    monkeypatch.setattr(ice, "_original", lambda use_ipv4, use_ipv6: [])


def test_no_server_is_asked_unless_named() -> None:
    assert ice.configuration().iceServers == []
    server = RTCIceServer("stun:stun.example.org")
    assert ice.configuration([server]).iceServers == [server]


async def test_a_connection_of_ours_has_no_stun_server() -> None:
    pc = RTCPeerConnection(ice.configuration())
    pc.addTransceiver("audio")
    gatherer = pc.getTransceivers()[0].receiver.transport.transport.iceGatherer
    assert gatherer._connection.stun_server is None
    await pc.close()


@pytest.mark.usefixtures("only_loopback")
async def test_a_machine_without_a_network_offers_loopback() -> None:
    ice.allow_loopback()
    connection = aioice.Connection(ice_controlling=True)
    await connection.gather_candidates()
    assert [c.host for c in connection.local_candidates] == ["127.0.0.1"]
    await connection.close()


def test_other_addresses_come_without_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ice, "_original", lambda use_ipv4, use_ipv6: ["192.0.2.7"])
    assert ice.host_addresses(True, True) == ["192.0.2.7"]


def test_without_ipv4_there_is_no_loopback_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ice, "_original", lambda use_ipv4, use_ipv6: [])
    assert ice.host_addresses(False, True) == []
