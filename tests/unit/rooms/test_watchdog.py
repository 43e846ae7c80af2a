from __future__ import annotations

import pytest

from monitor.rooms.watchdog import Watchdog


def test_nobody_talks_nothing_is_due() -> None:
    assert not Watchdog(5).deaf(1e9)


def test_talk_without_packets_is_deafness_after_the_patience() -> None:
    dog = Watchdog(5)
    assert dog.waiting(100) == 0
    dog.talking(True, 100)
    assert not dog.deaf(105)
    assert dog.deaf(105.1)
    assert dog.waiting(105.5) == 5.5
    dog.packet(105)
    assert dog.waiting(105.5) == 0.5
    dog.muted(True, 105)
    assert dog.waiting(105.5) == 0


def test_packets_keep_it_calm_until_they_stop() -> None:
    dog = Watchdog(5)
    dog.talking(True, 0)
    for at in range(60):
        dog.packet(at)
        assert not dog.deaf(at + 1)
    assert dog.deaf(64.1)


def test_packets_of_long_ago_don_t_count_against_a_speaker_who_just_began() -> None:
    dog = Watchdog(5)
    dog.packet(10)
    dog.talking(True, 100)
    assert not dog.deaf(104)


def test_repeated_news_does_not_start_the_patience_again() -> None:
    dog = Watchdog(5)
    for at in range(0, 6):
        dog.talking(True, at)
    assert dog.deaf(5.5)


def test_a_muted_speaker_is_allowed_to_be_silent() -> None:
    dog = Watchdog(5)
    dog.talking(True, 0)
    dog.muted(True, 1)
    assert not dog.deaf(100)
    dog.muted(False, 100)
    assert not dog.deaf(104)
    assert dog.deaf(105.5)


def test_the_end_of_talk_ends_the_wait() -> None:
    dog = Watchdog(5)
    dog.talking(True, 0)
    dog.talking(False, 3)
    assert not dog.deaf(50)


def test_patience_must_be_time() -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Watchdog(0)
