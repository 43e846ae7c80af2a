"""WHEP where media has to go through TURN: candidates that follow by PATCH, and servers that the endpoint names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.errors import ConnectionLost, Step
from monitor.model import Speaker
from monitor.rooms.servers import NOTHING, Ice, server
from monitor.rooms.whep import line
from monitor.rooms.whep.connector import WhepConnector
from monitor.rooms.whep.http import Door, client
from monitor.rooms.whep.media import Media
from monitor.rooms.whep.protocol import Place, Stream, fragment
from tests.helpers.people import tone
from tests.helpers.turn_server import PASSWORD, USER, TurnServer, turn_server
from tests.helpers.whep_server import whep_server
from tests.helpers.whip_people import publisher
from tests.peers.whep_awry import awry_whep

Ports = Callable[[], int]


@pytest.fixture
async def turn(tmp_path: Path, unused_tcp_port_factory: Ports) -> AsyncIterator[TurnServer]:
    async with turn_server(tmp_path / "turn", unused_tcp_port_factory(), unused_tcp_port_factory()) as running:
        yield running


def link(turn: TurnServer, kind: str = "udp") -> str:
    return f'<{turn.url(kind)}>; rel="ice-server"; username="{USER}"; credential="{PASSWORD}"'


async def hears(place: Place) -> None:
    async with asyncio.timeout(20), WhepConnector(lambda: place).join() as session:
        async for track in session.tracks():
            frames = track.frames()
            for _ in range(10):
                await anext(frames)
            return


async def test_media_comes_through_turn_alone(turn: TurnServer, tmp_path: Path, unused_tcp_port_factory: Ports) -> None:
    async with whep_server(tmp_path, unused_tcp_port_factory()) as running:
        ice = Ice((server(turn.url("udp"), USER, PASSWORD),), relay_only=True)
        async with publisher(running.whip("Ann"), tone(400, 0.5)):
            await hears(Place((Stream(running.whep("Ann"), "Ann"),), ice))


async def test_servers_that_the_endpoint_names_are_used(
    turn: TurnServer, tmp_path: Path, unused_tcp_port_factory: Ports
) -> None:
    async with whep_server(tmp_path, unused_tcp_port_factory(), "-ice", link(turn, "tcp")) as running:
        async with publisher(running.whip("Ann"), tone(400, 0.5)):
            await hears(Place((Stream(running.whep("Ann"), "Ann"),), replace(NOTHING, relay_only=True)))
        assert await running.viewers("Ann") == 0


async def test_without_any_relay_it_is_said_that_one_is_needed() -> None:
    async with awry_whep(tone(400, 0.5)) as awry:
        with pytest.raises(ConnectionLost, match="only relays") as caught:
            await hears(Place((Stream(awry.url, "Ann"),), replace(NOTHING, relay_only=True)))
        assert caught.value.step is Step.RELAY
        assert not awry.sessions


@pytest.mark.parametrize("status", [204, 405, 501])
async def test_where_the_way_is_not_straight_candidates_follow_by_patch(
    turn: TurnServer, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "STRAIGHT_SECONDS", 0.05)
    monkeypatch.setattr(line, "PATH_SECONDS", 2.0)
    async with awry_whep(tone(400, 0.5)) as awry:
        awry.patch, awry.astray = status, True
        awry.headers = {"Link": link(turn)}
        with pytest.raises(ConnectionLost, match="no path"):
            await hears(Place((Stream(awry.url, "Ann"),)))
        patch = next(asked for asked in awry.asked if asked.method == "PATCH")
        etag = awry.etags[0]
    assert patch.headers["content-type"] == "application/trickle-ice-sdpfrag"
    assert patch.headers["if-match"] == etag
    candidates = [row for row in patch.body.splitlines() if row.startswith("a=candidate:")]
    assert len(candidates) == 1
    assert " typ relay" in candidates[0]


async def test_a_real_server_takes_candidates_for_the_session_that_they_are_for(
    tmp_path: Path, unused_tcp_port_factory: Ports
) -> None:
    candidate = "1 1 udp 2130706431 192.0.2.1 61764 typ host"
    async with whep_server(tmp_path, unused_tcp_port_factory()) as running, client() as http:
        stream = Stream(running.whep("Ann"), "Ann")
        door, media = Door(http, lambda: stream), Media(Speaker("Ann", "Ann"), NOTHING)
        async with publisher(running.whip("Ann")):
            opened = await door.open(await media.offer())
            assert await door.add(opened, fragment(await media.offer(), [candidate]))
            assert not await door.add(replace(opened, etag='"another"'), fragment(await media.offer(), [candidate]))
            await door.close(opened)
            await media.close()
        assert (await running.state())["trickled"] == 1


async def test_where_the_way_is_straight_no_server_is_asked(turn: TurnServer) -> None:
    async with awry_whep(tone(400, 0.5)) as awry:
        awry.headers = {"Link": link(turn)}
        await hears(Place((Stream(awry.url, "Ann"),)))
        assert awry.count("PATCH") == 0
