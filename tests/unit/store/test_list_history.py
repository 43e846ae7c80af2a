"""What was watched for, since when, and who wanted it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from monitor.messages import Numbered, RuleStateChanged
from monitor.model import RuleState
from monitor.store.store import Store
from tests.helpers.storing import database

FIRST, SECOND = 'name = "scam"\nphrases = ["免费 money"]\n', 'name = "scam"\nphrases = []\n'


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def nobody(_: Numbered) -> None:
    return


async def test_each_version_is_kept_with_its_text_its_author_and_the_reason(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), nobody, Clock()) as store:
        await store.add_version("scam", "aaa", FIRST, "Ann", "first")
        await store.add_version("scam", "bbb", SECOND, "Bo", "too noisy", at=1500.0)
        await store.add_version("scam", "aaa", FIRST, "Ann", "rolled back", at=1600.0)
        await store.add_version("other", "ccc", "x", "Ann", "")
        told = [(v.version, v.who, v.why, v.at) for v in await store.versions("scam")]
        assert told == [
            ("aaa", "Ann", "rolled back", 1600.0),
            ("bbb", "Bo", "too noisy", 1500.0),
            ("aaa", "Ann", "first", 1000.0),
        ]
        assert await store.version("scam", "aaa") == FIRST
        assert await store.version("scam", "bbb") == SECOND
        assert await store.version("scam", "ccc") is None
        assert len(await store.versions()) == 4
        assert [v.version for v in await store.versions("scam", limit=1)] == ["aaa"]


async def test_a_text_that_comes_back_is_kept_once_and_one_put_twice_in_a_row_is_one_entry(tmp_path: Path) -> None:
    path = database(tmp_path)
    async with Store.open(path, nobody, Clock()) as store:
        one = await store.add_version("scam", "aaa", FIRST, "Ann", "first")
        assert await store.add_version("scam", "aaa", FIRST, "service", "started") == one
        commented = "# why\n" + FIRST  # the same version: comments change nothing of what it finds
        await store.add_version("scam", "aaa", commented, "Ann", "a comment")
        await store.add_version("scam", "aaa", FIRST, "Ann", "back")
        assert await store.version("scam", "aaa") == FIRST
        assert len(await store.versions("scam")) == 3
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM list_texts").fetchone() == (2,)


async def test_history_survives_retention(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), nobody, Clock()) as store:
        await store.add_version("scam", "aaa", FIRST, "Ann", "first")
        await store.set_rule_state("scam", "x", RuleState.SHADOW, "Ann", "noisy")
        await store.purge(before=9e9)
        assert await store.version("scam", "aaa") == FIRST
        assert await store.rule_states() == {("scam", "x"): RuleState.SHADOW}


async def test_the_newest_state_of_a_rule_counts_until_it_is_left_to_the_list_again(tmp_path: Path) -> None:
    clock = Clock()
    async with Store.open(database(tmp_path), nobody, clock) as store:
        await store.set_rule_state("scam", "x", RuleState.SHADOW, "Ann", "noisy")
        await store.set_rule_state("scam", "y", RuleState.RETIRED, "Ann", "old")
        clock.now = 1100.0
        await store.set_rule_state("scam", "x", RuleState.LIVE, "Bo", "mended")
        await store.set_rule_state("scam", "", RuleState.DRAFT, "Bo", "all of it")
        assert await store.rule_states() == {
            ("scam", "x"): RuleState.LIVE,
            ("scam", "y"): RuleState.RETIRED,
            ("scam", ""): RuleState.DRAFT,
        }
        await store.set_rule_state("scam", "y", None, "Bo", "as written")
        assert ("scam", "y") not in await store.rule_states()
        log = [(s.rule, s.state, s.who, s.why, s.at) for s in await store.rule_state_log("scam")]
        assert log == [
            ("y", None, "Bo", "as written", 1100.0),
            ("", RuleState.DRAFT, "Bo", "all of it", 1100.0),
            ("x", RuleState.LIVE, "Bo", "mended", 1100.0),
            ("y", RuleState.RETIRED, "Ann", "old", 1000.0),
            ("x", RuleState.SHADOW, "Ann", "noisy", 1000.0),
        ]
        assert await store.rule_state_log("other") == []


async def test_a_change_of_state_is_told_with_its_number_and_stored_as_an_event(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with Store.open(database(tmp_path), told.append, Clock()) as store:
        message = RuleStateChanged.model_validate(
            {
                "seq": 0,
                "at": 1000.0,
                "list_name": "scam",
                "rule": "x",
                "state": "shadow",
                "before": "live",
                "who": "room-monitor",
                "why": "2 of 40 right",
                "automatic": True,
            }
        )
        await store.set_rule_state("scam", "x", RuleState.SHADOW, "room-monitor", "2 of 40 right", tell=message)
        assert told == [message.model_copy(update={"seq": 1})]
        assert await store.events(0, 10) == told
