"""How fast passwords may be tried."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.access import throttle
from monitor.access.throttle import FORGET, Throttle


def tried(times: int, *, free: int = 3, every: float = 0.0) -> tuple[Throttle, float]:
    it, now = Throttle(free), 1000.0
    for _ in range(times):
        it.take("ann", now)
        now += every
    return it, now


def test_some_tries_are_free_and_then_each_costs_twice_as_long() -> None:
    waits = [tried(n)[0].wait("ann", 1000.0) for n in range(8)]
    assert waits == [0, 0, 0, 1, 2, 4, 8, 16]


def test_the_wait_passes_and_has_an_end() -> None:
    it, now = tried(5)
    assert it.wait("ann", now + 3.9) > 0
    assert it.wait("ann", now + 4) == 0
    long, now = tried(200)
    assert long.wait("ann", now) == 900.0


def test_others_are_not_kept_waiting() -> None:
    it, now = tried(50)
    assert it.wait("ben", now) == 0


def test_what_was_right_is_forgiven_or_given_back() -> None:
    it, now = tried(4)
    it.forgive("ann")
    assert it.wait("ann", now) == 0
    it, now = tried(4)
    it.give_back("ann")
    assert it.wait("ann", now) == 1
    it.give_back("nobody")


def test_after_an_hour_all_is_forgotten() -> None:
    it, now = tried(100)
    it.take("ann", now + FORGET + 1)
    assert it.wait("ann", now + FORGET + 1) == 0


def test_what_is_counted_is_bounded() -> None:
    it = Throttle(1)
    for n in range(throttle.SIZE + 10):
        it.take(str(n), 0.0)
    assert len(it._tries) == throttle.SIZE
    assert it.wait(str(throttle.SIZE + 9), 0.0) == 1
    assert it.wait("0", 0.0) == 0


@given(st.lists(st.floats(0, 500), max_size=60))
def test_however_they_are_spread_an_hour_takes_few_tries(pauses: list[float]) -> None:
    """Whoever always waits as long as told gets few tries: 5 at once, and then one in 15 minutes in the long run."""
    it, now, made = Throttle(5), 0.0, 0
    for pause in pauses:
        now += pause
        if it.wait("ann", now) == 0:
            it.take("ann", now)
            made += 1
    doublings = 5 + 10 + now / 900 + 1
    assert made <= doublings
