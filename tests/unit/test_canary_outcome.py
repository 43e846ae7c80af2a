"""What the canary makes of a try."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from monitor.canary import Try, judged
from monitor.config import Canary, Settings
from monitor.config_rooms import Room
from monitor.views import alert_view
from tests.helpers.storing import alert

PLAN = Canary(within=10)


@pytest.mark.parametrize(("raised", "outcome", "delay"), [(110, "heard", 10), (95, "heard", 0), (110.5, "slow", 10.5)])
def test_the_delay_counts_from_the_recordings_end(raised: float, outcome: str, delay: float) -> None:
    ran = judged(PLAN, Try(80, ended=100, alert=alert_view(alert("a1")), raised=raised), asked=True)
    assert (ran.outcome, ran.delay, ran.alert, ran.asked) == (outcome, delay, "a1", True)


def test_a_miss_says_what_was_heard_instead() -> None:
    ran = judged(PLAN, Try(80, ended=100, heard=["do for", "your cantry"]), asked=False)
    assert (ran.outcome, ran.delay) == ("missed", None)
    assert "'do for your cantry'" in ran.detail
    assert "40 s" in ran.detail
    assert "nothing was heard" in judged(PLAN, Try(80, ended=100), asked=False).detail


def test_what_could_not_be_spoken_is_no_miss() -> None:
    ran = judged(PLAN, Try(80, trouble="no such file"), asked=False)
    assert (ran.outcome, ran.delay) == ("failed", None)
    assert "no such file" in ran.detail


def test_a_room_of_people_is_not_the_canarys() -> None:
    with pytest.raises(ValidationError, match="a room that people use"):
        Settings(rooms=(Room(id="lobby"),), canary=Canary(enabled=True, room="lobby"))
    assert Settings(rooms=(Room(id="canary"),)).rooms[0].id == "canary"
