"""Whether several in one call are worth it on this machine."""

from __future__ import annotations

from monitor.speech.company import AGAIN, KNOWN, Company


def learned(alone: float, shared: float, calls: int = KNOWN) -> Company:
    """`alone` and `shared`: seconds that a second of speech took."""
    company = Company()
    for _ in range(calls):
        company.note("base", 1, 5.0, 5.0 * alone)
        company.note("base", 2, 10.0, 10.0 * shared)
    return company


def test_it_is_tried_until_it_is_known() -> None:
    assert Company().pays("base")
    assert learned(0.04, 0.05, KNOWN - 1).pays("base")


def test_it_has_to_save_something_as_all_wait_for_the_whole_call() -> None:
    assert learned(0.04, 0.03).pays("base")
    assert not learned(0.04, 0.039).pays("base")


def test_what_one_model_costs_says_nothing_of_another() -> None:
    company = learned(0.04, 0.05)
    assert company.pays("small")
    assert company.take("small")


def test_where_it_does_not_pay_it_is_tried_now_and_then() -> None:
    company = learned(0.04, 0.05)
    taken = [company.take("base") for _ in range(2 * AGAIN)]
    assert taken.count(True) == 2
    assert not any(taken[: AGAIN - 1])


def test_a_machine_that_has_changed_is_noticed() -> None:
    company = learned(0.04, 0.05)
    for _ in range(100):
        company.note("base", 3, 15.0, 15.0 * 0.03)
    assert company.pays("base")


def test_a_call_in_which_nothing_was_said_says_nothing() -> None:
    company = learned(0.04, 0.05)
    for _ in range(100):
        company.note("base", 2, 0.0, 0.01)
    assert not company.pays("base")
