"""The supervisor on a real built-in room whose server dies and comes back."""

from __future__ import annotations

import asyncio

import pytest

from monitor.model import RoomState
from monitor.rooms.backoff import Backoff
from monitor.rooms.builtin.connector import BuiltinConnector
from monitor.rooms.connector import Track
from monitor.rooms.supervisor import RoomSupervisor
from tests.helpers.people import Ear, person, tone
from tests.helpers.room_server import room_server, until

TOKEN = "the same for both servers"


class Watch:
    def __init__(self) -> None:
        self.ears: list[Ear] = []
        self.states: list[tuple[RoomState, float]] = []

    async def listen(self, track: Track) -> None:
        self.ears.append(Ear(track))
        await self.ears[-1].listen()

    async def state(self, state: RoomState, _reason: str) -> None:
        self.states.append((state, asyncio.get_running_loop().time()))

    def supervisor(self, url: str) -> RoomSupervisor:
        connector = BuiltinConnector(url, TOKEN)
        return RoomSupervisor("demo", connector, self.listen, self.state, notice="We listen", backoff=Backoff(0.1, 0.5))


async def test_the_monitor_is_back_after_the_server_was_restarted(unused_tcp_port: int) -> None:
    watch = Watch()
    async with asyncio.TaskGroup() as group:
        supervisor: RoomSupervisor | None = None
        for visits in (1, 2):
            async with room_server(port=unused_tcp_port, token=TOKEN) as running:
                if supervisor is None:
                    supervisor = watch.supervisor(running.url())
                    group.create_task(supervisor.run())
                async with person(running.url(), "Ann", tone(400, 0.5)) as ann:
                    await until(lambda n=visits: len(watch.ears) == n and watch.ears[-1].seconds > 0.3)  # type: ignore[misc]
                    assert ann.visit.notice == "We listen"
                    running.cut()
                    await until(lambda: watch.ears[-1].ended)
        assert supervisor is not None
        supervisor.stop()
    states = [state for state, _ in watch.states]
    assert states.count(RoomState.LIVE) >= 2
    assert states[-1] is RoomState.LEFT
    assert len({ear.track.id for ear in watch.ears}) == 2


async def test_a_stop_while_live_hears_what_had_come_and_leaves(unused_tcp_port: int) -> None:
    watch = Watch()
    async with room_server(port=unused_tcp_port, token=TOKEN) as running, person(running.url(), "Ann", tone(400, 0.5)):
        supervisor = watch.supervisor(running.url())
        async with asyncio.TaskGroup() as group:
            group.create_task(supervisor.run())
            await until(lambda: bool(watch.ears) and watch.ears[0].seconds > 0.2)
            supervisor.stop()
        assert supervisor.state is RoomState.LEFT
        assert watch.ears[0].ended
        await until(lambda: [card["name"] for card in running.rooms.participants("demo")] == ["Ann"])


@pytest.mark.parametrize("token", ["wrong"])
async def test_a_wrong_token_fails_the_room_without_trying_again(token: str) -> None:
    watch = Watch()
    async with room_server(token=token) as running:
        supervisor = watch.supervisor(running.url())
        await supervisor.run()
    assert [state for state, _ in watch.states] == [RoomState.JOINING, RoomState.FAILED]
    assert "bad-token" in supervisor.reason
