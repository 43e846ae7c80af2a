"""Which alerts are one matter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.model import Alert, Speaker
from monitor.review.incident import LONGEST, MOST_ALERTS, Grouping, Standing, Status
from tests.helpers.incidents import NOW, incident
from tests.helpers.storing import ANN, alert, hit

BOB = Speaker("s2", "Bob")
GROUPING = Grouping(together=300.0, across=120.0)


def said(phrase: str = "free money", *, by: Speaker = ANN, room: str = "lobby", after: float = 10.0) -> Alert:
    return alert("a1", room_id=room, speaker=by, hits=(hit(phrase),), raised_at=NOW + after)


@pytest.mark.parametrize(
    ("one", "joins"),
    [
        (said("another phrase"), True),  # same room and speaker
        (said("another phrase", after=299), True),
        (said("another phrase", after=301), False),
        (said("another phrase", by=BOB), False),
        (said("another phrase", room="den"), False),
        (said(by=BOB, room="den"), True),  # the same rule in another room
        (said(by=BOB), True),  # and by somebody else in the same
        (said(by=BOB, room="den", after=121), False),
        (said(after=121), True),  # no longer across rooms, but still the same speaker
        (replace(said(by=BOB, room="den"), hits=()), False),  # about a voice: of that speaker alone
        (replace(said(), hits=()), True),
    ],
)
def test_an_alert_joins_what_is_one_matter_with_it(one: Alert, joins: bool) -> None:
    found = GROUPING.home(one, [incident()])
    assert (found is not None) is joins


def test_what_is_done_full_or_too_old_takes_no_more() -> None:
    done = incident(standing=Standing(status=Status.DONE))
    full = incident(alerts=MOST_ALERTS)
    assert GROUPING.home(said(), [done]) is None
    assert GROUPING.home(said(), [full]) is None
    day_long = incident(last_at=NOW + LONGEST)
    assert GROUPING.home(said(after=LONGEST), [day_long]) == day_long
    assert GROUPING.home(said(after=LONGEST + 1), [day_long]) is None


def test_only_the_rule_that_opened_an_incident_draws_others_into_it() -> None:
    """Or one who says two phrases would join two matters."""
    both = incident(phrases=("free money", "gift card"), alerts=2)
    assert GROUPING.home(said("gift card", by=BOB, room="den"), [both]) is None


def test_the_rule_across_rooms_comes_before_the_speaker_and_the_newest_first() -> None:
    mine = incident(1, rule="gift card")
    theirs = incident(2, room="den", speaker=BOB, rooms=("den",))
    assert GROUPING.home(said(), [mine, theirs]) == theirs
    assert GROUPING.home(said("other"), [mine, theirs]) == mine
    older = incident(1)
    assert GROUPING.home(said(), [older, incident(3)]) == incident(3)


def test_zero_seconds_across_group_nobody_elses_alerts() -> None:
    never = Grouping(together=300.0, across=0.0)
    assert never.home(said(by=BOB, room="den"), [incident()]) is None
    assert never.home(said(), [incident()]) == incident()
