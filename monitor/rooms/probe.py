"""Joining a room for a few seconds, to say how far one comes: what `room-monitor rooms probe` does.

Works with every kind of room: connectors tell of the steps that can't be seen from outside (`progress`), the rest is
what comes out of their tracks. `verdict.py` makes the report of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import numpy as np

from monitor.errors import ConnectionLost, Refused, Step
from monitor.model import FRAME, RATE, AudioFrame, Origin
from monitor.rooms.connector import Connector, Session, Track
from monitor.rooms.gather import Gathering
from monitor.rooms.progress import SaysWhoTalks, observed
from monitor.rooms.servers import NOTHING, Ice
from monitor.rooms.verdict import Notes, Report, Voice, report

JOIN_SECONDS = 20.0
"""How long a join may take before it counts as failed; connectors give up by themselves before that."""
ENOUGH = 3.0
"""Seconds of listening once somebody is heard: loss can hardly be judged by less."""
LOOK = 0.1
SILENCE = 50.0
"""Root mean square of a frame, of 32768, from which it counts as sound: -56 dBFS. A muted microphone has less."""


async def probe(
    connector: Connector,
    *,
    ice: Ice = NOTHING,
    seconds: float = 10.0,
    enough: float = ENOUGH,
    clock: Callable[[], float] | None = None,
) -> Report:
    """Join, listen for at most so many seconds, leave; once somebody is heard `enough` seconds more will do.

    `ice`: what the connector was made with. `clock`: steady.

    Raises nothing of what it looks for: all that is in the report.
    """
    notes = Notes(clock or asyncio.get_running_loop().time)
    with observed(notes):
        await _ask_servers(notes, ice)
        try:
            await _visit(connector, notes, seconds, enough)
        except (ConnectionLost, Refused) as error:
            notes.broke(error)
    return report(notes)


async def _ask_servers(notes: Notes, ice: Ice) -> None:
    """Each STUN and TURN server gets asked, whether or not a path needs it."""
    if ice.relay_only and not any(server.kind == "turn" for server in ice.servers):
        notes.failed(Step.RELAY, "relays only, and no TURN server is named")
    if ice.servers:
        asking = Gathering(ice_controlling=False, ice=ice)
        try:
            await asking.gather_candidates()
        finally:
            await asking.close()


async def _visit(connector: Connector, notes: Notes, seconds: float, enough: float) -> None:
    async with AsyncExitStack() as stack:
        notes.began(Step.SIGNALLING)
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                session = await stack.enter_async_context(connector.join())
        except TimeoutError:
            raise ConnectionLost(f"the join was not done after {JOIN_SECONDS:g} s", step=notes.stuck_at()) from None
        for step in (Step.SIGNALLING, Step.PERMISSION, Step.ROOM):
            notes.reached(step)
        await _listen(session, notes, seconds, enough, roster=connector.capabilities.reports_roster)


async def _listen(session: Session, notes: Notes, seconds: float, enough: float, *, roster: bool) -> None:
    """Until enough is known, or the time is over. Raises ConnectionLost or Refused where the visit ends badly."""
    errors: list[ConnectionLost | Refused] = []

    async def follow() -> None:
        try:
            async for track in session.tracks():
                tasks.append(group.create_task(_hear(track, notes)))  # noqa: PERF401  each starts at once
        except (ConnectionLost, Refused) as error:
            errors.append(error)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(follow())]
        until = notes.now() + seconds
        while notes.now() < until and not errors and not notes.enough(enough):
            if roster:
                notes.present = tuple(speaker.name for speaker in session.roster())
            if isinstance(session, SaysWhoTalks):
                notes.said(session.talking())
            await asyncio.sleep(LOOK)
        for task in tasks:
            task.cancel()
    if errors:
        raise errors[0]


async def _hear(track: Track, notes: Notes) -> None:
    voice = notes.voice(track.speaker.name)
    async for frame in track.frames():
        _count(frame, voice)
        if frame.origin is Origin.HEARD:
            notes.reached(Step.MEDIA, f"from {voice.name}")
        elif frame.origin is Origin.FOREIGN:
            notes.failed(Step.MEDIA, f"{voice.name} can't be heard: {frame.cause}")
        if voice.sound:
            notes.reached(Step.SOUND, f"{voice.name} is heard")


def _count(frame: AudioFrame, voice: Voice) -> None:
    seconds = FRAME / RATE
    voice.seconds += seconds
    if frame.origin is Origin.LOST:
        voice.lost += seconds
    elif frame.origin is Origin.HEARD and float(np.sqrt(np.mean(frame.samples.astype(np.float64) ** 2))) > SILENCE:
        voice.sound += seconds
