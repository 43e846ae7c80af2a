from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.ration import Ration


def test_a_minute_s_worth_at_once_and_then_as_time_goes() -> None:
    ration = Ration(60)
    assert ration.take(100, 1000.0) == 60
    assert ration.take(5, 1000.0) == 0
    assert ration.take(5, 1002.5) == 2
    assert ration.take(100, 5000.0) == 60


def test_none_is_none_and_less_makes_no_sense() -> None:
    assert Ration(0).take(3, 1.0) == 0
    with pytest.raises(ValueError, match="0 or more"):
        Ration(-1)


@given(st.integers(0, 100), st.lists(st.tuples(st.floats(-5, 30), st.integers(0, 50)), max_size=50))
def test_never_more_than_two_minutes_worth_in_a_minute(per_minute: int, asked: list[tuple[float, int]]) -> None:
    ration, now, passed = Ration(per_minute), 1000.0, []
    for step, wanted in asked:
        now += step
        taken = ration.take(wanted, now)
        assert 0 <= taken <= wanted
        passed.append((now, taken))
    forward = all(step >= 0 for step, _ in asked)
    if forward:
        for at, _ in passed:
            assert sum(n for when, n in passed if at <= when <= at + 60) <= 2 * per_minute + 1
