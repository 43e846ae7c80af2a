"""Many rooms at once: begun one after another, left together, and each on its own."""

from __future__ import annotations

import asyncio

import pytest

from monitor.errors import Refused
from monitor.keeper import Keeper
from monitor.model import RoomState
from tests.helpers.doors import Door, Kept

pytestmark = pytest.mark.looptime


def rooms(*doors: Door) -> list[Kept]:
    return [Kept(door, f"r{number}") for number, door in enumerate(doors)]


async def test_rooms_are_joined_one_after_another_and_left_together() -> None:
    kept, keeper = rooms(*(Door() for _ in range(6))), Keeper(stagger=0.1)
    async with asyncio.TaskGroup() as group:
        group.create_task(keeper.run([each.supervisor for each in kept]))
        await asyncio.sleep(1)
        assert all(each.supervisor.state is RoomState.LIVE for each in kept)
        keeper.stop()
    assert [each.door.tries[0] for each in kept] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert all(each.supervisor.state is RoomState.LEFT for each in kept)


async def test_a_stop_comes_before_those_that_have_not_begun() -> None:
    kept, keeper = rooms(Door(), Door()), Keeper(stagger=10)
    async with asyncio.TaskGroup() as group:
        group.create_task(keeper.run([each.supervisor for each in kept]))
        await asyncio.sleep(1)
        keeper.stop()
    assert asyncio.get_running_loop().time() == pytest.approx(1)
    assert kept[1].door.tries == []


async def test_one_that_is_refused_is_tried_again_and_another_is_not_disturbed() -> None:
    kept, keeper = rooms(Door(Refused("no"), Refused("no")), Door()), Keeper(again=100)
    async with asyncio.TaskGroup() as group:
        group.create_task(keeper.run([each.supervisor for each in kept]))
        await asyncio.sleep(50)
        assert keeper.retry("r0")
        assert not keeper.retry("nowhere")
        await asyncio.sleep(200)
        keeper.stop()
    assert len(kept[0].door.tries) == 3
    assert kept[0].door.tries[1] == pytest.approx(50)
    assert kept[1].states == [RoomState.JOINING, RoomState.LIVE, RoomState.LEAVING, RoomState.LEFT]


async def test_one_ends_and_another_begins_while_the_rest_goes_on() -> None:
    kept, keeper = rooms(Door(), Door(), Door()), Keeper()
    async with asyncio.TaskGroup() as group:
        group.create_task(keeper.run([each.supervisor for each in kept[:2]]))
        await asyncio.sleep(1)
        await keeper.end("r0")
        assert kept[0].supervisor.state is RoomState.LEFT
        keeper.begin(kept[2].supervisor)
        await keeper.end("nowhere")
        await asyncio.sleep(1)
        assert [each.supervisor.state for each in kept[1:]] == [RoomState.LIVE] * 2
        keeper.stop()
        keeper.begin(Kept(Door(), "late").supervisor)
    assert [each.supervisor.state for each in kept] == [RoomState.LEFT] * 3
