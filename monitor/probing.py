"""From settings to a probe of one room."""

from __future__ import annotations

from typing import Any

from monitor.config import Settings
from monitor.config_rooms import AnyRoom, Room
from monitor.connecting import connector_for, ice_for
from monitor.rooms.builtin.connector import BuiltinConnector
from monitor.rooms.connector import Connector
from monitor.rooms.ice import allow_loopback
from monitor.rooms.probe import probe
from monitor.rooms.verdict import Report
from monitor.web.address import found

NAME = "Room Monitor (probe)"
OWN_NAME = ("display", "identity")
"""Settings of a room that say who we are there: a probe is somebody else than the service, or it would replace it."""


async def probe_room(room: AnyRoom, settings: Settings, seconds: float) -> Report:
    """Join as somebody of our own, beside the service that may be there. Raises ConfigInvalid where a secret can't be
    read."""
    allow_loopback()
    ice = ice_for(room, settings.ice)
    return await probe(_connector(room, settings), ice=ice, seconds=seconds)


def _connector(room: AnyRoom, settings: Settings) -> Connector:
    url = found(settings.storage.data) or f"http://{settings.web.host}:{settings.web.port}"
    page = f"{url.replace('http', 'ws', 1)}/rooms/{room.id}/ws"
    if isinstance(room, Room):
        # As a participant: the token of the monitor never leaves the service, and a built-in room is open to who comes.
        return BuiltinConnector(page, "", NAME, role="participant")
    shown: dict[str, Any] = {name: NAME for name in OWN_NAME if name in type(room).model_fields}
    return connector_for(room.model_copy(update=shown), builtin=page, monitor_token="", ice=settings.ice)
