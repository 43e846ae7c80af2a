"""Who is heard in one call: as many as the decoder's saving pays the encoder's silence for."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import RATE
from monitor.speech.together import LONGEST, worth


def seconds(one: float, *others: float) -> bool:
    return worth(round(one * RATE), [round(other * RATE) for other in others])


def test_about_as_long_ones_are_heard_together() -> None:
    assert seconds(4, 5)
    assert seconds(4, 8, 6)
    assert seconds(8, 7, 7, 7)


def test_a_short_one_is_not_heard_as_long_as_a_very_long_one() -> None:
    assert not seconds(1, 20)
    assert not seconds(20, 1)


def test_a_longer_one_makes_all_others_longer() -> None:
    assert seconds(9, 4)
    assert not seconds(9, 4, 4, 4)


def test_what_is_too_long_for_a_short_context_is_heard_alone() -> None:
    assert not seconds(LONGEST + 0.1, LONGEST)
    assert not seconds(LONGEST, LONGEST + 0.1)
    assert seconds(LONGEST, LONGEST)


@given(st.floats(0.1, LONGEST), st.floats(0.1, LONGEST))
def test_two_fit_whichever_comes_first(one: float, other: float) -> None:
    assert seconds(one, other) == seconds(other, one)
