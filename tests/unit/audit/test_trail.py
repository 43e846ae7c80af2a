"""The audit log over a real database: what was tampered with is found, and named."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.audit import chain
from monitor.audit.head import Mark
from monitor.audit.trail import Trail
from monitor.store.store import Store
from tests.helpers.storing import database
from tests.helpers.trails import trail_of


async def written(directory: Path, entries: int = 5) -> None:
    """A log with so many entries, closed."""
    async with Store.open(database(directory), lambda _: None) as store:
        trail = await trail_of(store, directory)
        for number in range(entries):
            await trail.note("ann", "evidence.heard", f"alert-{number}", "lobby", reason="to decide", second=number)


def tampered(directory: Path, change: Callable[[sqlite3.Connection], object]) -> None:
    """Whoever can write the file isn't held up by triggers."""
    with closing(sqlite3.connect(directory / "monitor.db")) as db, db:
        db.execute("DROP TRIGGER audit_no_update")
        db.execute("DROP TRIGGER audit_no_delete")
        change(db)


async def found(directory: Path, elsewhere: Mark | None = None) -> list[tuple[int, str]]:
    async with Store.open(directory / "monitor.db", lambda _: None) as store:
        return [(fault.number, fault.kind) for fault in await Trail(store, directory).faults(elsewhere)]


async def test_a_log_that_nobody_touched_is_whole(tmp_path: Path) -> None:
    await written(tmp_path)
    assert await found(tmp_path) == []


async def test_entries_follow_each_other_also_when_written_at_the_same_time(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), lambda _: None) as store:
        trail = await trail_of(store, tmp_path)
        async with asyncio.TaskGroup() as tasks:
            for number in range(40):
                tasks.create_task(trail.note("ann", "alert.decided", str(number)))
        entries = [entry async for entry in store.audit_entries()]
        assert [entry.number for entry in entries] == list(range(1, 41))
        assert {entry.subject for entry in entries} == {str(number) for number in range(40)}
        assert await trail.faults() == []


@pytest.mark.parametrize("column", ["at", "who", "action", "subject", "room", "detail"])
async def test_a_changed_entry_is_named(tmp_path: Path, column: str) -> None:
    await written(tmp_path)
    value = 1.5 if column == "at" else "{}" if column == "detail" else "bob"
    tampered(tmp_path, lambda db: db.execute(f"UPDATE audit SET {column} = ? WHERE number = 3", (value,)))
    assert await found(tmp_path) == [(3, "changed")]


async def test_an_entry_that_was_changed_with_its_own_hash_breaks_the_next_one(tmp_path: Path) -> None:
    await written(tmp_path)
    async with Store.open(tmp_path / "monitor.db", lambda _: None) as store:
        entry = await store.audit_entry(3)
    assert entry is not None
    forged = replace(entry, who="bob")
    new = chain.digest(forged)
    tampered(tmp_path, lambda db: db.execute("UPDATE audit SET who = 'bob', hash = ? WHERE number = 3", (new,)))
    assert await found(tmp_path) == [(4, "reordered")]


async def test_a_missing_entry_is_named(tmp_path: Path) -> None:
    await written(tmp_path)
    tampered(tmp_path, lambda db: db.execute("DELETE FROM audit WHERE number IN (2, 3)"))
    assert await found(tmp_path) == [(2, "missing")]


async def test_two_entries_that_changed_places_are_named(tmp_path: Path) -> None:
    await written(tmp_path)

    def swap(db: sqlite3.Connection) -> None:
        for old, new in ((2, -2), (3, 2), (-2, 3)):
            db.execute("UPDATE audit SET number = ? WHERE number = ?", (new, old))

    tampered(tmp_path, swap)
    assert (await found(tmp_path))[:2] == [(2, "reordered"), (3, "reordered")]


async def test_an_end_that_was_cut_off_is_named(tmp_path: Path) -> None:
    await written(tmp_path)
    tampered(tmp_path, lambda db: db.execute("DELETE FROM audit WHERE number > 3"))
    assert await found(tmp_path) == [(4, "cut")]


async def test_a_log_that_was_emptied_is_named(tmp_path: Path) -> None:
    await written(tmp_path)
    tampered(tmp_path, lambda db: db.execute("DELETE FROM audit"))
    assert await found(tmp_path) == [(1, "cut")]


