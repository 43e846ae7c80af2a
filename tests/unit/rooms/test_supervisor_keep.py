"""A room that refused, or whose visit broke by a bug of ours, is tried again: seldom, and told."""

from __future__ import annotations

import asyncio

import pytest

from monitor.errors import Refused
from monitor.model import RoomState
from tests.helpers.doors import Door, Kept

pytestmark = pytest.mark.looptime
S = RoomState


async def until_live(kept: Kept) -> None:
    while kept.supervisor.state is not S.LIVE:  # noqa: ASYNC110  what is waited for has no event
        await asyncio.sleep(1)


async def test_a_refused_room_is_tried_again_every_few_minutes_and_says_so() -> None:
    kept = Kept(Door(Refused("wrong PIN"), Refused("wrong PIN")))
    async with asyncio.TaskGroup() as group:
        group.create_task(kept.supervisor.keep(180, dice=lambda: 0.5))
        await until_live(kept)
        kept.supervisor.stop()
    assert kept.door.tries == pytest.approx([0, 180, 360])
    assert kept.states == [S.JOINING, S.FAILED, S.JOINING, S.FAILED, S.JOINING, S.LIVE, S.LEAVING, S.LEFT]
    assert kept.told[1] == (S.FAILED, "wrong PIN; tried again every 3 minutes")


async def test_so_is_one_that_broke_by_a_bug() -> None:
    kept = Kept(Door(ZeroDivisionError()))
    async with asyncio.TaskGroup() as group:
        group.create_task(kept.supervisor.keep(90, dice=lambda: 0.0))
        await until_live(kept)
        kept.supervisor.stop()
    assert kept.door.tries == pytest.approx([0, 0.75 * 90])
    assert kept.told[1][1].endswith("; tried again every 90 s")


async def test_a_stop_between_two_tries_leaves_at_once() -> None:
    kept = Kept(Door(Refused("no")))
    async with asyncio.TaskGroup() as group:
        group.create_task(kept.supervisor.keep(180))
        await asyncio.sleep(10)
        kept.supervisor.stop()
    assert asyncio.get_running_loop().time() == pytest.approx(10)
    assert kept.states == [S.JOINING, S.FAILED, S.LEFT]


async def test_somebody_may_ask_for_a_try_now() -> None:
    kept = Kept(Door(Refused("no")))
    async with asyncio.TaskGroup() as group:
        group.create_task(kept.supervisor.keep(180))
        await asyncio.sleep(10)
        kept.supervisor.retry()
        await asyncio.sleep(1)
        assert kept.states == [S.JOINING, S.FAILED, S.JOINING, S.LIVE]
        kept.supervisor.stop()


async def test_a_try_that_was_asked_for_while_it_was_live_is_not_kept_for_later() -> None:
    kept = Kept(Door())
    async with asyncio.TaskGroup() as group:
        group.create_task(kept.supervisor.keep(180))
        await until_live(kept)
        kept.supervisor.retry()
        await asyncio.sleep(1)
        assert kept.states == [S.JOINING, S.LIVE]
        kept.supervisor.stop()


async def test_the_first_try_may_wait_and_a_stop_meanwhile_makes_none() -> None:
    kept = Kept(Door())
    async with asyncio.TaskGroup() as group:
        group.create_task(kept.supervisor.keep(180, after=5))
        await asyncio.sleep(2)
        assert kept.told == []
        kept.supervisor.stop()
    assert kept.door.tries == []
    assert kept.states == [S.LEFT]
