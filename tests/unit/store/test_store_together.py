"""Writes that wait are committed together: in order, each whole or not at all, and told after the commit."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from monitor.messages import AlertRaised, Numbered, RoomChanged
from monitor.store.store import Store
from tests.helpers.storing import alert, database, room


async def test_many_at_once_are_stored_in_order_and_one_that_fails_fails_alone(tmp_path: Path) -> None:
    told: list[Numbered] = []
    failed: list[str] = []

    async def write(store: Store, number: int) -> None:
        try:
            if number % 10 == 3:
                await store.add_alert(alert("the same"))  # all but the first have an id that is taken
            else:
                await store.add_room(room(f"r{number}"))
        except IntegrityError:
            failed.append(f"r{number}")

    async with Store.open(database(tmp_path), told.append) as store:
        await store.begin_session()
        async with asyncio.TaskGroup() as group:
            for number in range(150):
                group.create_task(write(store, number))
        events = await store.events(0, 1000)
    assert failed == [f"r{number}" for number in range(13, 150, 10)]
    assert [each.room.id for each in told if isinstance(each, RoomChanged)] == [
        f"r{number}" for number in range(150) if number % 10 != 3
    ]
    assert sum(isinstance(each, AlertRaised) for each in told) == 1
    assert [each.seq for each in told] == sorted(each.seq for each in told)
    assert [each.seq for each in events] == [each.seq for each in told]
