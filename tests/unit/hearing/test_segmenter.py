"""What goes in comes out once, in order; and no first or last word is cut."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.hearing.segmenter import Piece, Quiet, Rules, Segmenter, Speech
from monitor.model import FRAME, AudioFrame, Cut, Origin

RULES = Rules(hangover=0.6, hangover_long=0.3, max_utterance=12.0)
SECOND = 50  # frames

# One run: how many frames, voiced or not, where from, and whether the sender then stalls.
runs = st.tuples(st.integers(1, 80), st.booleans(), st.sampled_from(Origin), st.booleans())
patterns = st.lists(runs, max_size=12)
rules = st.builds(
    Rules,
    pre_roll=st.sampled_from([0.0, 0.1, 0.4, 2.0]),
    hangover=st.sampled_from([0.02, 0.2, 0.6]),
    max_utterance=st.sampled_from([0.1, 0.5, 2.0, 3.0]),
    overlap=st.sampled_from([0.0, 0.2, 1.5, 5.0]),
    tail=st.sampled_from([0.0, 0.3]),
    hole=st.sampled_from([0.0, 0.3]),
)


class Feeder:
    """Numbers the samples, so that a test can see which ones came out."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.segmenter = Segmenter(rules)
        self.pieces: list[Piece] = []
        self.fed: list[np.ndarray] = []
        self._noise = np.random.default_rng(1)

    def add(self, frames: int, voiced: bool, origin: Origin = Origin.HEARD, level: int = 1000) -> Feeder:
        for _ in range(frames):
            samples = self._noise.integers(-level, level + 1, FRAME).astype(np.int16)
            frame = AudioFrame(len(self.fed) * FRAME, samples, origin)
            self.fed.append(samples)
            self.pieces += self.segmenter.feed(frame, voiced)
        return self

    def pause(self) -> Feeder:
        self.pieces += self.segmenter.pause()
        return self

    def flush(self, cut: Cut = Cut.LEFT) -> Feeder:
        self.pieces += self.segmenter.flush(cut)
        return self

    @property
    def speech(self) -> list[Speech]:
        return [piece for piece in self.pieces if isinstance(piece, Speech)]

    def check(self) -> None:
        """The pieces tile what was fed, and the audio is that which was fed there."""
        whole = np.concatenate([*self.fed, np.zeros(0, np.int16)])
        at = 0
        for piece in self.pieces:
            overlap = piece.overlap if isinstance(piece, Speech) else 0
            assert piece.start + overlap == at
            assert piece.end > at
            at = piece.end
            if isinstance(piece, Speech):
                np.testing.assert_array_equal(piece.audio, whole[piece.start : piece.end])
        assert at == len(whole)


def frames(piece: Speech) -> tuple[int, int]:
    assert piece.start % FRAME == piece.end % FRAME == 0
    return piece.start // FRAME, piece.end // FRAME


@settings(deadline=None)  # a busy machine is no failure
@given(patterns, rules)
def test_pieces_tile_the_track(pattern: list[tuple[int, bool, Origin, bool]], rules: Rules) -> None:
    feeder = Feeder(rules)
    for count, voiced, origin, stall in pattern:
        feeder.add(count, voiced, origin)
        if stall:
            feeder.pause()
    feeder.flush().check()
    # An overlap is only ever with the speech right before, and never all of an utterance.
    for before, piece in pairwise([None, *feeder.pieces]):
        if isinstance(piece, Speech) and piece.overlap:
            assert isinstance(before, Speech)
            assert before.start <= piece.start
            assert piece.overlap < len(piece.audio)
    longest = max(8 * FRAME, round(rules.max_utterance * 16_000))
    pre_roll = round(rules.pre_roll * 16_000)
    assert all(len(p.audio) <= longest + pre_roll + FRAME for p in feeder.speech)


