"""Lists are reloaded each second while ten rooms are heard at twenty times the speed of speech: by count, nothing that
was said is missed and nothing is found twice.

The speakers say a keyword at known moments of their tracks, some of them where a long utterance is cut and its audio
comes twice. The recogniser is unsure of every other one and has it only in its second reading. What the lists must find
follows from the script alone.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import numpy as np

from monitor.house import House
from monitor.messages import AlertChanged, AlertRaised, HeardMessage, Numbered
from monitor.model import FRAME, RATE, AudioFrame, Samples, Speaker, Transcript, Utterance, Way, Word
from monitor.speech.recogniser import Hints
from monitor.watch import RoomFacts, RoomWatch
from tests.helpers.floor import house
from tests.helpers.voicelike import silence, voice

ROOMS, SPEED = 10, 20
STRETCHES = (
    3.0,
    20.0,
    5.0,
    2.5,
    11.0,
    3.5,
    17.0,
    4.0,
    2.0,
    9.5,
    6.0,
    3.0,
)  # seconds of talk, a pause of 1.2 after each
PAUSE, STEP = 1.2, 1.3
RELOADS_WANTED = 3


def moments() -> list[float]:
    """Media times at which each speaker says the keyword: every 1.3 s of talk, not at its edges."""
    said, at = [], 0.0
    for seconds in STRETCHES:
        said += [at + 0.5 + n * STEP for n in range(int((seconds - 1.2) / STEP) + 1)]
        at += seconds + PAUSE
    return said


class OnTime:
    """A recogniser that writes what the script has in the utterance's time: keywords, with fillers between."""

    model = "script"

    def __init__(self) -> None:
        self.heard = 0

    def transcribe(self, batch: Sequence[tuple[Utterance, Hints]]) -> list[Transcript]:
        ((utterance, _),) = batch
        self.heard += 1
        best, other = _written(utterance, ("red", "read")), _written(utterance, ("red", "red"))
        return [Transcript(utterance, "en", best, self.model, 0.0, alternatives=(other,))]


def _written(utterance: Utterance, colours: tuple[str, str]) -> tuple[Word, ...]:
    """Every other keyword is misheard in the best text, and right in the other reading."""
    begin, end = utterance.start / RATE, utterance.end / RATE
    words = []
    for number, at in enumerate(moments()):
        colour = colours[number % 2]
        for text, start in ((f" {colour}", at), (" flag", at + 0.25), (f" filler{round(at * 10)}", at + 0.6)):
            if begin <= start and start + 0.25 <= end:
                words.append(Word(text, start, start + 0.25, 0.9))
    return tuple(words)


class Hurried:
    """A track whose frames come at SPEED times real time."""

    def __init__(self, room: str, audio: Samples) -> None:
        self.id = f"track-{room}"
        self.speaker = Speaker(f"speaker-{room}", "Ann")
        self._audio = audio

    async def frames(self) -> AsyncIterator[AudioFrame]:
        began = time.monotonic()
        for start in range(0, len(self._audio) - FRAME + 1, FRAME):
            if start % RATE == 0:
                await asyncio.sleep(max(0.0, began + start / RATE / SPEED - time.monotonic()))
            yield AudioFrame(start, self._audio[start : start + FRAME], arrived=fast())


def fast() -> float:
    """Wall time as the rooms live through it."""
    return 1_000_000 + time.monotonic() * SPEED


def words(version: int) -> str:
    """The list as of a reload: the keyword's rule stays, rules beside it come and go, so does its severity."""
    other = "\n".join(f'  "other {n} of {version}",' for n in range(500))
    severity = ("high", "medium")[version % 2]
    return f'name = "test"\ntitle = "Test"\nseverity = "{severity}"\nphrases = [\n  "red flag",\n{other}\n]\n'


async def test_nothing_is_missed_and_nothing_found_twice(tmp_path: Path) -> None:
    told: list[Numbered] = []
    parts = [part for n, s in enumerate(STRETCHES) for part in (voice(s, seed=n), silence(PAUSE))]
    audio = np.concatenate(parts)
    typist, reloads = OnTime(), 0
    cut: Counter[str] = Counter()
    async with house(tmp_path, typist, told.append, clock=fast, backlog=1e6, words=words(0)) as built:

        async def reload() -> None:
            """As the service does it, each second."""
            nonlocal reloads
            while True:
                await asyncio.sleep(1.0)
                (tmp_path / "lists" / "test.toml").write_text(words(reloads + 1), "utf-8")
                reloads += bool((await asyncio.to_thread(built.library.poll)).changed)

        def hand_over(utterance: Utterance) -> None:
            cut[utterance.room] += 1
            built.pipeline.accept(utterance)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(built.run())
            reloading = tasks.create_task(reload())
            async with asyncio.TaskGroup() as listening:
                for number in range(ROOMS):
                    room = f"room-{number}"
                    listening.create_task(made(built, room, hand_over).on_track(Hurried(room, audio)))
            await built.settle()
            reloading.cancel()
            built.batcher.close()
        hits = await built.store.stored_hits(limit=10_000)
    heard = [m for m in told if isinstance(m, HeardMessage)]
    assert reloads >= RELOADS_WANTED
    assert len({stored.hit.list_version for stored in hits}) >= RELOADS_WANTED
    assert len(heard) == typist.heard == cut.total()
    assert len({m.utterance for m in heard}) == len(heard)
    expected = moments()
    for number in range(ROOMS):
        found = sorted(stored.hit.start for stored in hits if stored.room == f"room-{number}")
        assert [round(at, 2) for at in found] == [round(at, 2) for at in expected]
    ways = Counter(stored.hit.way for stored in hits)
    assert ways == {Way.EXACT: ROOMS * -(-len(expected) // 2), Way.ALTERNATIVE: ROOMS * (len(expected) // 2)}
    alerts = {m.alert.id: m.alert.count for m in told if isinstance(m, AlertRaised | AlertChanged)}
    assert sum(alerts.values()) == len(hits) == ROOMS * len(expected)


def made(built: House, room: str, hand_over: Callable[[Utterance], None]) -> RoomWatch:
    return RoomWatch(
        RoomFacts(room, room),
        book=built.book,
        store=built.store,
        rules=built.rules,
        aggressiveness=1,
        hand_over=hand_over,
        talking=lambda _room, _speaker, _on: None,
        forget=built.pipeline.forget,
        ids=lambda: uuid.uuid4().hex,
        clock=fast,
    )
