"""Verdicts and what follows from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from monitor.catalog.quality import Quality
from monitor.keywords.precision import Patience
from monitor.messages import RuleStateChanged
from monitor.model import RuleState
from monitor.store.records import Judgement
from tests.helpers.catalogs import SCAMS, Desk, catalog
from tests.helpers.storing import hit, transcript

DAY = 86400.0
FLOORED = SCAMS.replace("title", "floor = 0.8\ntitle")
PATIENCE = Patience(verdicts=4, days=1.0)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def judge(desk: Desk, clock: Clock, *said: str, rule: str = "free money", days: float = 2.0) -> None:
    """So many hits, each judged, evenly over `days`."""
    for number, verdict in enumerate(said):
        found = replace(hit(rule), list_name="scams-en", before="there is ", after=f" for {rule} lovers")
        await desk.store.add_hits([found], transcript(f"u{rule}{number}{clock.now}"), [""])
        (stored,) = await desk.store.stored_hits("scams-en", limit=1)
        assert await desk.store.add_verdict(stored.subject, Judgement(verdict), "ann", "")
        clock.now += days * DAY / len(said)


def state(desk: Desk, rule: str = "free money") -> RuleState | None:
    return next((h.state for h in desk.catalog.matcher.find_text(rule, "en") if h.phrase == rule), None)


async def test_precision_comes_with_floor_and_state(tmp_path: Path, clock: Clock) -> None:
    async with catalog(tmp_path, FLOORED, clock=clock) as desk:
        await judge(desk, clock, "right", "wrong", "wrong", "unsure")
        await judge(desk, clock, "wrong", rule="gone")
        first, second = await Quality(desk.catalog).precision()
        assert (first.judged.right, first.judged.wrong, first.judged.unsure) == (1, 2, 1)
        assert (first.floor, first.state) == (0.8, RuleState.LIVE)
        assert (second.judged.rule, second.floor, second.state) == ("gone", None, None)


async def test_a_rule_that_is_wrong_for_long_enough_demotes_itself_and_says_so(tmp_path: Path, clock: Clock) -> None:
    async with catalog(tmp_path, FLOORED, clock=clock) as desk:
        quality = Quality(desk.catalog, PATIENCE)
        await judge(desk, clock, *["wrong"] * 8)
        await judge(desk, clock, *["right"] * 8, rule="gift card")
        (demoted,) = await quality.demote()
        assert (demoted.list_name, demoted.rule) == ("scams-en", "free money")
        assert (state(desk), state(desk, "gift card")) == (RuleState.SHADOW, RuleState.LIVE)
        (told,) = [event for event in desk.events if isinstance(event, RuleStateChanged)]
        assert (told.rule, told.state, told.before, told.automatic) == ("free money", "shadow", "live", True)
        assert "floor of 80%" in told.why
        assert (await desk.store.rule_state_log("scams-en"))[0].who == "room-monitor"
        assert await quality.demote() == []


@pytest.mark.parametrize(
    ("said", "days", "content"),
    [
        (["wrong"] * 3, 2.0, FLOORED),  # too few
        (["wrong"] * 8, 0.5, FLOORED),  # too soon
        (["right"] * 7 + ["wrong"], 2.0, FLOORED),  # good enough
        (["wrong"] * 8, 2.0, SCAMS),  # no floor
    ],
)
async def test_a_rule_that_is_not_known_to_be_bad_stays_live(
    tmp_path: Path, clock: Clock, said: list[str], days: float, content: str
) -> None:
    async with catalog(tmp_path, content, clock=clock) as desk:
        await judge(desk, clock, *said, days=days)
        assert await Quality(desk.catalog, PATIENCE).demote() == []
        assert state(desk) is RuleState.LIVE


async def test_a_rule_that_a_person_brought_back_is_judged_anew(tmp_path: Path, clock: Clock) -> None:
    async with catalog(tmp_path, FLOORED, clock=clock) as desk:
        quality = Quality(desk.catalog, PATIENCE)
        await judge(desk, clock, *["wrong"] * 8)
        assert len(await quality.demote()) == 1
        clock.now += 1
        await desk.catalog.set_rule_state("scams-en", "free money", None, "ann", "it is fine")
        clock.now += 1
        assert await quality.demote() == []
        await judge(desk, clock, *["wrong"] * 8)
        assert len(await quality.demote()) == 1


@pytest.mark.parametrize(
    ("change", "falls"),
    [
        (('"free money",', '{ text = "free money", inflect = true },'), False),  # the rule is another one
        (('["no free money"]', '["no free money", "free money lovers"]'), False),  # an exception that concerns it
        (('["no free money"]', '["no free money", "gift card holder"]'), True),
        (('title = "Scams"', 'title = "Swindles"'), True),
    ],
)
async def test_verdicts_on_what_was_mended_since_dont_count(
    tmp_path: Path, clock: Clock, change: tuple[str, str], falls: bool
) -> None:
    async with catalog(tmp_path, FLOORED, clock=clock) as desk:
        await judge(desk, clock, *["wrong"] * 8)
        base = (await desk.catalog.show("scams-en")).etag
        content = FLOORED.replace(*change)
        assert content != FLOORED
        await desk.catalog.put("scams-en", content, "ann", "mended", base=base)
        clock.now += 1
        assert bool(await Quality(desk.catalog, PATIENCE).demote()) is falls


async def test_exceptions_are_suggested_from_what_surrounds_wrong_hits(tmp_path: Path, clock: Clock) -> None:
    async with catalog(tmp_path, clock=clock) as desk:
        await judge(desk, clock, "wrong", "wrong", "wrong")
        ((rule, suggestion), *_) = await Quality(desk.catalog).suggestions("scams-en")
        assert (rule, suggestion.wrong) == ("free money", 3)
        assert "free money" in suggestion.exception
