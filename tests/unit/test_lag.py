"""Being behind is told once, each further loss is told, and so is the recovery."""

from __future__ import annotations

from monitor.lag import Lag, Lagging


def test_a_short_queue_is_not_worth_a_word() -> None:
    lag = Lag()
    assert [lag.look(waiting, 0.0) for waiting in (0, 5, 19, 3)] == [None] * 4


def test_behind_is_told_once_then_what_is_lost_then_the_recovery() -> None:
    lag = Lag()
    assert lag.look(25, 0) == Lagging(25, 0, recovered=False)
    assert lag.look(60, 0) is None
    assert lag.look(120, 8) == Lagging(120, 8, recovered=False)
    assert lag.look(110, 8) is None
    assert lag.look(6, 8) is None
    assert lag.look(4, 8) == Lagging(4, 8, recovered=True)
    assert lag.look(4, 8) is None


def test_the_next_lag_counts_its_own_losses_only() -> None:
    lag = Lag()
    lag.look(120, 8)
    lag.look(0, 8)
    assert lag.look(1, 8) is None
    assert lag.look(30, 9) == Lagging(30, 1, recovered=False)


def test_a_loss_without_a_long_queue_is_told_too() -> None:
    lag = Lag()
    assert lag.look(1, 3) == Lagging(1, 3, recovered=False)
    assert lag.look(1, 3) == Lagging(1, 3, recovered=True)
