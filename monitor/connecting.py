"""From a room's settings to its connector: the one place that knows all kinds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import assert_never

from monitor.config import secret
from monitor.config_ice import IceSettings, TurnServer, for_room
from monitor.config_rooms import AnyRoom, JanusRoom, LiveKitRoom, RemoteRoom, Room, WhepRoom
from monitor.rooms.builtin.connector import BuiltinConnector
from monitor.rooms.connector import Connector
from monitor.rooms.janus.connector import AudioBridgeConnector, VideoRoomConnector
from monitor.rooms.janus.protocol import Place
from monitor.rooms.livekit.connector import LiveKitConnector
from monitor.rooms.livekit.protocol import Place as LiveKitPlace
from monitor.rooms.servers import NOTHING, Ice, Server, for_a_while, server
from monitor.rooms.whep.connector import WhepConnector
from monitor.rooms.whep.protocol import Place as WhepPlace
from monitor.rooms.whep.protocol import Stream

DEFAULT = IceSettings()


def connector_for(
    room: AnyRoom,
    *,
    builtin: str,
    monitor_token: str,
    ice: IceSettings = DEFAULT,
    notice: Callable[[], str] | None = None,
) -> Connector:
    """`builtin`: websocket address of the room, were it a built-in one; `monitor_token`: what opens those;
    `ice`: what holds for all rooms, where a room says nothing else; `notice`: what people are to be told now, None:
    what the room's settings say.

    Secrets are read at each try to join: a changed one counts from the next on. Joining raises ConfigInvalid where
    one can't be read.
    """
    match room:
        case Room():
            return BuiltinConnector(builtin, monitor_token)
        case JanusRoom(plugin="audiobridge"):
            return AudioBridgeConnector(lambda: _place(room, ice))
        case JanusRoom():
            return VideoRoomConnector(lambda: _place(room, ice))
        case WhepRoom():
            return WhepConnector(lambda: _streams(room, ice))
        case LiveKitRoom():
            return LiveKitConnector(lambda: _livekit(room, ice, room.notice if notice is None else notice()))
        case _:
            assert_never(room)


def ice_for(room: AnyRoom, base: IceSettings = DEFAULT) -> Ice:
    """How media finds its way to this room, credentials made or read now. Raises ConfigInvalid where a secret can't be
    read. A built-in room is on this machine: no server is asked for it."""
    if not isinstance(room, RemoteRoom):
        return NOTHING
    chosen = for_room(base, room.ice)
    servers = (*(server(url) for url in chosen.stun), *(_turn(one) for one in chosen.turn))
    return Ice(servers, relay_only=chosen.relay_only, ipv6=chosen.ipv6)


def _turn(one: TurnServer) -> Server:
    if one.secret:
        username, password = for_a_while(secret(one.secret), one.username, time.time())
    else:
        username, password = one.username, secret(one.password)
    return server(one.url, username, password)


def _place(room: JanusRoom, ice: IceSettings) -> Place:
    """Raises ConfigInvalid where a secret can't be read."""
    return Place(
        room.address,
        room.room,
        room.display,
        pin=secret(room.pin),
        token=secret(room.token),
        api_secret=secret(room.api_secret),
        secret=secret(room.secret),
        ice=ice_for(room, ice),
    )


def _streams(room: WhepRoom, ice: IceSettings) -> WhepPlace:
    """Raises ConfigInvalid where a secret can't be read."""
    everybody = secret(room.token)
    streams = (Stream(each.url, each.speaker, secret(each.token) or everybody) for each in room.streams)
    return WhepPlace(tuple(streams), ice_for(room, ice))


def _livekit(room: LiveKitRoom, ice: IceSettings, notice: str) -> LiveKitPlace:
    """Raises ConfigInvalid where a secret can't be read."""
    return LiveKitPlace(
        room.address,
        room.room,
        room.identity,
        room.display,
        notice=notice,
        hidden=room.hidden,
        token=secret(room.token),
        key=secret(room.api_key),
        secret=secret(room.api_secret),
        ice=ice_for(room, ice),
    )
