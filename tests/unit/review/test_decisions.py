"""What people may do with an incident, and what stands of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.errors import IncidentTaken
from monitor.review.decisions import Act, Decision, refuse, standing
from monitor.review.incident import Judgement, Standing, Status
from tests.helpers.incidents import incident

NOW = 5_000.0


def made(number: int, act: Act, who: str = "ann", **more: object) -> Decision:
    return replace(Decision(1, act, who, NOW, id=number), **more)  # type: ignore[arg-type]


CLAIM = made(1, Act.CLAIM, until=NOW + 900)
RIGHT = made(2, Act.VERDICT, verdict=Judgement.RIGHT, reason="hate", taken="warned")


def test_a_claim_holds_until_it_is_over_released_or_handed_over() -> None:
    held = standing([CLAIM], 1)
    assert held.held(NOW) == "ann"
    assert held.held(NOW + 900) == ""
    assert standing([CLAIM, made(2, Act.RELEASE)], 1).held(NOW) == ""
    handed = standing([CLAIM, made(2, Act.HAND, to="bob", until=NOW + 900)], 1)
    assert handed.held(NOW) == "bob"


def test_a_verdict_is_the_end_and_undoing_it_gives_back_what_was_before() -> None:
    done = standing([CLAIM, RIGHT], 1)
    assert (done.status, done.verdict, done.reason, done.taken) == (Status.DONE, Judgement.RIGHT, "hate", "warned")
    assert (done.decided_by, done.decided_at, done.held(NOW)) == ("ann", NOW, "")
    again = standing([CLAIM, RIGHT, made(3, Act.UNDO, undoes=2)], 1)
    assert again == standing([CLAIM], 1)


def test_of_two_verdicts_the_newer_stands_and_its_undo_brings_back_the_older() -> None:
    wrong = made(3, Act.VERDICT, verdict=Judgement.WRONG)
    assert standing([RIGHT, wrong], 1).verdict is Judgement.WRONG
    assert standing([RIGHT, wrong, made(4, Act.UNDO, undoes=3)], 1).verdict is Judgement.RIGHT


def test_an_escalated_incident_is_nobodys_and_can_be_decided() -> None:
    escalated = standing([CLAIM, made(2, Act.ESCALATE, to="legal")], 1)
    assert (escalated.status, escalated.escalated_to, escalated.held(NOW)) == (Status.ESCALATED, "legal", "")
    assert standing([made(2, Act.ESCALATE), made(3, Act.VERDICT, verdict=Judgement.WRONG)], 1).status is Status.DONE


def test_verdicts_on_each_alert_are_one_on_the_incident() -> None:
    first = made(1, Act.VERDICT, alert="a1", verdict=Judgement.RIGHT)
    second = made(2, Act.VERDICT, alert="a2", verdict=Judgement.RIGHT)
    other = replace(second, verdict=Judgement.WRONG)
    assert standing([first], 2).status is Status.OPEN
    assert standing([first, second], 2).verdict is Judgement.RIGHT
    assert standing([first, other], 2).verdict is Judgement.UNSURE
    assert standing([first, second, made(3, Act.UNDO, undoes=2)], 2).status is Status.OPEN


HELD = incident(standing=Standing(claimed_by="ann", claimed_until=NOW + 900))
DONE = incident(standing=standing([RIGHT], 1))


@pytest.mark.parametrize("act", [Act.CLAIM, Act.RELEASE, Act.HAND, Act.ESCALATE, Act.VERDICT])
def test_what_somebody_holds_nobody_else_decides(act: Act) -> None:
    with pytest.raises(IncidentTaken, match="ann works on"):
        refuse(HELD, made(2, act, "bob"), [CLAIM])
    refuse(HELD, made(2, act, "ann"), [CLAIM])
    over = replace(HELD, standing=replace(HELD.standing, claimed_until=NOW))
    if act is not Act.RELEASE:
        refuse(over, made(2, act, "bob"), [CLAIM])


def test_anybody_may_say_something_and_a_supervisor_takes_claims_away() -> None:
    refuse(HELD, made(2, Act.NOTE, "bob"), [CLAIM])
    refuse(HELD, made(2, Act.RELEASE, "bob"), [CLAIM], supervisor=True)
    with pytest.raises(IncidentTaken):
        refuse(HELD, made(2, Act.VERDICT, "bob"), [CLAIM], supervisor=True)


@pytest.mark.parametrize("act", [Act.CLAIM, Act.HAND, Act.ESCALATE])
def test_what_is_done_stays_done_until_that_is_undone(act: Act) -> None:
    with pytest.raises(IncidentTaken, match="ann has decided"):
        refuse(DONE, made(3, act), [RIGHT])


def test_the_decider_may_decide_anew_and_somebody_else_may_not() -> None:
    refuse(DONE, made(3, Act.VERDICT, "ann"), [RIGHT])
    with pytest.raises(IncidentTaken):
        refuse(DONE, made(3, Act.VERDICT, "bob"), [RIGHT])
    refuse(DONE, made(3, Act.VERDICT, "bob", alert="a1"), [RIGHT])


def test_one_undoes_ones_own_decisions_once() -> None:
    undo = made(3, Act.UNDO, undoes=2)
    refuse(DONE, undo, [RIGHT])
    with pytest.raises(IncidentTaken, match="undone already"):
        refuse(DONE, replace(undo, id=4), [RIGHT, undo])
    with pytest.raises(IncidentTaken, match="only they"):
        refuse(DONE, replace(undo, who="bob"), [RIGHT])
    refuse(DONE, replace(undo, who="bob"), [RIGHT], supervisor=True)
    with pytest.raises(IncidentTaken, match="can be undone"):
        refuse(HELD, made(3, Act.UNDO, undoes=1), [CLAIM])
    with pytest.raises(IncidentTaken, match="can be undone"):
        refuse(HELD, made(3, Act.UNDO, undoes=99), [CLAIM])
