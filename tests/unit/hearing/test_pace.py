"""Time of a track that made no audio: what it is booked as, and that it adds up with the audio."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies

from monitor.hearing.pace import DELAY, Pace
from monitor.model import FRAME, RATE, Heard

OPENED = 1_000.0
STEP = FRAME / RATE


class Track:
    """Frames at their times, as a receiver gives them out."""

    def __init__(self, *, under_way: bool = False) -> None:
        self.pace = Pace(OPENED, under_way=under_way)
        self.now = OPENED
        self.end = 0
        self.talking = False

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def hear(self, seconds: float, *, talking: bool, late: bool = False) -> None:
        """`late`: all of it comes at once, now."""
        for _ in range(round(seconds / STEP)):
            self.now += 0 if late else STEP
            self.end += FRAME
            self.pace.note(self.end, self.now, self.talking)
            self.talking = talking

    def booked(self) -> dict[Heard, float]:
        seconds = dict.fromkeys(Heard, 0.0)
        for part in self.pace.unmade(self.now, self.talking):
            seconds[part.state] += part.samples / RATE
        total = self.end / RATE + sum(seconds.values())
        assert total == pytest.approx(self.now - OPENED, abs=0.31)
        return {state: round(s, 1) for state, s in seconds.items() if s >= 0.05}


def test_audio_all_the_way_leaves_nothing_to_book() -> None:
    track = Track()
    track.hear(20, talking=True)
    track.wait(0.2)
    assert track.booked() == {}


def test_a_track_without_a_frame_is_silence() -> None:
    track = Track()
    track.wait(60)
    assert track.booked() == {Heard.SILENCE: 60}


def test_nothing_before_the_first_word_is_silence_though_the_speaker_leaves_in_mid_word() -> None:
    track = Track()
    track.wait(5)
    track.hear(2, talking=True)
    assert track.booked() == {Heard.SILENCE: 5}


@pytest.mark.parametrize(("talking", "state"), [(True, Heard.LOST_NETWORK), (False, Heard.SILENCE)])
def test_nothing_after_the_last_frame_is_what_the_speaker_did_then(talking: bool, state: Heard) -> None:
    track = Track()
    track.hear(2, talking=talking)
    track.wait(3)
    assert track.booked() == {state: 3}


@pytest.mark.parametrize(("talking", "state"), [(True, Heard.LOST_NETWORK), (False, Heard.SILENCE)])
def test_a_stall_whose_time_never_comes_is_what_the_speaker_did_then(talking: bool, state: Heard) -> None:
    track = Track()
    track.hear(2, talking=talking)
    track.wait(4)
    track.hear(2, talking=not talking)
    assert track.booked() == {state: 4}


def test_stalls_are_told_apart() -> None:
    track = Track()
    for talking in (True, False, True, False):
        track.hear(2, talking=talking)
        track.wait(1 if talking else 10)
    track.hear(2, talking=False)
    assert track.booked() == {Heard.LOST_NETWORK: 2, Heard.SILENCE: 20}


def test_what_was_only_late_is_not_booked_twice() -> None:
    track = Track()
    track.hear(2, talking=True)
    track.wait(4)
    track.hear(4, talking=True, late=True)
    track.hear(2, talking=True)
    assert track.booked() == {}


def test_what_came_late_in_part_is_lost_for_the_rest() -> None:
    track = Track()
    track.hear(2, talking=True)
    track.wait(4)
    track.hear(1, talking=True, late=True)
    track.hear(2, talking=False)
    assert track.booked() == {Heard.LOST_NETWORK: 3}


def test_a_slow_clock_loses_nothing() -> None:
    track = Track()
    for _ in range(60):
        track.hear(60, talking=True)
        track.wait(60 * 0.0003)
    assert track.booked() == {Heard.SILENCE: 1.1}


def test_time_that_leaks_away_is_lost() -> None:
    track = Track()
    for _ in range(20):
        track.hear(2, talking=True)
        track.wait(0.4)  # too short to be a stall
    assert track.booked() == {Heard.LOST_NETWORK: 8}


def test_uneven_delay_of_somebody_silent_is_no_loss() -> None:
    track = Track()
    track.hear(2, talking=False)
    track.wait(0.4)
    track.hear(0.1, talking=False)
    assert track.booked() == {Heard.SILENCE: 0.4}


@pytest.mark.parametrize(("there", "state"), [(True, Heard.LOST_NETWORK), (False, Heard.SILENCE)])
def test_who_was_talking_when_the_monitor_came_was_missed_until_the_connection_was_up(
    there: bool, state: Heard
) -> None:
    track = Track(under_way=there)
    track.wait(1.5)
    track.hear(2, talking=True)
    track.hear(1, talking=False)
    assert track.booked() == {state: 1.5}


def test_who_was_there_and_silent_was_not_missed() -> None:
    track = Track(under_way=True)
    track.wait(1.5)
    track.hear(1, talking=False)
    track.hear(2, talking=True)
    assert track.booked() == {Heard.SILENCE: 1.5}


def test_wall_time_follows_the_arrivals() -> None:
    track = Track()
    track.wait(5)
    track.hear(2, talking=False)
    track.wait(60)
    track.hear(1, talking=True)
    assert track.pace.wall(int(2.5 * RATE)) == pytest.approx(OPENED + 67.5, abs=0.03)


def test_what_catches_up_only_after_a_second_stall_was_never_lost() -> None:
    track = Track()
    track.wait(4)
    track.hear(5, talking=True)
    track.wait(2)
    track.hear(1, talking=True, late=True)
    track.wait(1)
    track.hear(2, talking=True, late=True)
    track.hear(5, talking=True)
    assert track.booked() == {Heard.SILENCE: 4}  # before the first word


def test_of_two_stalls_only_what_came_is_given_back() -> None:
    track = Track()
    track.hear(5, talking=True)
    track.wait(2)
    track.hear(1, talking=True)
    track.wait(3)
    track.hear(2, talking=True, late=True)
    track.hear(5, talking=True)
    assert track.booked() == {Heard.LOST_NETWORK: 3}


STEPS = strategies.lists(
    strategies.tuples(
        strategies.sampled_from(("wait", "hear", "late")),
        strategies.floats(0.02, 5.0).map(lambda s: round(s / STEP) * STEP),
        strategies.booleans(),
    ),
    max_size=12,
)


@given(steps=STEPS)
def test_audio_and_what_is_booked_never_make_more_time_than_has_passed(
    steps: list[tuple[str, float, bool]],
) -> None:
    track = Track()
    debt = 0.0  # seconds that were waited for and did not come yet
    for kind, seconds, talking in steps:
        match kind:
            case "wait":
                track.wait(seconds)
                debt += seconds
            case "hear":
                track.hear(seconds, talking=talking)
            case _:
                track.hear(min(seconds, debt), talking=talking, late=True)
                debt -= min(seconds, debt)
    parts = track.pace.unmade(track.now, track.talking)
    total = track.end / RATE + sum(part.samples for part in parts) / RATE
    passed = track.now - OPENED
    assert total <= passed + 0.001
    assert total >= passed - 3 * DELAY
