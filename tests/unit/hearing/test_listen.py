"""From a track to utterances and a ledger that adds up, in event loop time that doesn't wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import pytest

from monitor.hearing.coverage import Ledger, Stretch
from monitor.hearing.listen import listen
from monitor.hearing.segmenter import Rules, Segmenter
from monitor.hearing.vad import Vad
from monitor.model import FRAME, RATE, AudioFrame, Cut, Heard, Origin, Samples, Speaker, Utterance
from tests.helpers.voicelike import silence, voice

ANN = Speaker("s1", "Ann")
BEGAN = 1_000.0

pytestmark = pytest.mark.looptime


@dataclass
class Part:
    """A stretch of a track. `wait`: seconds in which nothing comes before it; its frames then come at once."""

    samples: Samples
    origin: Origin = Origin.HEARD
    wait: float = 0.0


@dataclass
class ScriptedTrack:
    """Frames at their time: 20 ms apart, or after a stall."""

    parts: list[Part]
    id: str = "t1"
    speaker: Speaker = ANN
    stay: bool = False  # the speaker doesn't leave after the last frame
    starts: float = 0.0

    async def frames(self) -> AsyncIterator[AudioFrame]:
        loop = asyncio.get_running_loop()
        self.starts = loop.time()
        start = 0
        for part in self.parts:
            await asyncio.sleep(part.wait)
            for at in range(0, len(part.samples) - FRAME + 1, FRAME):
                if not part.wait:
                    await asyncio.sleep(FRAME / RATE)
                arrived = BEGAN + loop.time() - self.starts
                yield AudioFrame(start, part.samples[at : at + FRAME], part.origin, arrived)
                start += FRAME
        if self.stay:
            await asyncio.sleep(3600)


@dataclass
class Heart:
    """Listens to a scripted track and keeps what comes out, each with the event loop time since the first frame."""

    track: ScriptedTrack
    ledger: Ledger = field(default_factory=lambda: Ledger(BEGAN))
    utterances: list[Utterance] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    talking: list[tuple[bool, float]] = field(default_factory=list)
    segmenter: Segmenter = field(default_factory=lambda: Segmenter(Rules()))

    async def listen(self) -> Heart:
        numbers = count(1)
        await listen(
            self.track,
            room="red",
            ledger=self.ledger,
            vad=Vad(2),
            segmenter=self.segmenter,
            hand_over=self._take,
            talking=lambda on: self.talking.append((on, self._now())),
            ids=lambda: f"u{next(numbers)}",
        )
        return self

    def _take(self, utterance: Utterance) -> None:
        self.utterances.append(utterance)
        self.at.append(self._now())

    def _now(self) -> float:
        return asyncio.get_running_loop().time() - self.track.starts

    def check(self) -> None:
        """Each sample is booked, or pending in an utterance; none is in two."""
        samples = self.ledger.samples()
        assert sum(samples.values()) == self.ledger.end == sum(len(p.samples) for p in self.track.parts)
        for utterance in self.utterances:
            self.ledger.settle(utterance.start, utterance.end, Heard.EXAMINED)
        assert self.ledger.pending == 0


async def test_two_sentences_become_two_utterances() -> None:
    track = ScriptedTrack([Part(silence(1)), Part(voice(2)), Part(silence(1.5)), Part(voice(1)), Part(silence(1))])
    heart = await Heart(track).listen()
    first, second = heart.utterances
    assert (first.id, first.room, first.speaker, first.track) == ("u1", "red", ANN, "t1")
    assert first.cut is second.cut is Cut.SILENCE
    assert 0.5 <= first.start / RATE <= 0.7
    assert 3.2 <= first.end / RATE <= 3.6
    assert second.start / RATE == pytest.approx(4.15, abs=0.15)
    whole = np.concatenate([p.samples for p in track.parts])
    for utterance in (first, second):
        np.testing.assert_array_equal(utterance.audio, whole[utterance.start : utterance.end])
        assert utterance.began == pytest.approx(BEGAN + utterance.start / RATE, abs=0.03)
    assert [on for on, _ in heart.talking] == [True, False, True, False]
    heart.check()
    assert heart.ledger.samples()[Heard.SILENCE] == len(whole) - len(first.audio) - len(second.audio)


async def test_silence_is_booked_while_it_lasts() -> None:
    heart = Heart(ScriptedTrack([Part(silence(3))], stay=True))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(10):
            await heart.listen()
    assert heart.ledger.samples()[Heard.SILENCE] == 3 * RATE
    assert not heart.utterances


async def test_a_hole_is_lost_and_not_silence_nor_examined() -> None:
    parts = [Part(voice(1)), Part(silence(1), Origin.LOST), Part(voice(1)), Part(silence(0.2), Origin.OVERLOAD)]
    parts += [Part(voice(1)), Part(silence(1))]
    heart = await Heart(ScriptedTrack(parts)).listen()
    assert [u.cut for u in heart.utterances] == [Cut.GAP, Cut.SILENCE]
    assert heart.ledger.gaps() == (
        Stretch(RATE, 2 * RATE, Heard.LOST_NETWORK, "packets lost on the way"),
        Stretch(3 * RATE, 3 * RATE + RATE // 5, Heard.LOST_OVERLOAD, "our own buffer was full"),
    )
    heart.check()
    assert heart.ledger.samples()[Heard.LOST_NETWORK] == RATE
    assert heart.ledger.samples()[Heard.LOST_OVERLOAD] == RATE // 5


async def test_voice_like_concealment_opens_no_utterance() -> None:
    heart = await Heart(ScriptedTrack([Part(voice(1), Origin.LOST), Part(voice(1), Origin.QUIET)])).listen()
    assert not heart.utterances
    assert heart.ledger.samples()[Heard.SILENCE] == RATE


async def test_a_muted_speaker_is_heard_without_waiting_for_the_next_packet() -> None:
    track = ScriptedTrack([Part(voice(2)), Part(voice(1), wait=20.0), Part(silence(1))])
    heart = await Heart(track).listen()
    assert heart.utterances[0].cut is Cut.GAP
    assert heart.at[0] == pytest.approx(2.55, abs=0.06)
    assert heart.talking[1] == (False, heart.at[0])
    heart.check()


async def test_dtx_ends_an_utterance_in_time() -> None:
    # Chrome with DTX: 0.2 s of silence are sent, then one packet each 0.4 s tells that it goes on.
    quiet = [Part(silence(0.4), Origin.QUIET, wait=0.4) for _ in range(5)]
    heart = await Heart(ScriptedTrack([Part(voice(2)), Part(silence(0.2)), *quiet])).listen()
    (only,) = heart.utterances
    assert only.cut is Cut.SILENCE
    assert heart.at[0] <= 2.0 + 0.85
    heart.check()


async def test_a_network_stall_in_mid_word_repeats_what_precedes() -> None:
    track = ScriptedTrack([Part(voice(3)), Part(voice(2, seed=1), wait=1.0), Part(silence(1))])
    heart = await Heart(track).listen()
    first, second = heart.utterances
    assert first.cut is Cut.GAP
    assert (second.start, second.overlap) == (first.end - round(1.5 * RATE), round(1.5 * RATE))
    np.testing.assert_array_equal(first.audio[-second.overlap :], second.audio[: second.overlap])
    heart.check()


async def test_wall_time_follows_arrival_after_a_mute() -> None:
    track = ScriptedTrack([Part(silence(1)), Part(silence(0.1), wait=30.0), Part(voice(1)), Part(silence(1))])
    heart = await Heart(track).listen()
    (only,) = heart.utterances
    assert only.began == pytest.approx(BEGAN + 30.0 + only.start / RATE, abs=0.15)


async def test_who_leaves_in_mid_sentence_is_heard_out() -> None:
    heart = await Heart(ScriptedTrack([Part(silence(1)), Part(voice(1))])).listen()
    (only,) = heart.utterances
    assert only.cut is Cut.LEFT
    assert only.end == 2 * RATE
    assert heart.talking[-1][0] is False
    heart.check()


async def test_cancelling_hands_over_the_last_sentence() -> None:
    heart = Heart(ScriptedTrack([Part(voice(2))]))
    heart.track.parts.append(Part(voice(60)))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3.01):
            await heart.listen()
    (only,) = heart.utterances
    assert only.cut is Cut.LEFT
    assert only.end == heart.ledger.end == 3 * RATE - (3 * RATE) % FRAME


async def test_a_track_that_breaks_is_heard_out_and_tells_why() -> None:
    class Broken(ScriptedTrack):
        async def frames(self) -> AsyncIterator[AudioFrame]:
            async for frame in super().frames():
                yield frame
            raise ConnectionResetError

    heart = Heart(Broken([Part(voice(1))]))
    with pytest.raises(ExceptionGroup) as caught:
        await heart.listen()
    assert caught.group_contains(ConnectionResetError)
    assert len(heart.utterances) == 1
    heart.check()


async def test_a_bug_in_the_taker_is_not_swallowed_by_a_stall() -> None:
    class Bug(Exception): ...

    def taker(utterance: Utterance) -> None:
        raise Bug

    heart = Heart(ScriptedTrack([Part(voice(1))], stay=True))
    heart._take = taker  # type: ignore[method-assign]
    with pytest.raises(ExceptionGroup) as caught:
        await heart.listen()
    assert caught.group_contains(Bug)
    assert not heart.segmenter.open
