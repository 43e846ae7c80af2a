"""What was heard is handed over in order by track, at the same time for others, and boundedly."""

from __future__ import annotations

import asyncio

import pytest

from monitor.model import Heard
from monitor.speech.outcomes import GivenUp, Outcome, utterance_of
from monitor.speech.telling import AT_ONCE, MANY, Telling
from tests.helpers.utterances import spoken


def outcome(name: str, track: str) -> Outcome:
    return GivenUp(spoken(name, track=track), "", Heard.LOST_ERROR)


class Desk:
    """Takes what is handed over, and keeps each until it is let go."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.telling = Telling(self.take, self.changed.set)
        self.at_work: dict[str, asyncio.Event] = {}
        self.taken: list[str] = []

    async def take(self, one: Outcome) -> None:
        name = utterance_of(one).id
        self.taken.append(name)
        self.at_work[name] = asyncio.Event()
        await self.at_work[name].wait()

    async def let_go(self, name: str, tasks: asyncio.TaskGroup) -> None:
        self.changed.clear()
        self.at_work.pop(name).set()
        await self.changed.wait()
        self.telling.go_on(tasks)
        await asyncio.sleep(0)

    async def let_all_go(self, tasks: asyncio.TaskGroup) -> None:
        while self.telling:
            await self.let_go(next(iter(self.at_work)), tasks)


async def test_those_of_a_track_come_in_order_and_wait_for_no_other_track() -> None:
    desk = Desk()
    for name, track in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a")):
        desk.telling.add(outcome(name, track))
    async with asyncio.TaskGroup() as tasks:
        desk.telling.go_on(tasks)
        await asyncio.sleep(0)
        assert desk.taken == ["a1", "b1"]
        await desk.let_go("a1", tasks)
        assert desk.taken == ["a1", "b1", "a2"]
        await desk.let_all_go(tasks)
    assert desk.taken == ["a1", "b1", "a2", "a3"]


async def test_so_many_at_once_and_the_rest_is_told_as_too_much() -> None:
    desk = Desk()
    for n in range(AT_ONCE + MANY):
        desk.telling.add(outcome(f"u{n}", f"t{n}"))
    async with asyncio.TaskGroup() as tasks:
        desk.telling.go_on(tasks)
        await asyncio.sleep(0)
        assert len(desk.taken) == AT_ONCE
        assert desk.telling.full
        await desk.let_go("u0", tasks)
        assert not desk.telling.full
        await desk.let_all_go(tasks)
    assert desk.taken == [f"u{n}" for n in range(AT_ONCE + MANY)]


async def test_what_is_not_told_yet_can_still_be_changed() -> None:
    desk = Desk()
    for name in ("a1", "a2", "a3"):
        desk.telling.add(outcome(name, "a"))
    async with asyncio.TaskGroup() as tasks:
        desk.telling.go_on(tasks)
        await asyncio.sleep(0)
        desk.telling.change(lambda one: None if utterance_of(one).id == "a2" else outcome("other", "a"))
        await desk.let_all_go(tasks)
    assert desk.taken == ["a1", "other"]


async def test_a_failure_ends_the_group_and_nothing_more_is_handed_over() -> None:
    taken: list[str] = []

    async def fails(one: Outcome) -> None:
        taken.append(utterance_of(one).id)
        raise KeyError("store")

    telling = Telling(fails, lambda: None)
    telling.add(outcome("a1", "a"))
    telling.add(outcome("a2", "a"))
    with pytest.raises(ExceptionGroup) as raised:
        async with asyncio.TaskGroup() as tasks:
            await telling.finish(tasks)
    assert [type(error) for error in raised.value.exceptions] == [KeyError]
    assert telling.failed
    assert taken == ["a1"]
