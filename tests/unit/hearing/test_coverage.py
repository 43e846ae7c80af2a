"""The ledger against a plain model: one state per sample, written in an array."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.hearing.coverage import GAPS_KEPT, Book, Ledger, Stretch
from monitor.model import RATE, Heard, Speaker

SETTLED = [state for state in Heard if state is not Heard.PENDING]
CAUSES = ["", "packets lost", "queue full"]
ANN = Speaker("s1", "Ann")

positions = st.integers(-5, 120)
extensions = st.tuples(st.just("extend"), positions)
settlements = st.tuples(st.just("settle"), positions, positions, st.sampled_from(SETTLED), st.sampled_from(CAUSES))
operations = st.lists(st.one_of(extensions, settlements), max_size=40)


def replay(ledger: Ledger, steps: list) -> list[tuple[Heard, str]]:
    """Carry the steps out on the ledger and on an array; the results of `settle` must agree at once."""
    truth: list[tuple[Heard, str]] = []
    for step in steps:
        if step[0] == "extend":
            ledger.extend(step[1])
            truth += [(Heard.PENDING, "")] * (step[1] - len(truth))
            continue
        _, start, end, state, cause = step
        expected = 0
        for i in range(max(0, start), min(end, len(truth))):
            if truth[i][0] is Heard.PENDING:
                truth[i] = (state, cause)
                expected += 1
        assert ledger.settle(start, end, state, cause) == expected
    return truth


def stretches(truth: list[tuple[Heard, str]]) -> list[Stretch]:
    found: list[Stretch] = []
    for i, (state, cause) in enumerate(truth):
        if state in (Heard.PENDING, Heard.SILENCE, Heard.EXAMINED):
            continue
        if found and found[-1].end == i and found[-1][2:] == (state, cause):
            found[-1] = found[-1]._replace(end=i + 1)
        else:
            found.append(Stretch(i, i + 1, state, cause))
    return found


@settings(deadline=None)  # a busy machine is no failure
@given(operations)
def test_every_sample_is_in_exactly_one_state(steps: list) -> None:
    ledger = Ledger(0.0)
    truth = replay(ledger, steps)
    assert +Counter(ledger.samples()) == Counter(state for state, _ in truth)
    assert sum(ledger.samples().values()) == ledger.end == len(truth)
    assert ledger.pending == sum(state is Heard.PENDING for state, _ in truth)
    assert list(ledger.gaps()) == stretches(truth)


@settings(deadline=None)  # a busy machine is no failure
@given(operations)
def test_closing_leaves_nothing_pending(steps: list) -> None:
    ledger = Ledger(0.0)
    truth = replay(ledger, steps)
    pending = sum(state is Heard.PENDING for state, _ in truth)
    assert ledger.close(Heard.LOST_ERROR, "stopped") == pending
    assert ledger.pending == 0
    assert ledger.close(Heard.LOST_ERROR, "stopped") == 0
    assert ledger.totals().total == pytest.approx(len(truth) / RATE)


def test_the_first_settlement_wins() -> None:
    ledger = Ledger(0.0)
    ledger.extend(100)
    assert ledger.settle(20, 30, Heard.LOST_NETWORK, "packets lost") == 10
    assert ledger.settle(0, 100, Heard.EXAMINED) == 90
    assert ledger.settle(0, 100, Heard.LOST_ERROR, "late") == 0
    assert ledger.gaps() == (Stretch(20, 30, Heard.LOST_NETWORK, "packets lost"),)


def test_what_was_not_heard_yet_cannot_be_settled() -> None:
    ledger = Ledger(0.0)
    ledger.extend(10)
    assert ledger.settle(0, 50, Heard.SILENCE) == 10
    ledger.extend(50)
    assert ledger.pending == 40


def test_nothing_goes_back_to_pending() -> None:
    with pytest.raises(ValueError, match="pending"):
        Ledger(0.0).settle(0, 1, Heard.PENDING)


def test_totals_are_seconds_and_the_wall_clock_follows() -> None:
    ledger = Ledger(1_000.0)
    ledger.extend(3 * RATE)
    ledger.settle(0, RATE, Heard.EXAMINED)
    totals = ledger.totals()
    assert totals.seconds == {Heard.EXAMINED: 1.0, Heard.PENDING: 2.0}
    assert ledger.wall(2 * RATE) == 1_002.0


def test_forgotten_gaps_stay_in_the_totals() -> None:
    ledger = Ledger(0.0)
    n = GAPS_KEPT + 50
    for i in range(n):
        ledger.extend(2 * i + 2)
        ledger.settle(2 * i, 2 * i + 1, Heard.SILENCE)
        ledger.settle(2 * i + 1, 2 * i + 2, Heard.LOST_NETWORK, "packets lost")
    gaps = ledger.gaps()
    assert len(gaps) == GAPS_KEPT
    assert gaps[-1].end == 2 * n, "the newest are kept"
    assert all(a.end < b.start for a, b in pairwise(gaps))
    assert ledger.samples()[Heard.LOST_NETWORK] == n


def test_ten_hours_of_frames_leave_no_more_than_what_is_pending() -> None:
    ledger = Ledger(0.0)
    step = 320 * 50
    for i in range(36_000):
        ledger.extend((i + 1) * step)
        ledger.settle(i * step, (i + 1) * step - 320, Heard.SILENCE)
        ledger.settle((i - 1) * step, i * step, Heard.EXAMINED)
    assert ledger.pending == 320
    assert len(ledger._starts) == 1


def test_a_room_keeps_the_sums_of_those_who_left() -> None:
    book = Book()
    first = book.open("t1", "red", ANN, 0.0)
    other = book.open("t2", "red", Speaker("s2", "Bo"), 0.0)
    book.open("t3", "blue", ANN, 0.0).extend(RATE)
    first.extend(2 * RATE)
    other.extend(RATE)
    first.settle(0, 2 * RATE, Heard.EXAMINED)
    book.drop("t1")
    assert book.room("red").seconds == {Heard.EXAMINED: 2.0, Heard.PENDING: 1.0}
    with pytest.raises(KeyError):
        book.ledger("t1")
    assert [visit.track for visit in book.visits("red")] == ["t2"]


def test_a_dropped_track_stays_until_the_house_has_settled_it() -> None:
    book = Book()
    book.open("t1", "red", ANN, 0.0).extend(RATE)
    book.drop("t1")
    assert book.ledger("t1").pending == RATE
    assert book.settle("t1", 0, RATE // 2, Heard.EXAMINED) == RATE // 2
    assert book.room("red").seconds == {Heard.EXAMINED: 0.5, Heard.PENDING: 0.5}
    book.settle("t1", 0, RATE, Heard.LOST_ERROR, "recogniser failed")
    assert book.visits() == ()
    assert book.settle("t1", 0, RATE, Heard.EXAMINED) == 0, "too late: it was booked"
    assert book.room("red").lost == 0.5


def test_closing_the_book_folds_what_has_left_and_settles_all() -> None:
    book = Book()
    book.open("t1", "red", ANN, 0.0).extend(RATE)
    book.open("t2", "red", ANN, 0.0).extend(RATE)
    book.drop("t1")
    assert book.close(Heard.LOST_ERROR, "stopped") == 2 * RATE
    assert book.room("red").lost == 2.0
    assert [visit.track for visit in book.visits()] == ["t2"]


def test_a_track_is_opened_once() -> None:
    book = Book()
    book.open("t1", "red", ANN, 0.0)
    with pytest.raises(ValueError, match="t1"):
        book.open("t1", "red", ANN, 0.0)
