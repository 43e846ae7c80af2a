"""Rooms behind bad networks: what was lost is on the record with its cause, and the monitor is back. No Whisper."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from monitor.hearing.coverage import Book
from monitor.model import Heard, RoomState
from monitor.rooms.backoff import Backoff
from monitor.rooms.connector import Connector
from monitor.rooms.supervisor import RoomSupervisor
from monitor.watch import RoomWatch
from tests.helpers import networks
from tests.helpers.floor import ROOM, Row, Typist, all_tracks, house, room_gaps, watch
from tests.helpers.halls import NOTHING, Hall, builtin, videoroom
from tests.helpers.networks import Network
from tests.helpers.room_server import until
from tests.helpers.voicelike import voice

PATIENCE = 1.0
SLACK = 0.7
"""Seconds by which the clocks of tracks, packets and rooms may differ in sum."""


@pytest.fixture
def net() -> Iterator[Network]:
    with networks.network() as made:
        yield made


class Monitored:
    """A room under the eyes of the monitor."""

    def __init__(self, room: RoomWatch, book: Book) -> None:
        self.room = room
        self._book = book

    def heard(self) -> float:
        """Seconds of speech."""
        told = self._book.room(ROOM).seconds
        return told.get(Heard.EXAMINED, 0.0) + told.get(Heard.PENDING, 0.0)

    def lost(self) -> float:
        return self._book.room(ROOM).seconds.get(Heard.LOST_NETWORK, 0.0)

    async def hears(self, seconds: float, patience: float = 20.0) -> None:
        """Wait until so much more was heard."""
        wanted = self.heard() + seconds
        await until(lambda: self.heard() > wanted, patience)

    async def becomes(self, *states: RoomState, patience: float = 20.0) -> None:
        await until(lambda: self.room.state in states, patience)


@asynccontextmanager
async def monitored(folder: Path, connector: Connector) -> AsyncIterator[Monitored]:
    """The house half behind a real supervisor, until the block ends; all is then in the database."""
    async with house(folder, Typist(), lambda _: None) as built, asyncio.TaskGroup() as tasks:
        drained = tasks.create_task(built.batcher.run())
        room = watch(built, time.time)
        supervisor = RoomSupervisor(ROOM, connector, room.on_track, room.on_state, backoff=Backoff(0.1, 0.5))
        staying = tasks.create_task(supervisor.run())
        yield Monitored(room, built.book)
        supervisor.stop()
        await staying
        built.batcher.close()
        await drained
        await room.checkpoint()
        await room.close()


def anns(folder: Path) -> list[Row]:
    """Ann's track, or tracks; each adds up, and every lost second has its entry."""
    rows = [row for _, row in all_tracks(folder)]
    for row in rows:
        assert row.closed is not None
        assert row.total == pytest.approx(row.closed - row.opened, abs=SLACK)
        lost = {state: seconds for state, seconds in row.seconds.items() if state.startswith("lost-")}
        assert row.gaps == pytest.approx(lost, abs=0.002)
    return rows


@pytest.mark.parametrize("hall", [videoroom])
async def test_a_bad_cable(hall: Hall, net: Network, tmp_path: Path) -> None:
    """Packets in another order, or twice, are no loss; what never came is on the record."""
    async with hall(tmp_path, net, voice(30), PATIENCE) as connect, monitored(tmp_path, connect(NOTHING)) as there:
        await there.hears(0.5)
        net.cable.swap = net.cable.double = 0.1
        await there.hears(2.0)
        net.cable.swap = net.cable.double = 0.0
        await there.hears(0.3)
        assert there.lost() == 0
        net.cable.loss, net.cable.swap = 0.25, 0.05
        await there.hears(1.5)
        net.cable.loss = net.cable.swap = 0.0
    assert min(net.cable.swapped, net.cable.doubled, net.cable.lost) > 3
    (ann,) = anns(tmp_path)
    assert 0.05 < ann.seconds["lost-network"] < 1.5
    assert ann.seconds["examined"] > 3


@pytest.mark.parametrize("hall", [builtin])
async def test_a_cable_that_is_cut_and_mended(hall: Hall, net: Network, tmp_path: Path) -> None:
    """All the time of the outage is on the record, as loss or as a gap of the room, and Ann is heard again."""
    await _outage(hall, net, tmp_path, _cut)


async def _cut(net: Network, there: Monitored) -> None:
    net.cable.cut = True
    await there.becomes(RoomState.WAITING, RoomState.JOINING)
    await asyncio.sleep(1)
    net.cable.cut = False


@pytest.mark.parametrize("hall", [videoroom])
async def test_the_monitor_moves_to_another_network(hall: Hall, net: Network, tmp_path: Path) -> None:
    """Its old address is gone, with all that was bound to it."""
    await _outage(hall, net, tmp_path, _move)


async def _move(net: Network, there: Monitored) -> None:
    net.move()
    await there.becomes(RoomState.WAITING, RoomState.JOINING)


@pytest.mark.parametrize("hall", [videoroom])
async def test_a_firewall_closes_udp_in_the_middle_of_a_visit(hall: Hall, net: Network, tmp_path: Path) -> None:
    """Signalling goes on, media doesn't: the room is not taken for a silent one."""
    await _outage(hall, net, tmp_path, _close_udp)


async def _close_udp(net: Network, there: Monitored) -> None:
    net.firewall("meta l4proto udp drop")
    await there.becomes(RoomState.WAITING, RoomState.JOINING)
    await asyncio.sleep(1)
    net.firewall()


async def _outage(hall: Hall, net: Network, folder: Path, happens: Callable[[Network, Monitored], object]) -> None:
    async with hall(folder, net, voice(30), PATIENCE) as connect, monitored(folder, connect(NOTHING)) as there:
        await there.hears(1.0)
        await happens(net, there)  # type: ignore[misc]
        await there.hears(1.0)
    rows = anns(folder)
    assert len(rows) >= 2, "who is heard again has a new track"
    gaps = [
        (began, seconds) for began, seconds, cause in room_gaps(folder) if "the monitor was not in the room" in cause
    ]
    booked = sum(row.total for row in rows) + sum(seconds for _, seconds in gaps)
    span = (rows[-1].closed or 0) - rows[0].opened
    assert booked == pytest.approx(span, abs=0.9), (rows, gaps)
    assert rows[0].seconds["lost-network"] == pytest.approx(PATIENCE, abs=1.2), "until it was noticed"
    assert rows[0].seconds["examined"] > 0.8
    assert rows[-1].seconds["examined"] > 0.8