@settings(deadline=None)  # a busy machine is no failure
@given(patterns, rules)
def test_every_voiced_frame_is_in_an_utterance(pattern: list[tuple[int, bool, Origin, bool]], rules: Rules) -> None:
    feeder = Feeder(rules)
    voiced_at: list[int] = []
    for count, voiced, origin, stall in pattern:
        if voiced and origin is Origin.HEARD:
            voiced_at += range(len(feeder.fed), len(feeder.fed) + count)
        feeder.add(count, voiced, origin)
        if stall:
            feeder.pause()
    feeder.flush()
    said = {i for piece in feeder.speech for i in range(*frames(piece))}
    assert said >= set(voiced_at)


def test_the_first_word_keeps_its_pre_roll_and_the_last_its_tail() -> None:
    feeder = Feeder().add(100, False).add(30, True).add(100, False).flush()
    feeder.check()
    (speech,) = feeder.speech
    assert frames(speech) == (80, 145)  # 0.4 s before the first voiced frame, 0.3 s after the last
    assert speech.cut is Cut.SILENCE
    assert speech.overlap == 0


def test_the_utterance_comes_out_as_soon_as_the_hangover_is_over() -> None:
    feeder = Feeder().add(30, True).add(29, False)
    assert feeder.segmenter.open
    assert not feeder.speech
    feeder.add(1, False)
    assert feeder.speech
    assert not feeder.segmenter.open


def test_speech_soon_after_an_utterance_has_what_is_left_as_pre_roll() -> None:
    feeder = Feeder().add(30, True).add(32, False).add(30, True).flush()
    feeder.check()
    first, second = feeder.speech
    assert frames(first) == (0, 45)
    assert frames(second) == (45, 92)
    assert second.overlap == 0


def test_a_short_pause_does_not_end_an_utterance() -> None:
    feeder = Feeder().add(30, True).add(25, False).add(30, True).add(30, False).flush()
    assert [frames(s) for s in feeder.speech] == [(0, 100)]


def test_the_longer_the_utterance_the_shorter_the_pause_that_ends_it() -> None:
    for seconds, pieces in ((1, 1), (7, 2)):
        feeder = Feeder().add(seconds * 50, True).add(20, False).add(30, True).add(40, False).flush()
        feeder.check()
        assert len(feeder.speech) == pieces
        assert feeder.speech[0].cut is Cut.SILENCE
        assert not any(piece.overlap for piece in feeder.speech)


def test_a_blip_of_one_frame_goes_out() -> None:
    feeder = Feeder().add(50, False).add(1, True).add(50, False).flush()
    feeder.check()
    assert len(feeder.speech) == 1


def test_a_long_utterance_is_cut_at_its_quietest_point_and_repeated() -> None:
    feeder = Feeder().add(560, True).add(4, True, level=10).add(180, True).add(30, False).flush()
    feeder.check()
    first, second = feeder.speech
    assert first.cut is Cut.LENGTH
    assert frames(first) == (0, 562)  # the middle of the quiet 80 ms, 0.8 s before the limit
    assert frames(second) == (562 - 75, 744 + 15)
    assert second.overlap == 75 * FRAME
    np.testing.assert_array_equal(first.audio[-second.overlap :], second.audio[: second.overlap])
    assert second.cut is Cut.SILENCE


def test_a_quiet_point_before_the_search_window_is_not_taken() -> None:
    feeder = Feeder().add(400, True).add(4, True, level=10).add(300, True)
    (first,) = feeder.speech
    assert frames(first)[1] >= 500


def test_endless_noise_gives_an_utterance_every_few_seconds_for_ever() -> None:
    feeder = Feeder().add(120 * SECOND, True).flush()
    feeder.check()
    assert 11 <= len(feeder.speech) <= 14
    assert max(len(s.audio) for s in feeder.speech) <= 600 * FRAME


def test_a_breath_ends_an_utterance_that_would_soon_be_cut_anyway() -> None:
    """A second before the limit 0.12 s of silence will do; until then 0.3 s are waited for, as before."""
    feeder = Feeder().add(300, True).add(6, False).add(250, True).add(6, False)
    (first,) = feeder.speech
    assert frames(first) == (0, 562)
    assert first.cut is Cut.SILENCE, "it waits for no word to end"
    between = Feeder().add(515, True).add(9, False)  # half way: 0.2 s
    assert between.speech == []
    assert [frames(s) for s in between.add(1, False).speech] == [(0, 525)]


