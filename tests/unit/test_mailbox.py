"""The mailbox: bounded, closable, and closing loses nothing."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.mailbox import Closed, Mailbox


async def test_what_is_inside_at_closing_still_comes_out() -> None:
    box: Mailbox[int] = Mailbox(3)
    box.put_now(1)
    box.put_now(2)
    box.close()
    assert [item async for item in box] == [1, 2]
    with pytest.raises(Closed):
        box.put_now(3)


@given(st.lists(st.integers(), max_size=50), st.integers(1, 8))
def test_when_full_the_oldest_is_dropped_and_returned(items: list[int], size: int) -> None:
    box: Mailbox[int] = Mailbox(size)
    dropped = [gone for item in items if (gone := box.put_now(item)) is not None]
    assert len(box) == min(size, len(items))
    assert dropped == items[: max(0, len(items) - size)]


async def test_put_waits_for_room_and_keeps_the_order() -> None:
    box: Mailbox[int] = Mailbox(2)
    got: list[int] = []

    async def produce() -> None:
        for number in range(20):
            await box.put(number)
        box.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(produce())
        async for item in box:
            assert len(box) <= 2
            got.append(item)
    assert got == list(range(20))


async def test_closing_wakes_a_producer_that_waits() -> None:
    box: Mailbox[int] = Mailbox(1)
    box.put_now(1)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(_refused(box))
        await asyncio.sleep(0)
        box.close()
    assert waiting.result()


async def _refused(box: Mailbox[int]) -> bool:
    try:
        await box.put(2)
    except Closed:
        return True
    return False


def test_a_mailbox_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room"):
        Mailbox(0)
