"""Promise 1 on the real service: its rooms over loopback, its order of stopping, its database. No Whisper."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from monitor.app import Service
from monitor.config import Keywords, Settings, Speech, Storage, Web
from monitor.config_rooms import Room
from monitor.messages import Behind, GapNoted, Numbered
from monitor.model import RoomState, Utterance
from monitor.rooms.backoff import Backoff
from monitor.rooms.builtin.connector import BuiltinConnector
from monitor.rooms.builtin.speak import speak
from monitor.rooms.ice import allow_loopback
from monitor.rooms.supervisor import RoomSupervisor
from monitor.watch import NOTED_GAP
from tests.helpers.floor import ROOM, Row, Typist, house, room_gaps, tracks, watch
from tests.helpers.people import person
from tests.helpers.room_server import room_server, until
from tests.helpers.voicelike import silence, voice

TOKEN = "the same for both servers"
DELAY = 0.35
"""Seconds by which the clock of a track and that of its packets may differ."""


Told = list[Numbered]
Stop = Callable[[], None]
Beside = Callable[[str, Told, Stop], Awaitable[None]]


async def serve(directory: Path, typist: Typist, beside: Beside, *, grace: float = 30.0, backlog: float = 60.0) -> Told:
    """Run the service in one room until `beside` has returned or stops it. `beside` gets the room's address."""
    settings = Settings(
        rooms=(Room(id=ROOM, name="Lobby"),),
        web=Web(port=0),
        storage=Storage(data=directory),
        keywords=Keywords(lists=directory / "lists"),
        speech=Speech(early=0.0),  # what the recogniser was given is counted: whole utterances, no looks before
        grace=grace,
    )
    allow_loopback()
    service, messages = Service(settings), Told()

    def told(message: Numbered) -> None:
        messages.append(message)
        service.told(message)

    async def then_stop(url: str) -> None:
        await beside(f"{url.replace('http', 'ws', 1)}/rooms/{ROOM}/ws", messages, service.stop)
        service.stop()

    async with house(directory, typist, told, backlog=backlog) as built:
        await service.serve(built, then_stop)
        await built.store.end_session(clean=True)
    return messages


def row_of(directory: Path, name: str = "Ann") -> Row:
    """A track in the database, which must add up."""
    row = tracks(directory)[name]
    assert row.closed is not None
    assert row.total == pytest.approx(row.closed - row.opened, abs=DELAY)
    lost = {state: seconds for state, seconds in row.seconds.items() if state.startswith("lost-")}
    assert row.gaps == pytest.approx(lost, abs=0.002)
    assert "pending" not in row.seconds
    return row


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """A recogniser may wait for it; it opens at the end in any case, so that no thread is left."""
    gate = threading.Event()
    yield gate
    gate.set()


async def test_a_stop_in_mid_word_examines_all_of_it_within_the_grace(tmp_path: Path) -> None:
    typist = Typist(lambda _: "nothing much")
    talk = [voice(1.5), silence(1), voice(60, seed=1)]

    async def speaking(url: str, _told: Told, stop: Stop) -> None:
        async with person(url, "Ann", *talk, loop=False):
            await until(lambda: len(typist.heard) == 1, 20)
            await asyncio.sleep(2.0)  # in the middle of the second one, which lasts for 60 s
            stop()
            await asyncio.sleep(3600)  # Ann goes on: she is cancelled as the monitor leaves

    await serve(tmp_path, typist, speaking)
    row = row_of(tmp_path)
    assert len(typist.heard) == 2
    assert not any(state.startswith("lost-") for state in row.seconds)
    assert row.seconds["examined"] > 2


async def test_a_lossy_network_costs_its_speaker_what_never_came_and_nobody_else(tmp_path: Path) -> None:
    chance = random.Random(3)
    talk = [voice(2), voice(2, seed=1), voice(2, seed=2)]

    async def speaking(url: str, _told: Told, _stop: Stop) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(speak(url, "clear", talk, pause=1.0, loop=False))
            tasks.create_task(speak(url, "lossy", talk, pause=1.0, loop=False, lost=lambda: chance.random() < 0.2))

    await serve(tmp_path, Typist(), speaking)
    clear, lossy = row_of(tmp_path, "clear"), row_of(tmp_path, "lossy")
    assert set(clear.seconds) == {"silence", "examined"}
    assert 0.1 < lossy.seconds["lost-network"] < 2
    assert lossy.total == pytest.approx(clear.total, abs=DELAY)


