"""The probe behind firewalls: what it says of rooms whose media can't come, and how it comes all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from monitor.errors import Step
from monitor.rooms.probe import probe
from monitor.rooms.servers import NOTHING, Ice, server
from monitor.rooms.verdict import Report
from tests.helpers import networks
from tests.helpers.halls import HALLS, Connect, videoroom, whep
from tests.helpers.networks import Network
from tests.helpers.people import tone
from tests.helpers.turn_server import PASSWORD, USER, turn_server

NO_UDP = "meta l4proto udp drop"
NO_RTP = "meta l4proto udp @th,64,2 2 drop"
"""What begins as RTP and RTCP do (RFC 7983); STUN and DTLS pass: a server that never sends media."""
TALK = tone(400, 0.5)


@pytest.fixture
def net() -> Iterator[Network]:
    with networks.network() as made:
        yield made


@pytest.fixture(params=sorted(HALLS))
async def connect(request: pytest.FixtureRequest, net: Network, tmp_path: Path) -> AsyncIterator[Connect]:
    async with HALLS[request.param](tmp_path, net, TALK, 5.0) as made:
        yield made


def outcome(report: Report, step: Step) -> str:
    return next(found.outcome for found in report.steps if found.step is step)


async def test_udp_that_is_blocked_and_a_server_that_never_sends_media(net: Network, connect: Connect) -> None:
    net.firewall(NO_UDP)
    blocked = await probe(connect(NOTHING), seconds=1.2)
    assert blocked.failed is Step.PATH, blocked
    assert outcome(blocked, Step.ROOM) == "ok"
    assert "UDP" in blocked.advice
    net.firewall(NO_RTP)
    mute = await probe(connect(NOTHING), seconds=2.0)
    assert mute.failed is Step.MEDIA, mute
    assert outcome(mute, Step.ENCRYPTION) == "ok", mute
    net.firewall()
    assert (await probe(connect(NOTHING), enough=0.1)).failed is None


async def test_turn_over_tls_where_udp_is_blocked(
    net: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        videoroom(tmp_path, net, TALK, 5.0) as connect,
        turn_server(tmp_path / "turn", 3478, 5349, addresses=(networks.ROOM,), before=net.at_room) as turn,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(turn.certificate))
        net.firewall(NO_UDP)
        udp = server(turn.url("udp", networks.ROOM), USER, PASSWORD)
        tls = server(f"turns:{networks.ROOM}:{turn.tls_port}", USER, PASSWORD)
        report = await probe(connect(Ice((tls,))), ice=Ice((tls,)), enough=0.3)
        assert report.failed is None, report
        assert path(report).startswith("relay "), report
        report = await probe(connect(NOTHING), ice=Ice((udp,)), seconds=0.1)
        assert report.failed is Step.RELAY, report
        assert "does not answer over UDP" in report.reason


async def test_a_room_over_ipv6(net: Network, tmp_path: Path) -> None:
    async with whep(tmp_path, net, TALK, 5.0, f"[{networks.ROOM6}]") as connect:
        report = await probe(connect(Ice(ipv6=False)), enough=0.1)
        assert path(report).startswith(f"host {networks.MONITOR}:"), "media over IPv4, where IPv6 isn't wanted"
        net.without_ipv4()
        report = await probe(connect(NOTHING), enough=0.1)
        assert report.failed is None, report
        assert path(report).startswith(f"host [{networks.MONITOR6}]:"), report


def path(report: Report) -> str:
    return next(found.detail for found in report.steps if found.step is Step.PATH)
