"""The benchmark of backtests makes a database that is what it says, once, and tries lists on it."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from monitor.bench import backtest
from monitor.bench.backtest import Mix, measure, versions
from monitor.keywords.spoken import spoken
from monitor.store.archive import Archive


def test_a_small_one_runs_and_keeps_its_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest, "MIXES", {"few": Mix(literal=80, wildcard=20)})
    out = io.StringIO()
    measure(400, tmp_path, 3, Console(file=out, width=160))
    (path,) = tmp_path.iterdir()
    made = path.stat().st_mtime_ns
    assert "Backtest of 400 stored utterances" in out.getvalue()
    measure(400, tmp_path, 3, Console(file=io.StringIO()))
    assert [file.stat().st_mtime_ns for file in tmp_path.glob("*.db")] == [made]


def test_the_made_texts_are_those_of_their_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest, "MIXES", {})
    measure(50, tmp_path, 1, Console(file=io.StringIO()))
    archive = Archive(next(tmp_path.glob("*.db")))
    texts = {row[0]: row[4] for row in archive.texts(0, 100)}
    heard = archive.whole(texts)
    assert len(heard) == 50
    assert all(spoken(one.words).normal == texts[one.seq] for one in heard)
    with closing(sqlite3.connect(archive.path)) as db:
        assert db.execute("SELECT count(DISTINCT room) FROM utterances").fetchone()[0] > 5


def test_versions_differ_in_one_rule_of_ten() -> None:
    old, new = versions(Mix())
    assert len(new.rules) == 1000
    assert len(old.rules) == 900
    assert set(old.rules) < set(new.rules)
