"""Those that wait are heard together only where that saves this machine anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from monitor.model import Transcript, Utterance, Word
from monitor.speech.batcher import Batcher, Outcome
from monitor.speech.company import KNOWN
from monitor.speech.recogniser import Hints
from tests.helpers.utterances import all_is_speech, spoken

ALONE = 0.02
"""Seconds that one takes by itself."""


class Machine:
    """A recogniser whose calls take as long as the test says, by a clock that only they move."""

    model = "model"

    def __init__(self, two: float) -> None:
        """`two`: seconds that two take together."""
        self.now = 0.0
        self.calls: list[int] = []
        self._two = two

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        self.calls.append(len(batch))
        self.now += ALONE if len(batch) == 1 else self._two
        word = Word("word", 0.0, 1.0, 0.9)
        return [Transcript(u, "en", (word,), self.model, 0.0, full=False) for u, _ in batch]


async def _nothing(_: Outcome) -> None:
    pass


@pytest.mark.parametrize(("two", "together"), [(0.030, True), (0.041, False)])
async def test_two_are_heard_in_one_call_as_long_as_that_takes_less(two: float, together: bool) -> None:
    machine = Machine(two)
    batcher = Batcher(
        machine,
        all_is_speech,
        veto=0.5,
        backlog_seconds=60,
        done=_nothing,
        clock=lambda: machine.now,
        together=3,
    )
    batcher.submit(spoken("first", track="first"), Hints())
    machine.now = 1.0  # it has waited: from here on, no other readings are looked for
    running = asyncio.create_task(batcher.run())
    await batcher.settle()
    for n in range(KNOWN):
        batcher.submit(spoken(f"one {n}", track="one"), Hints())
        await batcher.settle()
    known = len(machine.calls)
    for n in range(2 * KNOWN):
        batcher.submit(spoken(f"this {n}", track="this"), Hints())
        batcher.submit(spoken(f"that {n}", track="that"), Hints())
        await batcher.settle()
    batcher.close()
    await running
    tried, then = machine.calls[known : known + KNOWN], machine.calls[known + KNOWN :]
    assert tried == [2] * KNOWN
    assert set(then) == ({2} if together else {1})
