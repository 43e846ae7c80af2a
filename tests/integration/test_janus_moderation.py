"""Muting and removing people in rooms of a real Janus, with the room's secret."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.errors import ConnectionLost, Refused
from monitor.review.actions import RoomAct
from monitor.rooms.connector import Connector, Moderates, Session, Track
from monitor.rooms.janus.connector import AudioBridgeConnector, VideoRoomConnector
from monitor.rooms.janus.protocol import Place, Plugin
from tests.helpers.janus_people import talker
from tests.helpers.janus_server import JanusServer, janus_server
from tests.helpers.people import tone
from tests.helpers.room_server import until
from tests.helpers.stages import AUDIOBRIDGE, VIDEOROOM

SECRET = "only staff know"


@pytest.fixture
async def janus(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[JanusServer]:
    def guarded(room: str) -> str:
        return room.replace('pin = "sesame"', f'pin = "sesame"\n    secret = "{SECRET}"')

    rooms = {"videoroom": guarded(VIDEOROOM), "audiobridge": guarded(AUDIOBRIDGE)}
    async with janus_server(tmp_path, unused_tcp_port, **rooms) as server:
        yield server


def place(server: JanusServer, name: str = "Room Monitor", secret: str = SECRET) -> Place:
    return Place(server.url, 1234, name, pin="sesame", secret=secret)


def connector(plugin: Plugin, there: Place) -> Connector:
    return VideoRoomConnector(lambda: there) if plugin == "videoroom" else AudioBridgeConnector(lambda: there)


@asynccontextmanager
async def taken(session: Session) -> AsyncIterator[list[Track]]:
    """Its tracks are taken, so that the visit goes on; how it ends is nobody's matter here."""
    tracks: list[Track] = []

    async def take() -> None:
        with suppress(ConnectionLost, Refused):
            async for track in session.tracks():
                tracks.append(track)  # noqa: PERF401 - as they come

    async with asyncio.TaskGroup() as group:
        taking = group.create_task(take())
        yield tracks
        taking.cancel()


@pytest.mark.parametrize("plugin", ["videoroom", "audiobridge"])
async def test_with_the_rooms_secret_people_are_muted_and_removed(janus: JanusServer, plugin: Plugin) -> None:
    async with (
        talker(place(janus, "Ann", ""), tone(400, 0.5), plugin=plugin),
        connector(plugin, place(janus)).join() as session,
        taken(session) as tracks,
    ):
        assert isinstance(session, Moderates)
        assert session.acts == frozenset(RoomAct)
        await until(lambda: bool(tracks) and [one.name for one in session.roster()] == ["Ann"])
        (ann,) = session.roster()
        await session.act(RoomAct.MUTE, ann.id)
        with pytest.raises(Refused, match="no longer"):
            await session.act(RoomAct.REMOVE, "4711")
        await session.act(RoomAct.REMOVE, ann.id)
        await until(lambda: session.roster() == ())


@pytest.mark.parametrize("plugin", ["videoroom", "audiobridge"])
async def test_a_wrong_secret_is_said_and_ends_no_visit(janus: JanusServer, plugin: Plugin) -> None:
    wrong = replace(place(janus), secret="guessed")
    async with (
        talker(place(janus, "Ann", ""), tone(400, 0.5), plugin=plugin),
        connector(plugin, wrong).join() as session,
        taken(session),
    ):
        assert isinstance(session, Moderates)
        await until(lambda: [one.name for one in session.roster()] == ["Ann"])
        for _ in range(2):
            with pytest.raises(Refused, match=r"[Uu]nauthorized|secret"):
                await session.act(RoomAct.REMOVE, session.roster()[0].id)


async def test_without_the_secret_nothing_is_offered(janus: JanusServer) -> None:
    async with connector("videoroom", place(janus, secret="")).join() as session:
        assert isinstance(session, Moderates)
        assert session.acts == frozenset()
