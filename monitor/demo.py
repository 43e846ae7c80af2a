"""The demo: a room of its own, in which real WebRTC peers speak recordings of people, round and round."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path

import structlog

from monitor.app import Service
from monitor.config import Settings, Web
from monitor.config_rooms import Room
from monitor.errors import PortInUse
from monitor.fetch.recordings import Recording
from monitor.rooms.builtin.script import Turn
from monitor.rooms.builtin.speak import speak

log = structlog.get_logger()

ROOM = Room(id="demo", name="Demo room", languages=("en",))
PAUSE = 1.5
"""Seconds between two recordings."""


def settings_for(base: Settings, data: Path) -> Settings:
    """The demo's settings: its own room and its own data directory, on this machine alone and without TLS."""
    web = Web(port=base.web.port)
    storage = base.storage.model_copy(update={"data": data})
    return base.model_copy(update={"rooms": (ROOM,), "storage": storage, "web": web})


async def run(settings: Settings, recordings: list[Recording], ready: Callable[[str, list[str]], None]) -> None:
    """Run the service with the speakers in the room. `ready` gets the address and the speakers' names.

    Takes a free port when the configured one is in use. Raises OperatorError.
    """
    voices: dict[str, list[Recording]] = {}
    for recording in recordings:
        voices.setdefault(recording.speaker, []).append(recording)
    try:
        await Service(settings).run(_speakers(voices, ready))
    except PortInUse as error:
        log.warning("port in use, taking a free one", reason=str(error))
        web = Web(host=settings.web.host, port=0)
        await Service(settings.model_copy(update={"web": web})).run(_speakers(voices, ready))


def _speakers(
    voices: dict[str, list[Recording]], ready: Callable[[str, list[str]], None]
) -> Callable[[str], Coroutine[None, None, None]]:
    async def speakers(address: str) -> None:
        url = f"{address.replace('http', 'ws', 1)}/rooms/{ROOM.id}/ws"
        turn = Turn()
        ready(address, list(voices))
        async with asyncio.TaskGroup() as tasks:
            for name, recordings in voices.items():
                clips = [recording.samples for recording in recordings]
                tasks.create_task(speak(url, f"{name} (recording)", clips, pause=PAUSE, turn=turn))

    return speakers
