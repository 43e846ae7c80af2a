"""From a room's settings to its connector: the one place that knows all kinds."""

from __future__ import annotations

from typing import assert_never

from monitor.config import secret
from monitor.config_rooms import AnyRoom, JanusRoom, Room
from monitor.rooms.builtin.connector import BuiltinConnector
from monitor.rooms.connector import Connector
from monitor.rooms.janus.connector import AudioBridgeConnector, VideoRoomConnector
from monitor.rooms.janus.protocol import Place


def connector_for(room: AnyRoom, *, builtin: str, monitor_token: str) -> Connector:
    """`builtin`: websocket address of the room, were it a built-in one; `monitor_token`: what opens those.

    Secrets are read at each try to join: a changed one counts from the next on. Joining raises ConfigInvalid where
    one can't be read.
    """
    match room:
        case Room():
            return BuiltinConnector(builtin, monitor_token)
        case JanusRoom(plugin="audiobridge"):
            return AudioBridgeConnector(lambda: _place(room))
        case JanusRoom():
            return VideoRoomConnector(lambda: _place(room))
        case _:
            assert_never(room)


def _place(room: JanusRoom) -> Place:
    """Raises ConfigInvalid where a secret can't be read."""
    return Place(
        room.address,
        room.room,
        room.display,
        pin=secret(room.pin),
        token=secret(room.token),
        api_secret=secret(room.api_secret),
    )
