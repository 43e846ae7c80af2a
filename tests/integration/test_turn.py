"""Media through a real TURN server (coturn), to a real Janus: each way to the server, each kind of credential."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aioice.ice
import pytest

from monitor.errors import Step
from monitor.rooms.gather import Gathering
from monitor.rooms.janus.connector import VideoRoomConnector
from monitor.rooms.janus.protocol import Place
from monitor.rooms.probe import probe
from monitor.rooms.progress import observed
from monitor.rooms.servers import Ice, Server, for_a_while, server
from monitor.rooms.verdict import Notes, Report
from tests.helpers.janus_people import talker
from tests.helpers.janus_server import janus_server
from tests.helpers.livekit_stage import connector, voice
from tests.helpers.people import tone
from tests.helpers.stages import VIDEOROOM
from tests.helpers.turn_server import PASSWORD, SECRET, USER, TurnServer, turn_server
from tests.peers.livekit.server import livekit_server, puppet

Ports = Callable[[], int]


@pytest.fixture
async def turn(
    request: pytest.FixtureRequest, tmp_path: Path, unused_tcp_port_factory: Ports, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[TurnServer]:
    shared = getattr(request, "param", False)
    ports = unused_tcp_port_factory(), unused_tcp_port_factory()
    async with turn_server(tmp_path / "turn", *ports, shared_secret=shared) as running:
        monkeypatch.setenv("SSL_CERT_FILE", str(running.certificate))
        yield running


@asynccontextmanager
async def hall(folder: Path, port: int) -> AsyncIterator[Callable[[Ice], VideoRoomConnector]]:
    """A VideoRoom in which Ann talks; gives connectors to it."""
    async with janus_server(folder, port, videoroom=VIDEOROOM) as janus:
        place = Place(janus.url, 1234, "Room Monitor", pin="sesame")
        async with talker(replace(place, display="Ann"), tone(400, 0.5)):
            yield lambda ice: VideoRoomConnector(lambda: replace(place, ice=ice))


def relayed(*servers: Server) -> Ice:
    return Ice(servers, relay_only=True)


def found(report: Report, step: Step) -> tuple[str, str]:
    one = next(each for each in report.steps if each.step is step)
    return one.outcome, one.detail


async def test_media_comes_through_turn_alone_by_udp_tcp_and_tls(
    turn: TurnServer, tmp_path: Path, unused_tcp_port: int
) -> None:
    async with hall(tmp_path, unused_tcp_port) as hears:
        for way in ("udp", "tcp", "tls"):
            ice = relayed(server(turn.url(way), USER, PASSWORD))
            report = await probe(hears(ice), ice=ice, enough=0.35)
            assert report.failed is None, report
            assert found(report, Step.PATH)[1].startswith("relay "), way
            assert report.voices[0].sound > 0


async def test_livekits_own_sdk_goes_through_turn_alone(turn: TurnServer) -> None:
    ice = relayed(server(turn.url("udp"), USER, PASSWORD))
    async with livekit_server() as running, puppet(running, "Ann", voice("Ann", 400)):
        report = await probe(connector(running, ice=ice), ice=ice, enough=0.3)
    assert report.failed is None, report
    assert found(report, Step.PATH)[1].startswith("relay "), report


async def test_a_turn_server_is_reached_over_ipv6(turn: TurnServer, tmp_path: Path, unused_tcp_port: int) -> None:
    async with hall(tmp_path, unused_tcp_port) as hears:
        for way in ("udp", "tcp"):
            ice = relayed(server(turn.url(way, "[::1]"), USER, PASSWORD))
            report = await probe(hears(ice), ice=ice, enough=0.35)
            assert report.failed is None, report
            assert found(report, Step.PATH)[1].startswith("relay "), way


@pytest.mark.parametrize("turn", [True], indirect=True)
async def test_credentials_for_a_while_are_made_of_a_shared_secret(
    turn: TurnServer, tmp_path: Path, unused_tcp_port: int
) -> None:
    async with hall(tmp_path, unused_tcp_port) as hears:
        ice = relayed(server(turn.url("udp"), *for_a_while(SECRET, "monitor", time.time())))
        report = await probe(hears(ice), ice=ice, enough=0.35)
        assert report.failed is None, report
        ice = relayed(server(turn.url("udp"), *for_a_while(SECRET, "monitor", time.time() - 2 * 86400)))
        report = await probe(hears(ice), ice=ice, seconds=2)
        assert report.failed is Step.RELAY, "it ran out a day ago"


async def test_a_wrong_password_is_named_even_where_another_path_works(
    turn: TurnServer, tmp_path: Path, unused_tcp_port: int
) -> None:
    async with hall(tmp_path, unused_tcp_port) as hears:
        for only in (True, False):
            ice = Ice((server(turn.url("udp"), USER, "wrong"),), relay_only=only)
            report = await probe(hears(ice), ice=ice, enough=0.3, seconds=1.2)
            assert report.failed is Step.RELAY
            assert "username and password" in report.reason
            assert found(report, Step.PATH)[0] == ("not tried" if only else "ok")


async def test_the_second_server_serves_where_the_first_is_gone(
    turn: TurnServer, tmp_path: Path, unused_tcp_port_factory: Ports
) -> None:
    async with hall(tmp_path, unused_tcp_port_factory()) as hears:
        gone = server(f"turn:127.0.0.1:{unused_tcp_port_factory()}?transport=tcp", USER, PASSWORD)
        ice = relayed(gone, server(turn.url("tcp"), USER, PASSWORD))
        report = await probe(hears(ice), ice=ice, enough=0.35)
        assert found(report, Step.PATH)[0] == "ok"
        assert report.voices[0].sound > 0
        assert report.failed is Step.RELAY
        assert "nobody listens there" in report.reason


async def test_a_certificate_that_is_not_trusted_is_named(turn: TurnServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    notes = await asked(Ice((server(turn.url("tls"), USER, PASSWORD),)))
    assert "certificate" in notes.failures[Step.RELAY][0]


async def test_stun_tells_how_each_family_looks_from_outside(turn: TurnServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1", "::1"])
    notes = await asked(Ice((server(turn.url("stun")), server(turn.url("stun", "[::1]")))))
    assert not notes.failures
    told = notes.done[Step.RELAY][1]
    assert "gave 127.0.0.1:" in told
    assert "gave [::1]:" in told


async def test_a_server_that_does_not_answer_costs_seconds_and_is_named(unused_tcp_port: int) -> None:
    notes = await asked(Ice((server(f"stun:127.0.0.1:{unused_tcp_port}"),)))
    assert "does not answer over UDP" in notes.failures[Step.RELAY][0]


async def asked(ice: Ice) -> Notes:
    """What the servers answer, without a room."""
    notes = Notes(time.monotonic)
    with observed(notes):
        connection = Gathering(ice_controlling=False, ice=ice)
        await connection.gather_candidates()
        await connection.close()
    return notes
