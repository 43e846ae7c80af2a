"""Promise 1 in a LiveKit room: what its network loses is in the ledger, even what the counters of the SDK miss."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from monitor.rooms.backoff import Backoff
from monitor.rooms.builtin.script import Script
from monitor.rooms.builtin.speak import Voice
from monitor.rooms.supervisor import RoomSupervisor
from tests.helpers.floor import ROOM, Row, Typist, house, tracks, watch
from tests.helpers.livekit_stage import connector
from tests.helpers.room_server import until
from tests.helpers.voicelike import voice
from tests.peers.livekit.server import livekit_server, puppet

DELAY = 0.35
"""Seconds by which the clock of a track and that of its packets may differ."""


async def heard(directory: Path, cut: int) -> Row:
    """Ann speaks without a pause; so many packets of hers are lost in a row; she goes on, and the monitor leaves."""
    lost = 0

    def losing() -> bool:
        nonlocal lost
        lost += 1
        return lost <= cut

    async with house(directory, Typist(), lambda _: None) as built, livekit_server() as server:
        room = watch(built, time.time)
        supervisor = RoomSupervisor(ROOM, connector(server), room.on_track, room.on_state, backoff=Backoff(0.1, 0.2))
        async with asyncio.TaskGroup() as tasks:
            drained = tasks.create_task(built.batcher.run())
            tasks.create_task(supervisor.run())
            async with puppet(server, "Ann", Voice("Ann", Script((voice(30),), loop=False))):
                await until(lambda: built.book.room(ROOM).total > 1.5, 20)
                server.room().clients[0].listening.lost = losing
                await until(lambda: lost > cut + 75, 20)
                supervisor.stop()
                await until(lambda: not server.room().clients, 20)
            built.batcher.close()
            await drained
        await room.checkpoint()
        await room.close()
    return tracks(directory)["Ann"]


async def test_a_cut_line_in_mid_speech_is_lost_in_the_ledger(tmp_path: Path) -> None:
    cut = 110  # libwebrtc counts what is missing up to 50
    row = await heard(tmp_path, cut)
    assert row.closed is not None
    assert row.total == pytest.approx(row.closed - row.opened, abs=DELAY)
    assert row.seconds["lost-network"] == pytest.approx(cut * 0.02, abs=DELAY), row