def test_a_pause_at_the_limit_does_not_repeat_an_utterance_for_silence() -> None:
    feeder = Feeder().add(596, True).add(4, False).add(100, False).flush()
    feeder.check()
    (only,) = feeder.speech
    assert only.cut is Cut.LENGTH


def test_speech_right_after_a_pause_at_the_limit_begins_with_an_overlap() -> None:
    feeder = Feeder().add(596, True).add(4, False).add(50, True).flush()
    feeder.check()
    first, second = feeder.speech
    assert 590 <= frames(first)[1] <= 600
    assert second.overlap == 75 * FRAME


def test_a_short_hole_is_heard_across() -> None:
    feeder = Feeder().add(30, True).add(15, False, Origin.LOST).add(30, True).add(30, False).flush()
    feeder.check()
    assert [frames(s) for s in feeder.speech] == [(0, 90)]


def test_a_long_hole_cuts_where_it_begins() -> None:
    feeder = Feeder().add(30, True).add(16, True, Origin.LOST).add(30, True).flush()
    feeder.check()
    first, second = feeder.speech
    assert first.cut is Cut.GAP
    assert frames(first) == (0, 30)
    assert frames(second) == (46, 76)  # no pre-roll out of the hole
    assert second.overlap == 0, "what was lost lies between: nothing to repeat"


def test_a_long_hole_before_speech_is_no_pre_roll() -> None:
    feeder = Feeder().add(50, False).add(50, False, Origin.LOST).add(5, False).add(30, True).flush()
    feeder.check()
    assert frames(feeder.speech[0]) == (100, 135)


def test_silence_on_purpose_ends_an_utterance_whatever_the_vad_says() -> None:
    feeder = Feeder().add(30, True).add(30, True, Origin.QUIET)
    (speech,) = feeder.speech
    assert speech.cut is Cut.SILENCE


def test_a_stall_in_mid_word_loses_nothing_when_the_audio_goes_on() -> None:
    feeder = Feeder().add(100, True).pause()
    assert not feeder.segmenter.open
    feeder.add(100, True).flush()
    feeder.check()
    first, second = feeder.speech
    assert first.cut is Cut.GAP
    assert frames(first) == (0, 100)
    assert frames(second) == (25, 200)
    assert second.overlap == 75 * FRAME


def test_a_stall_after_a_pause_is_silence() -> None:
    feeder = Feeder().add(100, True).add(10, False).pause()
    (speech,) = feeder.speech
    assert speech.cut is Cut.SILENCE
    feeder.add(20, False, Origin.QUIET).add(50, True).flush()
    feeder.check()
    assert feeder.speech[1].overlap == 0, "a real pause lies between"


def test_a_stall_while_nobody_talks_changes_nothing() -> None:
    feeder = Feeder().add(100, False).pause().pause()
    assert all(isinstance(piece, Quiet) for piece in feeder.pieces)


@pytest.mark.parametrize("cut", [Cut.LEFT, Cut.CONSENT])
def test_flush_gives_out_the_open_utterance(cut: Cut) -> None:
    feeder = Feeder().add(50, False).add(20, True).flush(cut)
    feeder.check()
    assert feeder.speech[-1].cut is cut
    assert not feeder.segmenter.open


def test_a_hole_in_the_frames_is_a_bug() -> None:
    feeder = Feeder().add(1, False)
    with pytest.raises(ValueError, match="starts at 640"):
        feeder.segmenter.feed(AudioFrame(2 * FRAME, np.zeros(FRAME, np.int16)), False)


def test_a_look_tells_whether_the_speaker_has_paused() -> None:
    feeder = Feeder().add(60, True).add(14, False)
    on = feeder.segmenter.so_far()
    assert on is not None
    assert on.cut is Cut.LENGTH
    paused = feeder.add(1, False).segmenter.so_far()
    assert paused is not None
    assert paused.cut is Cut.SILENCE
