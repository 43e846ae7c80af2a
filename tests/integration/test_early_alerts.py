"""Alerts before the sentence ends, through the real pipeline, policy and database: raised on a look, then confirmed or
withdrawn by the whole, and one word is never in two alerts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from monitor.house import House
from monitor.messages import AlertChanged, AlertRaised, HeardMessage, Numbered
from monitor.model import RATE, AudioFrame, Cut, Heard, Speaker, Transcript, Utterance, Word
from monitor.speech.batcher import GivenUp, Transcribed, Vetoed
from tests.helpers.floor import ROOM, Clock, MemoryTrack, Part, Typist, Verdict, house, watch
from tests.helpers.room_server import until
from tests.helpers.voicelike import silence, voice

TRACK = "track"
SURE = Verdict(1.0, 1.0)


@dataclass
class Feed:
    """What was told."""

    told: list[Numbered] = field(default_factory=list)

    @property
    def raised(self) -> list[AlertRaised]:
        return [message for message in self.told if isinstance(message, AlertRaised)]

    @property
    def changed(self) -> list[AlertChanged]:
        return [message for message in self.told if isinstance(message, AlertChanged)]


@dataclass
class Desk:
    built: House
    told: Feed

    async def hears(
        self,
        text: str,
        seconds: float,
        *,
        open_: bool = False,
        start: float = 0.0,
        cut: Cut = Cut.SILENCE,
        step: float = 0.4,
    ) -> None:
        """The recogniser has heard this; a word every `step` seconds."""
        utterance = spoken(seconds, open_=open_, start=start, cut=cut)
        words = tuple(
            Word(f" {word}", start + n * 0.4, start + (n + 1) * 0.4, 0.9) for n, word in enumerate(text.split())
        )
        transcript = Transcript(utterance, "en", words, "base", 0.0)
        if not open_:
            self.built.book.open(f"{TRACK}{len(self.told.told)}", ROOM, utterance.speaker, 0.0)
        await self.built.pipeline.settle(Transcribed(transcript, SURE))


def spoken(seconds: float, *, open_: bool = False, start: float = 0.0, cut: Cut = Cut.SILENCE) -> Utterance:
    audio = np.zeros(round(seconds * RATE), np.int16)
    name = f"u{start}"
    return Utterance(
        name, ROOM, Speaker("s1", "Ann"), TRACK, 1000.0 + start, round(start * RATE), audio, cut, open=open_
    )


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    told = Feed()
    async with house(tmp_path, Typist(), told.told.append, clock=Clock()) as built:
        built.book.open(TRACK, ROOM, Speaker("s1", "Ann"), 0.0).extend(60 * RATE)
        yield Desk(built, told)


async def test_a_look_raises_a_tentative_alert_and_the_whole_confirms_it(desk: Desk) -> None:
    await desk.hears("ask not what your country can", 2.8, open_=True)
    (raised,) = desk.told.raised
    assert raised.alert.hits[0].tentative
    assert raised.alert.state == "open"
    assert not [m for m in desk.told.told if isinstance(m, HeardMessage)], "nothing is said of it but the alert"
    await desk.hears("ask not what your country can do for you", 4.0)
    (changed,) = desk.told.changed
    assert (changed.alert.id, changed.alert.state, changed.alert.count) == (raised.alert.id, "open", 1)
    assert not changed.alert.hits[0].tentative
    assert changed.alert.hits[0].after.strip() == "can do for you", "the reason is that of the whole"
    assert changed.seq > raised.seq
    assert len(desk.told.raised) == 1
    (stored,) = await desk.built.store.stored_hits()
    assert (stored.alert, stored.hit.tentative) == (raised.alert.id, False)


async def test_what_the_whole_does_not_hold_is_withdrawn_with_its_words(desk: Desk) -> None:
    await desk.hears("ask not what your country can", 2.8, open_=True)
    await desk.hears("ask not what your contract says to you", 4.0)
    (changed,) = desk.told.changed
    assert changed.alert.state == "withdrawn"
    (hit,) = changed.alert.hits
    assert hit.second is not None
    assert (hit.second.outcome, hit.second.model) == ("withdrawn", "base")
    assert "your contract" in hit.second.text
    assert await desk.built.store.stored_hits() == []


async def test_a_second_look_agrees_and_raises_nothing_more(desk: Desk) -> None:
    await desk.hears("ask not what your country", 2.5, open_=True)
    await desk.hears("ask not what your country can do", 3.5, open_=True)
    await desk.hears("ask not what your country can do for", 3.9, open_=True)
    assert len(desk.told.raised) == 1
    assert [message.alert.hits[0].tentative for message in desk.told.changed] == [False]


async def test_a_look_that_hears_something_else_withdraws_nothing_yet(desk: Desk) -> None:
    await desk.hears("ask not what your country can", 2.8, open_=True)
    await desk.hears("ask not what your contract says to", 3.4, open_=True)
    assert desk.told.changed == []
    await desk.hears("ask not what your country can do for you", 4.0)
    assert len(desk.told.raised) == 1
    assert desk.told.changed[-1].alert.state == "open"


async def test_the_same_words_twice_are_two_hits_of_one_alert(desk: Desk) -> None:
    await desk.hears("your country", 1.2, open_=True)
    await desk.hears("your country well well your country now", 3.2)
    assert len(desk.told.raised) == 1
    assert desk.told.changed[-1].alert.count == 2
    assert [hit.tentative for hit in desk.told.changed[-1].alert.hits] == [False, False]
    assert len(await desk.built.store.stored_hits()) == 2


async def test_the_last_word_of_a_look_may_be_half_of_another(desk: Desk) -> None:
    await desk.hears("ask not what your country", 2.1, open_=True)  # it ends at 2.0
    assert desk.told.raised == []


async def test_what_a_cut_leaves_for_the_next_utterance_is_confirmed_there(desk: Desk) -> None:
    await desk.hears("one two three four your country six", 3.2, open_=True)
    (raised,) = desk.told.raised
    await desk.hears("one two three four", 1.7, cut=Cut.LENGTH)
    assert desk.told.changed == []
    await desk.hears("your country six seven", 2.0, start=1.6)
    assert len(desk.told.raised) == 1
    assert [message.alert.id for message in desk.told.changed] == [raised.alert.id]
    assert not desk.told.changed[0].alert.hits[0].tentative


async def test_a_whole_without_speech_withdraws_and_one_given_up_does_not(desk: Desk) -> None:
    await desk.hears("ask not what your country can", 2.8, open_=True)
    await desk.built.pipeline.settle(GivenUp(spoken(4.0), "too much waited", Heard.LOST_OVERLOAD))
    assert desk.told.changed == []
    await desk.built.pipeline.settle(Vetoed(spoken(4.0), Verdict(0.1, 0.0)))
    assert [message.alert.state for message in desk.told.changed] == ["withdrawn"]


@pytest.mark.parametrize("speech", [True, False])
async def test_what_was_put_aside_and_is_heard_late_says_nothing_of_what_was_said_after_it(
    desk: Desk, speech: bool
) -> None:
    await desk.hears("ask not what your country can", 2.8, open_=True, start=20.0)
    if speech:
        await desk.hears("one two three four", 2.0, start=5.0)
    else:
        await desk.built.pipeline.settle(Vetoed(spoken(2.0, start=5.0), Verdict(0.1, 0.0)))
    assert desk.told.changed == []
    await desk.hears("ask not what your country can do for you", 4.0, start=20.0)
    assert [message.alert.state for message in desk.told.changed] == ["open"]
    assert len(desk.told.raised) == 1


async def test_a_look_leaves_no_trace_in_what_comes_after(desk: Desk) -> None:
    """The whole's words are told in full, and a phrase across two looks' ends is found as without them."""
    await desk.hears("well your", 0.9, open_=True)
    await desk.hears("well your country can do", 2.2)
    (heard,) = [message for message in desk.told.told if isinstance(message, HeardMessage)]
    assert heard.text.split() == ["well", "your", "country", "can", "do"]
    assert len(desk.told.raised) == 1
    assert not desk.told.raised[0].alert.hits[0].tentative


async def test_somebody_who_goes_on_and_on_raises_before_the_end(tmp_path: Path) -> None:
    """The room's own way: frames → segmenter → looks → recogniser → alert, while the utterance is open."""
    told = Feed()
    clock, gate = Clock(), asyncio.Event()

    class Waiting(MemoryTrack):
        async def frames(self) -> AsyncIterator[AudioFrame]:
            async for frame in super().frames():
                if frame.start >= 5 * RATE:
                    await gate.wait()
                yield frame

    typist = Typist(lambda utterance: "ask not what your country can do" if utterance.seconds > 2.5 else "ask")
    async with house(tmp_path, typist, told.told.append, clock=clock) as built, asyncio.TaskGroup() as tasks:
        tasks.create_task(built.run())
        room = watch(built, clock, every=1.5)
        listening = tasks.create_task(room.on_track(Waiting(clock, [Part(voice(6.5)), Part(silence(1))])))
        await until(lambda: bool(told.raised), 60)
        assert told.raised[0].alert.hits[0].tentative
        gate.set()
        await listening
        built.batcher.close()
    assert len(told.raised) == 1
    assert not told.changed[-1].alert.hits[0].tentative
