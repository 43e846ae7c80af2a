"""The archive read in ranges beside a service that writes and forgets."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.errors import StoreFailed
from monitor.messages import Numbered
from monitor.model import RATE, Spoken
from monitor.store.archive import Archive
from monitor.store.store import Store
from tests.helpers.archives import made
from tests.helpers.storing import alert, database, hit, transcript


def nobody(_: Numbered) -> None:
    return


def test_spans_hold_each_utterance_once_and_no_more_than_asked_for(tmp_path: Path) -> None:
    archive = Archive(made(tmp_path, 103))  # their numbers are 3, 6, …: other events have numbers too
    spans = archive.spans(0.0, 1e12, 20)
    assert [count for *_, count in spans] == [20] * 5 + [3]
    assert spans[0][0] == 3
    assert spans[-1][1] == 309
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    assert archive.spans(1010.0, 1020.0, 20) == [(15, 27, 5)]  # stored at 1002, 1004, …
    assert archive.spans(5e9, 1e12, 20) == archive.spans(0.0, 500.0, 20) == []


async def test_an_utterance_reads_back_with_its_words_in_wall_time(tmp_path: Path) -> None:
    path = database(tmp_path)
    async with Store.open(path, nobody, lambda: 1003.0) as store:
        heard = transcript("u1", start=7 * RATE)
        await store.add_heard(heard, heard.words, Spoken("1", "free money", "fr"))
    (found,) = Archive(path).whole([1, 99])
    assert (found.id, found.room, found.speaker, found.track, found.language) == ("u1", "lobby", "s1", "t1", "en")
    assert (found.began, found.seconds, found.biased) == (1000.0, 2.0, False)
    assert [(w.text, w.start, w.end) for w in found.words] == [(" free", 1000.5, 1000.75), (" money", 1000.75, 1001.25)]
    assert Archive(path).texts(0, 9) == [(1, "1", "en", 2.0, "free money", "fr")]
    assert Archive(path).times(1, 1) == (1000.0, 1002.0)


async def test_text_that_retention_has_removed_does_not_come_back(tmp_path: Path) -> None:
    path = database(tmp_path)
    async with Store.open(path, nobody, lambda: 1003.0) as store:
        heard = transcript("u1")
        await store.add_heard(heard, heard.words)
        archive = Archive(path)
        assert archive.without_text(0, 9) == [1]
        assert archive.fill([(1, Spoken("1", "free money"))])
        assert archive.without_text(0, 9) == []
        await store.purge(before=2000.0)
        assert archive.fill([(1, Spoken("1", "free money"))])
        assert archive.texts(0, 9) == []


async def test_what_can_be_listened_to_is_found_by_utterance(tmp_path: Path) -> None:
    path = database(tmp_path)
    async with Store.open(path, nobody, lambda: 1003.0) as store:
        await store.add_alert(alert("a1", utterance="u1"))
        await store.add_alert(alert("a2", utterance="u1", clip="a2.wav"))
        await store.add_alert(alert("a3", utterance="u0", clip="a3.wav"))
        await store.add_hits([hit()], transcript("u2"), ["a3"])  # a repeat within the cool-down
        await store.add_hits([hit()], transcript("u3"), [""])
    found = Archive(path).alerts(["u1", "u2", "u3"])
    assert found == {"u1": ("a2", "a2.wav"), "u2": ("a3", "a3.wav")}


def test_how_far_back_is_asked_by_time(tmp_path: Path) -> None:
    archive = Archive(made(tmp_path, 50))
    assert archive.before(60, 11.0) == 45  # stored two seconds apart
    assert archive.before(3, 100.0) == 3


def test_an_archive_that_is_not_there_says_so_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreFailed, match="can't be read"):
        Archive(tmp_path / "none.db").spans(0.0, 1.0, 5)
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_locked_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path, 3)
    monkeypatch.setattr("monitor.store.archive.BUSY", 10)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not Archive(path).fill([(3, Spoken("1", "x"))])
        assert len(Archive(path).whole([3])) == 1
