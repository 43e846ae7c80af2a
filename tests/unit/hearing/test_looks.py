"""When an open utterance is looked at, and that a look in a pause is at what will be cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from monitor.hearing.looks import Looks, newest
from monitor.hearing.segmenter import Rules, Segmenter, Speech
from monitor.model import FRAME, RATE, AudioFrame, Cut, Speaker, Utterance

RULES = Rules(max_utterance=12.0)


class Feeder:
    """Feeds frames and notes each look: (seconds fed, the utterance as far as it went)."""

    def __init__(self, rules: Rules = RULES, every: float = 1.5) -> None:
        self.segmenter = Segmenter(rules)
        self.looks = Looks(every, rules.tail)
        self.seen: list[tuple[float, Speech]] = []
        self.cut: list[Speech] = []
        self._noise = np.random.default_rng(1)
        self._at = 0

    def add(self, seconds: float, voiced: bool) -> Feeder:
        for _ in range(round(seconds * RATE / FRAME)):
            samples = self._noise.integers(-1000, 1001, FRAME).astype(np.int16)
            pieces = self.segmenter.feed(AudioFrame(self._at, samples), voiced)
            self.cut += [piece for piece in pieces if isinstance(piece, Speech)]
            self._at += FRAME
            if self.looks.due(self.segmenter):
                look = self.segmenter.so_far()
                assert look is not None
                self.seen.append((self._at / RATE, look))
        return self

    @property
    def times(self) -> list[float]:
        return [round(at, 2) for at, _ in self.seen]


def test_who_goes_on_is_looked_at_each_so_many_seconds_of_speech() -> None:
    assert Feeder().add(5.0, True).times == [1.5, 3.0, 4.5]


def test_a_pause_is_looked_at_once_and_a_next_one_again() -> None:
    fed = Feeder().add(1.0, True).add(0.5, False)
    assert fed.times == [1.3]
    assert fed.add(0.3, True).add(0.4, False).times == [1.3, 2.1]


def test_a_look_in_a_pause_is_sample_for_sample_what_is_cut_when_nothing_more_is_said() -> None:
    fed = Feeder().add(0.5, False).add(1.2, True).add(2.0, False)
    (_, look), (cut,) = fed.seen[-1], fed.cut
    assert (look.start, look.overlap) == (cut.start, cut.overlap)
    np.testing.assert_array_equal(look.audio, cut.audio)


def test_a_look_changes_nothing_of_what_is_cut() -> None:
    looked, not_looked = Feeder(every=0.1), Feeder(every=100.0)
    for fed in (looked, not_looked):
        fed.add(4.0, True).add(0.2, False).add(11.0, True).add(1.0, False)
    assert len(looked.seen) > len(not_looked.seen)
    assert [(c.start, len(c.audio), c.cut, c.overlap) for c in looked.cut] == [
        (c.start, len(c.audio), c.cut, c.overlap) for c in not_looked.cut
    ]


def test_what_a_cut_repeats_is_nothing_new() -> None:
    fed = Feeder(Rules(max_utterance=4.0, overlap=1.5)).add(4.0, True)
    looks = len(fed.seen)
    assert len(fed.cut) == 1
    begun = fed.cut[0].end / RATE  # the next utterance begins 1.5 s before that
    fed.add(1.4 - (4.0 - begun), True)
    assert len(fed.seen) == looks
    assert len(fed.add(0.2, True).seen) == looks + 1


def test_silence_is_never_looked_at() -> None:
    assert Feeder().add(5.0, False).seen == []


@pytest.mark.parametrize(("every", "pause"), [(0.0, 0.3), (1.0, 0.0)])
def test_times_of_nothing_are_refused(every: float, pause: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Looks(every, pause)


def test_of_speech_that_goes_on_what_was_said_last_is_heard_with_a_little_before_it() -> None:
    audio = np.arange(7 * RATE, dtype=np.int32).astype(np.int16)
    look = Utterance("u", "r", Speaker("s", "S"), "t", 100.0, 5 * RATE, audio, Cut.LENGTH, overlap=RATE, open=True)
    part, before = newest(look)
    assert (part.start, part.end, part.began, part.overlap) == (9 * RATE, 12 * RATE, 104.0, 0)
    np.testing.assert_array_equal(part.audio, audio[4 * RATE :])
    assert before is not None
    np.testing.assert_array_equal(before, audio[3 * RATE : 4 * RATE])


def test_what_may_be_the_whole_is_heard_as_it_is_and_so_is_what_is_short() -> None:
    audio = np.zeros(7 * RATE, np.int16)
    paused = Utterance("u", "r", Speaker("s", "S"), "t", 100.0, 0, audio, Cut.SILENCE, open=True)
    assert newest(paused) == (paused, None)
    short = replace(paused, audio=audio[: 3 * RATE], cut=Cut.LENGTH)
    assert newest(short) == (short, None)