async def test_what_the_grace_cuts_off_is_on_the_record(tmp_path: Path, gate: threading.Event) -> None:
    def stuck(utterance: Utterance) -> str:
        if len(typist.heard) > 1:
            assert gate.wait(60)
        return "nothing much"

    typist = Typist(stuck)

    async def speaking(url: str, _told: Told, _stop: Stop) -> None:
        async with person(url, "Ann", voice(1.5), silence(1), voice(2), silence(1), voice(60), loop=False):
            await until(lambda: len(typist.heard) == 2, 20)
            await asyncio.sleep(0.5)

    told = await serve(tmp_path, typist, speaking, grace=0.3)
    row = row_of(tmp_path)
    assert row.seconds["lost-error"] > 2.0
    assert row.seconds["examined"] > 1.0
    assert "the stop's deadline came first" in {m.cause for m in told if isinstance(m, GapNoted)}


async def test_the_service_says_when_it_is_behind_and_when_it_is_up_again(
    tmp_path: Path, gate: threading.Event
) -> None:
    def stuck(_: Utterance) -> str:
        assert gate.wait(60)
        return "nothing much"

    talk = [part for n in range(4) for part in (voice(1, seed=n), silence(0.8))]

    def recovered(told: Told) -> list[bool]:
        return [message.recovered for message in told if isinstance(message, Behind)]

    async def speaking(url: str, told: Told, _stop: Stop) -> None:
        async with person(url, "Ann", *talk, silence(60), loop=False):
            await until(lambda: recovered(told)[:1] == [False], 20)
            gate.set()
            await until(lambda: recovered(told)[-1], 20)

    told = await serve(tmp_path, Typist(stuck), speaking, backlog=2.0)
    row = row_of(tmp_path)
    assert row.seconds["lost-overload"] > 0.5
    assert row.seconds["examined"] > 0.5
    last = [message for message in told if isinstance(message, Behind)][-1]
    assert last.lost_seconds == pytest.approx(row.seconds["lost-overload"], abs=0.002)


async def test_a_room_that_breaks_and_is_joined_again(tmp_path: Path, unused_tcp_port: int) -> None:
    allow_loopback()
    async with house(tmp_path, Typist(), lambda _: None) as built, asyncio.TaskGroup() as tasks:
        drained = tasks.create_task(built.batcher.run())
        room = watch(built, time.time)
        connector = BuiltinConnector(f"ws://127.0.0.1:{unused_tcp_port}/rooms/demo/ws", TOKEN)
        supervisor = RoomSupervisor(ROOM, connector, room.on_track, room.on_state, backoff=Backoff(0.1, 0.2))
        tasks.create_task(supervisor.run())
        for visit, name in enumerate(("Ann", "Bob"), start=1):
            async with (
                room_server(port=unused_tcp_port, token=TOKEN) as running,
                person(running.url(), name, voice(30), loop=False),
            ):
                await until(lambda n=visit: built.book.room(ROOM).total > 1.5 * n)  # type: ignore[misc]
                await room.checkpoint()
                running.cut()
                await until(lambda: room.state is not RoomState.LIVE)
            await asyncio.sleep(NOTED_GAP)
        supervisor.stop()
        built.batcher.close()
        await drained
        await room.checkpoint()
        await room.close()
    ann, bob = row_of(tmp_path), row_of(tmp_path, "Bob")
    assert ann.closed is not None
    gaps = room_gaps(tmp_path)
    between = next(gap for gap in gaps if abs(gap[0] - ann.closed) < DELAY)
    assert between[0] + between[1] == pytest.approx(bob.opened, abs=2)  # whom the monitor found after it had joined
    assert all("the monitor was not in the room" in cause for _, _, cause in gaps)
