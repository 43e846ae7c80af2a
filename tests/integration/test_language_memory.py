"""What a speaker spoke is remembered over utterances and connections, and forgotten with their consent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from monitor.model import Transcript, Utterance, Word
from monitor.speech.recogniser import Hints
from tests.helpers.floor import house
from tests.helpers.utterances import spoken


class Linguist:
    """Hears Chinese, and notes what was known before."""

    model = "linguist"

    def __init__(self) -> None:
        self.likely: list[str | None] = []

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        self.likely += [hints.likely for _, hints in batch]
        return [Transcript(u, "zh", (Word("你好", 0.0, 0.5, 0.9),), self.model, 0.0) for u, _ in batch]


async def test_it_is_known_after_a_new_connection_and_not_after_consent_ended(tmp_path: Path) -> None:
    linguist = Linguist()
    async with house(tmp_path, linguist, lambda _: None) as built, asyncio.TaskGroup() as tasks:
        tasks.create_task(built.batcher.run())

        async def hears(track: str, room: str = "lobby") -> None:
            said = replace(spoken(f"{track} {len(linguist.likely)}", track=track), room=room)
            built.book.open(track, room, said.speaker, 0.0)
            built.pipeline.accept(said)
            await built.batcher.settle()

        await hears("first")
        built.pipeline.forget("first")
        await hears("second")
        await hears("elsewhere", room="attic")
        built.pipeline.withdraw("lobby", ["second"], "consent was withdrawn")
        await hears("third")
        built.batcher.close()
    assert linguist.likely == [None, "zh", None, None]
