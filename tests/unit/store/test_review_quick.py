"""What the review console asks is answered by an index, whatever there is: read from SQLite's own plans."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, select
from sqlalchemy.dialects import sqlite

from monitor.model import Severity
from monitor.review.incident import Status
from monitor.store import placing
from monitor.store.review_records import Wanted, query
from monitor.store.tables import ALERTS, UTTERANCES
from tests.helpers.storing import database

A = ALERTS.c
NEWEST = select(ALERTS).order_by(A.seq.desc()).limit(100)


def plan(path: Path, asked: Select[Any], values: dict[str, object] | None = None) -> list[str]:
    """The lines of SQLite's plan."""
    made = asked.compile(dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True})
    parameters = {**made.params, **(values or {})}
    with closing(sqlite3.connect(path)) as db:
        text = f"EXPLAIN QUERY PLAN {made}"
        return [row[3] for row in db.execute(text, [parameters[name] for name in made.positiontup or ()])]


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(after=(0, 50_000)),
        Wanted(order="worst"),
        Wanted(order="worst", after=(3, 50_000)),
        Wanted(severity=Severity.HIGH),
        Wanted(severity=Severity.HIGH, order="worst"),
        Wanted(claim="free", now=5.0),
    ],
)
def test_the_queue_is_read_in_the_order_of_an_index(tmp_path: Path, wanted: Wanted) -> None:
    lines = plan(database(tmp_path), query(wanted, Status.OPEN).limit(100))
    assert any("USING INDEX ix_incidents_status" in line for line in lines), lines
    assert not any("TEMP B-TREE" in line for line in lines), lines


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Wanted(room="den"), "sqlite_autoindex_incident_places_1"),
        (Wanted(room="den", speaker="s1"), "sqlite_autoindex_incident_places_1"),
        (Wanted(list_name="scam", rule="free money"), "ix_incidents_list_rule_last_at"),
    ],
)
def test_filters_have_indexes(tmp_path: Path, wanted: Wanted, index: str) -> None:
    lines = plan(database(tmp_path), query(wanted, Status.OPEN).limit(100))
    assert any(index in line or "ix_incidents_status" in line for line in lines), lines
    assert not any(line.startswith("SCAN") for line in lines), lines


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        (NEWEST.where(A.room == "den"), "ix_alerts_room_seq"),
        (NEWEST.where(A.room == "den", A.speaker_id == "s1"), "ix_alerts_room_speaker_id_seq"),
        (NEWEST.where(A.room == "den", A.speaker_name == "Ann"), "ix_alerts_room_speaker_name_seq"),
        (NEWEST.where(A.list == "scam", A.rule == "free money"), "ix_alerts_list_rule_seq"),
        (select(ALERTS).where(A.incident == 7), "ix_alerts_incident"),
        (
            select(UTTERANCES).where(UTTERANCES.c.room == "den", UTTERANCES.c.began.between(1.0, 2.0)),
            "ix_utterances_room_began",
        ),
    ],
)
def test_more_of_a_speaker_a_rule_or_a_moment_is_found_by_an_index(
    tmp_path: Path, asked: Select[Any], index: str
) -> None:
    lines = plan(database(tmp_path), asked)
    assert any(index in line for line in lines), lines
    assert not any("TEMP B-TREE" in line for line in lines), lines


@pytest.mark.parametrize("asked", [placing._MAY_JOIN, placing._MAY_JOIN_VOICE])
def test_where_an_alert_belongs_is_found_by_indexes(tmp_path: Path, asked: Select[Any]) -> None:
    values = {"room": "den", "speaker": "s1", "together": 1.0, "list": "scam", "rule": "x", "across": 1.0}
    lines = plan(database(tmp_path), asked, values)
    assert not any(line.startswith("SCAN incidents") for line in lines), lines
