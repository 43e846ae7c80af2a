"""Closing the tap: from that sample on nobody listens, and what was open goes no further."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import numpy as np
import pytest

from monitor.hearing.coverage import Ledger
from monitor.hearing.listen import Tap, listen
from monitor.hearing.segmenter import Rules, Segmenter
from monitor.hearing.vad import Vad
from monitor.model import FRAME, RATE, AudioFrame, Heard, Origin, Samples, Speaker, Utterance
from tests.helpers.voicelike import silence, voice

pytestmark = pytest.mark.looptime
WITHDRAWN = "the host has withdrawn consent"


class Talker:
    """Frames every 20 ms of loop time; `said` is how much of it has been sent."""

    id, speaker = "t1", Speaker("s1", "Ann")

    def __init__(self, samples: Samples, origin: Origin = Origin.HEARD) -> None:
        self._samples = samples
        self._origin = origin
        self.said = 0

    async def frames(self) -> AsyncIterator[AudioFrame]:
        for at in range(0, len(self._samples) - FRAME + 1, FRAME):
            await asyncio.sleep(FRAME / RATE)
            self.said = at + FRAME
            yield AudioFrame(at, self._samples[at : at + FRAME], self._origin)


class Heart:
    def __init__(self, talker: Talker, tap: Tap, hears: bool = True) -> None:
        self.ledger = Ledger(0.0)
        self.utterances: list[Utterance] = []
        self.talking: list[bool] = []
        self.segmenter = Segmenter(Rules())
        self._talker = talker
        self._tap = tap

    async def listen(self) -> None:
        numbers = count()
        await listen(
            self._talker,
            room="red",
            ledger=self.ledger,
            vad=Vad(1),
            segmenter=self.segmenter,
            hand_over=self.utterances.append,
            talking=self.talking.append,
            ids=lambda: f"u{next(numbers)}",
            tap=self._tap,
        )

    def seconds(self, state: Heard) -> float:
        return self.ledger.samples().get(state, 0) / RATE


async def after(seconds: float, *steps: object) -> None:
    await asyncio.sleep(seconds)
    for step in steps:
        step()  # type: ignore[operator]


async def test_what_is_open_when_consent_goes_is_dropped_and_nothing_after_it_is_looked_at() -> None:
    talker, tap = Talker(np.concatenate([silence(0.6), voice(4.0)])), Tap()
    heart = Heart(talker, tap)
    at: list[int] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(heart.listen())
        close = (lambda: at.append(talker.said), lambda: tap.close(WITHDRAWN), lambda: at.append(heart.ledger.pending))
        tasks.create_task(after(2.61, *close))
    said, pending = at
    assert said == pytest.approx(2.6 * RATE, abs=FRAME), "in the midst of the utterance"
    assert pending == 0, "closed before the call returned: nothing that was said waits any more"
    assert heart.utterances == []
    assert heart.segmenter.open is False
    assert heart.talking == [True, False]
    (gap,) = heart.ledger.gaps()
    assert (gap.state, gap.cause, gap.end) == (Heard.NOT_CONSENTED, WITHDRAWN, heart.ledger.end)
    assert gap.start <= 0.6 * RATE, "the utterance is not consented from its first sample"
    assert heart.seconds(Heard.NOT_CONSENTED) + heart.seconds(Heard.SILENCE) == pytest.approx(4.6, abs=0.02)


async def test_what_was_handed_over_before_stays_with_the_house() -> None:
    talker, tap = Talker(np.concatenate([voice(1.5), silence(1.5), voice(2.0)])), Tap()
    heart = Heart(talker, tap)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(heart.listen())
        tasks.create_task(after(4.0, lambda: tap.close(WITHDRAWN)))
    (kept,) = heart.utterances
    assert kept.end < 2.5 * RATE
    assert heart.ledger.pending == kept.end - kept.start


async def test_the_repeated_head_of_a_dropped_utterance_belongs_to_the_one_before() -> None:
    talker, tap = Talker(voice(11.0)), Tap()
    heart = Heart(talker, tap)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(heart.listen())
        tasks.create_task(after(10.0, lambda: tap.close(WITHDRAWN)))
    (first,) = heart.utterances
    assert heart.ledger.settle(first.start, first.end, Heard.EXAMINED) == len(first.audio), "all of it is still its own"
    assert heart.ledger.pending == 0


async def test_a_tap_that_is_opened_again_hears_what_comes_and_nothing_from_before() -> None:
    talker, tap = Talker(np.concatenate([voice(3.0), silence(1.0), voice(1.5), silence(1.0)])), Tap(WITHDRAWN)
    heart = Heart(talker, tap)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(heart.listen())
        tasks.create_task(after(2.0, tap.open))
    first, second = heart.utterances
    assert first.start >= 2.0 * RATE - FRAME
    assert second.start > 3.5 * RATE
    assert heart.seconds(Heard.NOT_CONSENTED) == pytest.approx(2.0, abs=0.03)


async def test_holes_in_the_network_are_nobodys_loss_while_the_tap_is_closed() -> None:
    heart = Heart(Talker(silence(1.0), Origin.LOST), Tap(WITHDRAWN))
    await heart.listen()
    assert heart.ledger.totals().lost == 0.0
    assert heart.seconds(Heard.NOT_CONSENTED) == 1.0


async def test_a_speaker_who_sends_nothing_now_is_dropped_at_once_all_the_same() -> None:
    """With DTX or mute no frame comes on which a look could be taken."""
    tap = Tap()
    heart = Heart(Talker(voice(1.0)), tap)
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(heart.listen())
        await asyncio.sleep(0.9)
        assert heart.segmenter.open
        tap.close(WITHDRAWN)
        assert not heart.segmenter.open
        assert heart.talking == [True, False]
        await listening
    assert heart.utterances == []
