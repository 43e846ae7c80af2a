"""Hits and near misses as stored: nothing of a person longer than its utterance, counts for longer, all bounded."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.messages import Numbered
from monitor.model import Grade, KeywordHit, NearMiss, RuleState, Spoken, Way
from monitor.store import hit_records
from monitor.store.records import HitCount
from monitor.store.retention import TALLY_SECONDS
from monitor.store.store import Store
from tests.helpers.storing import database, hit, transcript


class Clock:
    now = 7200.0

    def __call__(self) -> float:
        return self.now


def nobody(_: Numbered) -> None:
    return


def miss(rule: str = "free money", matched: str = "free monkey") -> NearMiss:
    return NearMiss("scam", "abc", rule, matched, "there is", "for all", 1.0, 2.0, 0.78, 0.85, "sounds alike")


def graded(rule: str, grade: Grade, state: RuleState = RuleState.LIVE) -> KeywordHit:
    return replace(hit(rule), grade=grade, state=state)


async def test_each_hit_reads_back_whole_with_its_alert(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), nobody, Clock()) as store:
        sound = replace(hit("keel"), grade=Grade.C, way=Way.SOUND, likeness=0.9, state=RuleState.SHADOW, cool_down=3.0)
        await store.add_hits([hit(), sound], transcript("u1"), ["a1", ""])
        await store.add_hits([], transcript("u2"), [])
        two, one = await store.stored_hits()
        assert (one.hit, one.alert, one.subject) == (hit(), "a1", "a1")
        assert (two.hit, two.alert, two.subject) == (sound, "", f"hit-{two.id}")
        assert (two.utterance, two.room, two.speaker_id, two.language, two.at) == ("u1", "lobby", "s1", "en", 7200.0)
        assert await store.stored_hits("scam", "keel") == [two]
        assert await store.stored_hits(state=RuleState.LIVE) == [one]
        assert await store.stored_hits(before=two.id) == [one]
        assert await store.stored_hits(utterance="u9") == await store.stored_hits(since=7201.0) == []


async def test_a_hit_without_its_alert_id_is_refused(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), nobody, Clock()) as store:
        with pytest.raises(ValueError, match="zip"):
            await store.add_hits([hit(), hit("x")], transcript("u1"), ["a1"])


async def test_hits_are_counted_by_rule_state_and_grade_from_an_hour_on(tmp_path: Path) -> None:
    clock = Clock()
    async with Store.open(database(tmp_path), nobody, clock) as store:
        a, c = graded("x", Grade.A), graded("x", Grade.C)
        await store.add_hits([a, a, c], transcript("u1"), ["a1", "a1", ""])
        clock.now = 7200.0 + 3600
        shadow = graded("y", Grade.A, RuleState.SHADOW)
        await store.add_hits([a, shadow], transcript("u2"), ["a2", ""])
        assert await store.hit_counts() == [
            HitCount("scam", "x", RuleState.LIVE, Grade.A, 3, 3),
            HitCount("scam", "x", RuleState.LIVE, Grade.C, 1, 0),
            HitCount("scam", "y", RuleState.SHADOW, Grade.A, 1, 0),
        ]
        later = await store.hit_counts(since=10900.0, list_name="scam")
        assert [(count.rule, count.hits) for count in later] == [("x", 1), ("y", 1)]
        assert await store.hit_counts(list_name="other") == []


async def test_words_go_with_their_utterance_and_counts_stay_for_a_year(tmp_path: Path) -> None:
    path, clock = database(tmp_path), Clock()
    async with Store.open(path, nobody, clock) as store:
        for number, utterance in enumerate(("old", "new")):
            heard = transcript(utterance)
            clock.now = 7200.0 + 100 * number
            await store.add_heard(heard, heard.words, Spoken("1", "free money"))
            clock.now += 5.0  # stored a little later than what they were found in
            await store.add_hits([hit()], heard, ["a1"])
            await store.add_near_misses([miss()], heard)
        await store.purge(before=7203.0)
        assert [one.utterance for one in await store.stored_hits()] == ["new"]
        assert [one.utterance for one in await store.near_misses()] == ["new"]
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("SELECT seq, normal FROM spoken").fetchall() == [(2, "free money")]
        assert [count.hits for count in await store.hit_counts()] == [2]
        await store.purge(before=7200.0 + 3600 + TALLY_SECONDS)
        assert await store.hit_counts() == []


async def test_of_a_noisy_rule_the_newest_are_kept_and_all_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hit_records, "KEPT_HITS", 2)
    monkeypatch.setattr(hit_records, "KEPT_MISSES", 2)
    monkeypatch.setattr(hit_records, "KEPT_MISSES_IN_ALL", 3)
    async with Store.open(database(tmp_path), nobody, Clock()) as store:
        await store.add_hits([hit("x")], transcript("u0"), ["a1"])
        await store.add_hits([hit("y")], transcript("u0"), [""])
        for n in range(1, 6):
            await store.add_hits([hit("x")], transcript(f"u{n}"), [""])
            await store.add_near_misses([miss("y")], transcript(f"u{n}"))
        kept = [(one.hit.phrase, one.utterance) for one in await store.stored_hits()]
        assert kept == [("x", "u5"), ("x", "u4"), ("y", "u0"), ("x", "u0")]  # the alert's own hit stays
        assert [count.hits for count in await store.hit_counts()] == [6, 1]
        assert [one.utterance for one in await store.near_misses()] == ["u5", "u4"]
        await store.add_near_misses([miss("a"), miss("b")], transcript("u6"))
        assert [one.miss.phrase for one in await store.near_misses()] == ["b", "a", "y"]


async def test_near_misses_are_asked_for_by_list_time_and_number(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), nobody, Clock()) as store:
        await store.add_near_misses([miss("a"), miss("b")], transcript("u1"))
        two, one = await store.near_misses("scam")
        assert one.miss == miss("a")
        assert (one.utterance, one.room, one.language, one.at) == ("u1", "lobby", "en", 7200.0)
        assert await store.near_misses("other") == await store.near_misses(since=7201.0) == []
        assert await store.near_misses(before=two.id, limit=5) == [one]
        assert await store.near_miss(two.id) == two
        assert await store.near_miss(99) is None
