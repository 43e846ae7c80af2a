"""A cancellation waits for work that must not be broken off."""

from __future__ import annotations

import asyncio

import pytest

from monitor.rooms.whole import whole


async def test_its_result_and_its_error_come_out() -> None:
    async def fail() -> None:
        raise ValueError("no")

    assert await whole(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(ValueError, match="no"):
        await whole(fail())


async def test_the_work_is_done_before_the_cancellation_comes_through() -> None:
    go, steps = asyncio.Event(), []

    async def work() -> None:
        await go.wait()
        steps.append("done")

    async def caller() -> None:
        try:
            await whole(work())
        finally:
            steps.append("out")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(caller())
        await asyncio.sleep(0)
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
        assert steps == []
        go.set()
        await asyncio.wait([task])
    assert steps == ["done", "out"]
    assert task.cancelled()
