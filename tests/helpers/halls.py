"""Rooms at the far end of a network of the tests' own, in which Ann talks; each gives a connector for the near end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from monitor.model import Samples
from monitor.rooms.builtin.connector import BuiltinConnector
from monitor.rooms.connector import Connector
from monitor.rooms.janus.connector import AudioBridgeConnector, VideoRoomConnector
from monitor.rooms.janus.protocol import Place
from monitor.rooms.servers import NOTHING, Ice
from monitor.rooms.whep.connector import WhepConnector
from monitor.rooms.whep.protocol import Place as Streams
from monitor.rooms.whep.protocol import Stream
from tests.helpers import networks
from tests.helpers.janus_people import talker
from tests.helpers.janus_server import janus_server
from tests.helpers.networks import Network, elsewhere
from tests.helpers.people import person
from tests.helpers.room_server import room_server
from tests.helpers.stages import AUDIOBRIDGE, VIDEOROOM
from tests.helpers.whep_server import whep_server
from tests.helpers.whip_people import publisher

PORT = 8188
TOKEN = "the monitor's"

Connect = Callable[[Ice], Connector]
Hall = Callable[[Path, Network, Samples, float], AbstractAsyncContextManager[Connect]]
"""What of her talk Ann says over and over; the connector's patience."""


@asynccontextmanager
async def builtin(_folder: Path, net: Network, talk: Samples, patience: float) -> AsyncIterator[Connect]:
    @asynccontextmanager
    async def all_of_it() -> AsyncIterator[None]:
        async with (
            room_server(port=PORT, token=TOKEN, host=networks.ROOM) as running,
            person(running.url(), "Ann", talk),
        ):
            yield

    async with elsewhere(net.room, all_of_it):
        yield lambda _: BuiltinConnector(f"ws://{networks.ROOM}:{PORT}/rooms/demo/ws", TOKEN, patience=patience)


@asynccontextmanager
async def videoroom(folder: Path, net: Network, talk: Samples, patience: float) -> AsyncIterator[Connect]:
    async with janus_server(folder, PORT, videoroom=VIDEOROOM, host=networks.ROOM, before=net.at_room) as janus:
        place = Place(janus.url, 1234, "Room Monitor", pin="sesame")
        async with elsewhere(net.room, lambda: talker(replace(place, display="Ann"), talk, levels=True)):
            yield lambda ice: VideoRoomConnector(lambda: replace(place, ice=ice), patience)


@asynccontextmanager
async def audiobridge(folder: Path, net: Network, talk: Samples, patience: float) -> AsyncIterator[Connect]:
    async with janus_server(folder, PORT, audiobridge=AUDIOBRIDGE, host=networks.ROOM, before=net.at_room) as janus:
        place, ann = Place(janus.url, 1234, "Room Monitor", pin="sesame"), Place(janus.url, 1234, "Ann", pin="sesame")
        async with elsewhere(net.room, lambda: talker(ann, talk, plugin="audiobridge", levels=True)):
            yield lambda ice: AudioBridgeConnector(lambda: replace(place, ice=ice), patience)


@asynccontextmanager
async def whep(
    folder: Path, net: Network, talk: Samples, patience: float, host: str = networks.ROOM
) -> AsyncIterator[Connect]:
    async with whep_server(folder, PORT, host=host, before=net.at_room) as server:
        streams = (Stream(server.whep("Ann"), "Ann"),)
        async with elsewhere(net.room, lambda: publisher(server.whip("Ann"), talk)):
            yield lambda ice: WhepConnector(lambda: Streams(streams, ice), patience)


HALLS: dict[str, Hall] = {"builtin": builtin, "videoroom": videoroom, "audiobridge": audiobridge, "whep": whep}

__all__ = ["HALLS", "NOTHING", "PORT", "Connect", "Hall"]
