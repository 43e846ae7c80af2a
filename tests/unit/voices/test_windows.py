"""Speech put together over utterances and cut into windows, and why some of it is not judged."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from monitor.model import RATE, Samples, Utterance
from monitor.voice_model import Abstained
from monitor.voices.features import speech_of
from monitor.voices.quality import Limits, unfit
from monitor.voices.windows import KEPT, TRACKS, Windows
from tests.helpers.speech import utterance
from tests.helpers.voicelike import room_noise, voice

# A made voice has little above 4 kHz; what is tested here is not that.
LIMITS = Limits(narrow=-90.0)


def said(seconds: float, at: float = 0.0, track: str = "track", level: float = -20.0, seed: int = 0) -> Utterance:
    """0.3 s of quiet, the voice, 0.3 s of quiet; `at`: media time of its beginning in seconds."""
    audio = room_noise(seconds + 0.6, level=level - 45)
    audio[4800 : 4800 + round(seconds * RATE)] += voice(seconds, level=level, seed=seed)
    return dataclasses.replace(utterance(audio, start=round(at * RATE)), track=track)


def test_a_long_utterance_is_cut_into_overlapping_windows_with_their_places() -> None:
    pieces = Windows(2.0, limits=LIMITS).add(said(6.0, at=100.0))
    assert len(pieces) == 5
    assert [p.start for p in pieces] == pytest.approx([100.24 + i for i in range(5)], abs=0.05)
    assert [p.end - p.start for p in pieces] == pytest.approx([2.0] * 5, abs=0.15)
    assert all(p.samples is not None and len(p.samples) == 2 * RATE and p.speech == 2.0 for p in pieces)


def test_short_utterances_of_one_track_fill_a_window_together() -> None:
    windows = Windows(3.0, hop=3.0, limits=LIMITS)
    assert windows.add(said(1.3, at=10.0)) == []
    assert windows.add(said(1.3, at=20.0)) == []
    (piece,) = windows.add(said(1.3, at=30.0))
    assert piece.start == pytest.approx(10.24, abs=0.05)
    assert 30.24 < piece.end < 31.0
    assert piece.speech == 3.0


def test_tracks_are_not_mixed() -> None:
    windows = Windows(2.0, limits=LIMITS)
    assert windows.add(said(1.5, track="one")) == []
    assert windows.add(said(1.5, track="other")) == []
    assert len(windows.add(said(1.5, at=5.0, track="one"))) == 2  # 3.2 s with what is kept around speech


def test_windows_over_a_border_have_the_speech_of_both_sides() -> None:
    windows = Windows(2.0, hop=2.0, limits=LIMITS)
    together = Windows(2.0, hop=2.0, limits=LIMITS)
    whole = said(4.2, seed=3)
    first = dataclasses.replace(whole, audio=whole.audio[: 40 * 320])
    second = dataclasses.replace(whole, audio=whole.audio[40 * 320 :], start=40 * 320)
    split = [*windows.add(first), *windows.add(second)]
    at_once = together.add(whole)
    assert [round(p.start, 1) for p in split] == [round(p.start, 1) for p in at_once]
    assert abs(split[0].end - at_once[0].end) < 0.2


def test_no_second_is_cut_twice_where_utterances_overlap() -> None:
    windows = Windows(2.0, hop=2.0, limits=LIMITS)
    whole = said(9.0)
    first = dataclasses.replace(whole, audio=whole.audio[: 5 * RATE])
    second = dataclasses.replace(whole, audio=whole.audio[4 * RATE :], start=4 * RATE, overlap=RATE)
    pieces = [*windows.add(first), *windows.add(second), *windows.flush("track")]
    assert sum(p.speech for p in pieces) == pytest.approx(9.12, abs=0.35)
    for one, next_ in itertools.pairwise(pieces):
        assert one.end <= next_.start + 1e-6


def test_what_is_left_at_the_end_was_too_short_and_is_told_once() -> None:
    windows = Windows(2.0, limits=LIMITS)
    windows.add(said(3.0, at=50.0))
    (left,) = windows.flush("track")
    assert left.abstained is Abstained.SHORT
    assert left.samples is None
    assert left.speech == pytest.approx(0.1, abs=0.1)
    assert left.end == pytest.approx(53.36, abs=0.05)
    assert windows.flush("track") == []


def test_an_old_rest_is_not_put_together_with_new_speech() -> None:
    windows = Windows(2.0, limits=LIMITS)
    assert windows.add(said(1.5)) == []
    (left,) = windows.add(said(1.5, at=KEPT + 10))
    assert (left.abstained, round(left.start, 1)) == (Abstained.SHORT, 0.2)


def test_unfit_speech_is_abstained_from_whole_and_ends_what_was_kept() -> None:
    windows = Windows(2.0, limits=LIMITS)
    assert windows.add(said(1.0)) == []
    short, quiet = windows.add(said(3.0, at=10.0, level=-60.0))
    assert (short.abstained, quiet.abstained) == (Abstained.SHORT, Abstained.QUIET)
    assert quiet.speech == pytest.approx(3.12, abs=0.1)
    assert quiet.start == pytest.approx(10.24, abs=0.1)


def test_tracks_are_forgotten_without_end_of_memory() -> None:
    windows = Windows(2.0, limits=LIMITS)
    for number in range(TRACKS + 1):
        windows.add(said(0.5, track=str(number)))
    assert windows.flush("0") == []
    assert windows.flush(str(TRACKS)) != []


def test_a_noise_that_begins_after_the_words_is_not_judged() -> None:
    talk = said(4.0)
    noise = room_noise(4.0, level=-20)
    both = dataclasses.replace(talk, audio=np.concatenate([talk.audio, noise]))
    pieces = Windows(2.0, limits=LIMITS).add(both)
    assert {p.abstained for p in pieces if p.end < 4.2} == {None}
    assert {p.abstained for p in pieces if p.start > 4.6} == {Abstained.NOISY}
    assert all((p.samples is None) is (p.abstained is not None) for p in pieces)


def test_silence_gives_nothing() -> None:
    assert Windows(2.0).add(utterance(np.zeros(3 * RATE, np.int16))) == []


def music(seconds: float, level: float) -> Samples:
    """A held chord with overtones that changes twice a second."""
    t = np.arange(round(seconds * RATE)) / RATE
    roots = np.array([220.0, 262, 196, 247, 175])[(t * 2).astype(int) % 5]
    phase = 2 * np.pi * np.cumsum(roots) / RATE
    sound = sum(np.sin(phase * ratio * k) / k for ratio in (1, 1.26, 1.5) for k in range(1, 7))
    return (sound / np.sqrt(np.mean(sound**2)) * 10 ** (level / 20) * 32768).astype(np.int16)


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (room_noise(4.0, level=-60), None),
        (room_noise(4.0, level=-38), None),
        (room_noise(4.0, level=-22), Abstained.NOISY),
        (music(4.0, level=-27), Abstained.MUSIC),
        (music(4.0, level=-45), None),
    ],
    ids=["quiet room", "some noise", "much noise", "music", "quiet music"],
)
def test_noise_and_music_behind_a_voice(behind: Samples, expected: Abstained | None) -> None:
    audio = behind.copy()
    audio[RATE // 2 : RATE // 2 + 3 * RATE] += voice(3.0)
    assert unfit(audio, speech_of(audio), LIMITS) is expected


def test_telephone_quality_is_not_judged() -> None:
    wide = np.random.default_rng(0).normal(0, 1, 4 * RATE) * np.repeat([0.001, 0.1, 0.001, 0.1], RATE)
    spectrum = np.fft.rfft(wide)
    spectrum[np.fft.rfftfreq(len(wide), 1 / RATE) > 3600] = 0
    narrow = np.fft.irfft(spectrum)
    for signal, expected in ((wide, None), (narrow, Abstained.CODEC)):
        audio = (signal * 32767).clip(-32768, 32767).astype(np.int16)
        assert unfit(audio, speech_of(audio), Limits()) is expected
