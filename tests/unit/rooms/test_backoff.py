"""Waiting before the next try."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rooms.backoff import Backoff


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(first=1.0, longest=10.0, dice=lambda: 1.0)
    assert [backoff.wait() for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 2000))
def test_jitter_stays_between_half_and_whole(draw: float, before: int) -> None:
    backoff = Backoff(first=0.5, longest=30.0, dice=lambda: draw)
    for _ in range(before):
        backoff.wait()
    whole = min(30.0, 0.5 * 2 ** min(before, 10))
    assert whole / 2 <= backoff.wait() <= whole


def test_jitter_differs_between_rooms() -> None:
    assert len({Backoff().wait() for _ in range(20)}) > 10


def test_only_a_stable_connection_makes_waits_short_again() -> None:
    backoff = Backoff(first=1.0, stable=60.0, dice=lambda: 1.0)
    backoff.wait()
    backoff.wait()
    backoff.held(59.9)
    assert backoff.wait() == 4.0
    backoff.held(60.0)
    assert backoff.tries == 0
    assert backoff.wait() == 1.0


@pytest.mark.parametrize(("first", "longest"), [(0.0, 1.0), (2.0, 1.0)])
def test_senseless_waits_are_refused(first: float, longest: float) -> None:
    with pytest.raises(ValueError, match="first wait"):
        Backoff(first=first, longest=longest)