async def test_a_chain_that_was_written_anew_is_found_by_its_head(tmp_path: Path) -> None:
    await written(tmp_path)

    def anew(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM audit")
        last = None
        for number in range(5):
            entry = chain.make(last, 1000.0, "bob", "evidence.heard", str(number), "lobby", {})
            fields = (entry.number, entry.at, entry.who, entry.action, entry.subject, entry.room, entry.detail)
            row = (*fields, entry.previous, entry.hash)
            db.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            last = (entry.number, entry.hash)

    tampered(tmp_path, anew)
    assert await found(tmp_path) == [(5, "changed")]


async def test_a_head_that_was_made_by_hand_is_found(tmp_path: Path) -> None:
    await written(tmp_path)
    head = tmp_path / "audit.head"
    head.write_text(head.read_text("utf-8").replace('"number":5', '"number":4'), "utf-8")
    assert await found(tmp_path) == [(5, "head")]


@pytest.mark.parametrize("name", ["audit.head", "audit.key"])
async def test_a_head_or_key_that_is_gone_is_found(tmp_path: Path, name: str) -> None:
    await written(tmp_path)
    (tmp_path / name).unlink()
    assert await found(tmp_path) == [(5, "head")]


async def test_both_put_back_to_an_older_state_are_found_by_a_head_from_elsewhere(tmp_path: Path) -> None:
    await written(tmp_path)
    copy = tmp_path.parent / f"{tmp_path.name}-copy"
    shutil.copytree(tmp_path, copy)
    async with Store.open(tmp_path / "monitor.db", lambda _: None) as store:
        entry = await (await trail_of(store, tmp_path)).note("bob", "evidence.heard", "secret")
    assert await found(copy) == []
    assert await found(copy, Mark(entry.number, entry.hash)) == [(6, "cut")]


async def test_a_crash_between_entry_and_head_is_no_fault(tmp_path: Path) -> None:
    await written(tmp_path)
    head = (tmp_path / "audit.head").read_bytes()
    async with Store.open(tmp_path / "monitor.db", lambda _: None) as store:
        await (await trail_of(store, tmp_path)).note("ann", "evidence.heard", "one more")
    (tmp_path / "audit.head").write_bytes(head)
    assert await found(tmp_path) == []


async def test_drafts_that_a_crash_left_are_swept_away(tmp_path: Path) -> None:
    await written(tmp_path)
    for name in (".audit.head.12ab34cd", ".audit.key.12ab34cd"):
        (tmp_path / name).write_bytes(b"half")
    async with Store.open(tmp_path / "monitor.db", lambda _: None) as store:
        await trail_of(store, tmp_path)
    assert not await asyncio.to_thread(lambda: list(tmp_path.glob(".*")))


async def test_what_was_wrong_at_a_start_stays_on_the_record(tmp_path: Path) -> None:
    await written(tmp_path)
    tampered(tmp_path, lambda db: db.execute("DELETE FROM audit WHERE number > 3"))
    async with Store.open(tmp_path / "monitor.db", lambda _: None) as store:
        trail = await trail_of(store, tmp_path)
        assert "entry 5" in trail.trouble
        await trail.note("ann", "evidence.heard", "later")
    # Later entries have taken the numbers of those that were cut off, and the head is a good one again.
    assert await found(tmp_path) == [(4, "noted")]


async def test_the_database_itself_refuses_a_change(tmp_path: Path) -> None:
    await written(tmp_path, 1)
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as db:
        for statement in ("UPDATE audit SET who = 'bob'", "DELETE FROM audit"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(statement)


async def test_it_can_be_asked_by_subject_room_person_and_action(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), lambda _: None) as store:
        trail = await trail_of(store, tmp_path)
        await trail.note("ann", "evidence.heard", "a1", "lobby")
        await trail.note("bob", "evidence.exported", "a1", "lobby")
        await trail.note("bob", "list.saved", "scams-en")
        assert [entry.number for entry in await store.audit(subject="a1")] == [2, 1]
        assert [entry.number for entry in await store.audit(room="lobby", who="ann")] == [1]
        assert [entry.number for entry in await store.audit(action="evidence.")] == [2, 1]
        assert [entry.number for entry in await store.audit(action="list.saved")] == [3]
        assert [entry.number for entry in await store.audit(limit=1, before=3)] == [2]
