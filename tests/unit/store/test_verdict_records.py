"""Staff's word on alerts and hits, and the precision that follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.messages import Numbered
from monitor.model import Grade, Judged
from monitor.store.records import Judgement
from monitor.store.store import Store
from tests.helpers.storing import alert, database, hit, transcript


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def nobody(_: Numbered) -> None:
    return


RIGHT, WRONG, UNSURE = Judgement.RIGHT, Judgement.WRONG, Judgement.UNSURE


async def test_a_newer_word_of_the_same_person_counts_and_both_are_kept(tmp_path: Path) -> None:
    clock = Clock()
    async with Store.open(database(tmp_path), nobody, clock) as store:
        for name in ("a1", "a2", "a3", "a4"):
            await store.add_alert(alert(name))
        await store.add_verdict("a1", WRONG, "Ann", "the dog")
        clock.now = 1100.0
        made = await store.add_verdict("a1", RIGHT, "Ann", "no, the man")
        assert made is not None
        assert (made.rule, made.list_name, made.version, made.grade) == ("free money", "scam", "abc123", Grade.A)
        await store.add_verdict("a2", RIGHT, "Ann")
        await store.add_verdict("a2", WRONG, "Bo")  # they disagree
        await store.add_verdict("a3", WRONG, "Bo")
        await store.add_verdict("a3", UNSURE, "Ann")
        await store.add_verdict("a4", UNSURE, "Ann")
        assert await store.precision() == [Judged("scam", "free money", 1, 1, 2, 1100.0, 1100.0)]
        assert [(v.verdict, v.note) for v in await store.verdicts("a1")] == [
            (RIGHT, "no, the man"),
            (WRONG, "the dog"),
        ]
        assert len(await store.verdicts(list_name="scam", rule="free money")) == 7


async def test_precision_is_asked_for_by_list_rule_and_time(tmp_path: Path) -> None:
    clock = Clock()
    async with Store.open(database(tmp_path), nobody, clock) as store:
        await store.add_alert(alert("a1"))
        await store.add_alert(alert("a2", hits=(hit("lottery"),)))
        await store.add_verdict("a1", WRONG, "Ann")
        clock.now = 2000.0
        await store.add_verdict("a2", RIGHT, "Ann")
        assert [(j.rule, j.right, j.wrong) for j in await store.precision("scam")] == [
            ("free money", 0, 1),
            ("lottery", 1, 0),
        ]
        assert [j.rule for j in await store.precision(since=1500.0)] == ["lottery"]
        assert [j.rule for j in await store.precision("scam", rule="free money")] == ["free money"]
        assert await store.precision("other") == []


async def test_a_shadow_hit_can_be_judged_and_nothing_else(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), nobody, Clock()) as store:
        await store.add_hits([hit("shadowed")], transcript("u1"), [""])
        (stored,) = await store.stored_hits()
        assert await store.add_verdict(stored.subject, RIGHT, "Ann") is not None
        assert [(j.rule, j.right) for j in await store.precision()] == [("shadowed", 1)]
        for subject in ("", "nobody", "hit-", "hit-77", "hit-²", "hit-" + "9" * 40, "hit--1"):
            assert await store.add_verdict(subject, RIGHT, "Ann") is None
        assert len(await store.verdicts()) == 1


async def test_a_verdict_outlives_its_alert_without_its_note(tmp_path: Path) -> None:
    clock = Clock()
    async with Store.open(database(tmp_path), nobody, clock) as store:
        await store.add_alert(alert("old", raised_at=1000.0))
        await store.add_alert(alert("new", raised_at=2000.0))
        await store.add_verdict("old", WRONG, "Ann", "she said: my free monkey")
        clock.now = 2000.0
        await store.add_verdict("new", RIGHT, "Ann", "clear")
        await store.add_hits([hit()], transcript("u1"), [""])
        (stored,) = await store.stored_hits()
        await store.add_verdict(stored.subject, WRONG, "Ann", "a shop")
        await store.purge(before=1500.0, gone=[("old", "its time")])
        assert [(v.verdict, v.note) for v in await store.verdicts()] == [
            (WRONG, "a shop"),
            (RIGHT, "clear"),
            (WRONG, ""),
        ]
        assert [(j.right, j.wrong) for j in await store.precision()] == [(1, 2)]


@pytest.mark.parametrize(
    ("right", "wrong", "low", "high"),
    [(0, 0, 0.0, 1.0), (8, 2, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 0, 0.7225, 1.0), (50, 50, 0.4038, 0.5962)],
)
def test_the_interval_is_wilsons(right: int, wrong: int, low: float, high: float) -> None:
    judged = Judged("scam", "x", right, wrong, 3, 0.0, 0.0)
    assert (judged.low, judged.high) == pytest.approx((low, high), abs=5e-5)
    assert judged.value == (right / (right + wrong) if right + wrong else None)
