"""What is stored, when it is told, and what a crash or a cancelled caller leaves behind. Real SQLite files."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from monitor.errors import StoreFailed
from monitor.messages import AlertRaised, Numbered, RoomChanged
from monitor.model import RATE, AlertState, Coverage, Gap, Heard, Severity
from monitor.store.store import Store
from tests.helpers.storing import ANN, alert, database, hit, room, speaker, transcript


def nobody(_: Numbered) -> None:
    return


async def test_everything_told_reads_back_the_same_and_in_order(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with Store.open(database(tmp_path), told.append) as store:
        heard = transcript("u1")
        await store.add_room(room())
        await store.add_speaker("lobby", speaker(), "joined")
        await store.add_heard(heard, heard.words)
        await store.add_alert(alert("a1"))
        await store.change_alert(alert("a1", count=2, state=AlertState.ESCALATED))
        await store.add_behind(12.0, 3.0)
        await store.add_gap(Gap("lobby", ANN, "t1", 1.0, 2.0, Heard.LOST_NETWORK, "hole"))
        assert [m.seq for m in told] == [1, 2, 3, 4, 5, 6, 7]
        assert await store.events(0, 100) == told
        assert await store.events(2, 3) == told[2:5]
        assert (await store.first_seq(), await store.last_seq(), await store.tail_after(3)) == (1, 7, 4)


async def test_nobody_is_told_before_another_connection_can_read_it(tmp_path: Path) -> None:
    path = database(tmp_path)
    seen: list[bool] = []

    def told(message: Numbered) -> None:
        other = sqlite3.connect(path)
        seen.append(other.execute("SELECT count(*) FROM alerts").fetchone()[0] == message.seq)
        other.close()

    async with Store.open(path, told) as store:
        for n in range(5):
            await store.add_alert(alert(f"a{n}"))
    assert seen == [True] * 5


async def test_an_event_and_its_row_are_kept_together_or_not_at_all(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with Store.open(database(tmp_path), told.append) as store:
        await store.add_alert(alert("same"))
        with pytest.raises(IntegrityError):
            await store.add_alert(alert("same"))
        await store.add_room(room())
        assert await store.events(0, 10) == told
        assert [type(m) for m in told] == [AlertRaised, RoomChanged]


async def test_many_writers_at_once_lose_nothing_and_keep_one_order(tmp_path: Path) -> None:
    told: list[Numbered] = []
    async with Store.open(database(tmp_path), told.append) as store:
        async with asyncio.TaskGroup() as tasks:
            for n in range(50):
                tasks.create_task(store.add_alert(alert(f"a{n}")))
        assert [m.seq for m in told] == list(range(1, 51))
        assert await store.events(0, 100) == told
        assert len(await store.alerts(100)) == 50


async def test_a_cancelled_caller_leaves_a_whole_event_that_was_told(tmp_path: Path) -> None:
    """Cancelled at every point of the write: the event, its row and the telling exist together or not at all."""
    told: list[Numbered] = []
    async with Store.open(database(tmp_path), told.append) as store:
        for steps in range(40):
            task = asyncio.create_task(store.add_alert(alert(f"a{steps}")))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
        await store.add_room(room())  # behind all of them
        stored = await store.events(0, 100)
        assert stored == told
        raised = {m.alert.id for m in stored if isinstance(m, AlertRaised)}
        assert raised == {a.id for _, a in await store.alerts(100)}


async def test_leaving_finishes_what_waits_even_when_the_body_failed(tmp_path: Path) -> None:
    path = database(tmp_path)
    tasks: list[asyncio.Task[object]] = []

    async def body() -> None:
        async with Store.open(path, nobody) as store:
            tasks.extend(asyncio.create_task(store.add_alert(alert(f"a{n}"))) for n in range(20))
            await asyncio.sleep(0)
            raise ValueError("body")

    with pytest.raises(ValueError, match="body"):  # the error itself, not wrapped in a group
        await body()
    await asyncio.gather(*tasks)
    async with Store.open(path, nobody) as store:
        assert len(await store.alerts(100)) == 20


async def test_a_database_that_cannot_be_written_says_so_and_works_again_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.store.engines._WRITE", ("PRAGMA busy_timeout=10", "PRAGMA journal_mode=WAL"))
    told: list[Numbered] = []
    path = database(tmp_path)
    async with Store.open(path, told.append) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFailed, match="locked"):
            await store.add_room(room())
        assert told == []
        other.execute("ROLLBACK")
        other.close()
        await store.add_room(room())
        assert len(told) == 1


async def test_an_alert_keeps_its_reason_and_is_found_by_room_and_severity(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), nobody) as store:
        first = alert("a1", severity=Severity.LOW, clip="a1.wav")
        second = alert("a2", room_id="den", severity=Severity.CRITICAL, hits=(hit("one"), hit("two")))
        for each in (first, second):
            await store.add_alert(each)
        first, second = replace(first, incident=1), replace(second, incident=2)
        assert await store.alert("a1") == first
        assert await store.alert("nope") is None
        assert await store.alerts() == [(2, second), (1, first)]
        assert await store.alerts(room="lobby") == [(1, first)]
        assert await store.alerts(severity=Severity.MEDIUM) == [(2, second)]
        assert await store.alerts(before=2) == [(1, first)]
        assert await store.alerts(1) == [(2, second)]
        changed = alert("a1", count=4, state=AlertState.ESCALATED)
        await store.change_alert(changed)
        assert await store.alerts(room="lobby") == [(1, replace(changed, incident=1))]


async def test_words_are_shown_from_the_start_of_the_utterance_and_without_the_overlap(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), nobody) as store:
        heard = transcript("u1", start=60 * RATE)
        message = await store.add_heard(heard, heard.words[1:])
        assert message.text == "money"
        assert [(w.start, w.end) for w in message.words] == [(0.75, 1.25)]
        assert await store.utterances("lobby") == [message]
        assert await store.utterances("den") == []


WRITER = """
import asyncio, sys
from pathlib import Path
from monitor.store.store import Store
from tests.helpers.storing import alert

def told(message):
    print(message.alert.id, flush=True)

async def main():
    async with Store.open(Path(sys.argv[1]), told) as store:
        for n in range(100000):
            await store.add_alert(alert(f"a{n}"))

asyncio.run(main())
"""


async def test_after_kill_9_every_alert_that_was_told_is_there(tmp_path: Path) -> None:
    path = database(tmp_path)
    root = Path(__file__).parents[3]
    writer = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs here meanwhile
        [sys.executable, "-c", WRITER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert writer.stdout is not None
    told = [writer.stdout.readline().strip() for _ in range(25)]
    writer.send_signal(signal.SIGKILL)
    told += writer.stdout.read().split()
    writer.stdout.close()
    writer.wait()
    async with Store.open(path, nobody) as store:
        stored = {a.id for _, a in await store.alerts(100_000)}
        assert len(told) >= 25
        assert set(told) <= stored
        assert await store.last_seq() == len(stored)  # whole transactions only
        assert (await store.add_room(room())).seq == len(stored) + 1


async def test_old_things_are_removed_but_the_numbers_and_the_rooms_stay(tmp_path: Path) -> None:
    now = [1000.0]
    async with Store.open(database(tmp_path), nobody, clock=lambda: now[0]) as store:
        await store.add_room(room())
        await store.add_alert(alert("old", raised_at=1000.0, clip="old.wav"))
        await store.add_alert(alert("bare", raised_at=1000.0))
        heard = transcript("u1")
        await store.add_heard(heard, heard.words)
        await store.add_gap(Gap("lobby", None, "", 1.0, 2.0, Heard.LOST_ERROR, "x"))
        now[0] = 2000.0
        await store.add_alert(alert("new", raised_at=2000.0, clip="new.wav"))
        await store.purge(before=1500.0, gone=[("old", "its time"), ("bare", "its time")])
        assert [a.id for _, a in await store.alerts()] == ["new"]
        assert await store.utterances() == []
        assert await store.gaps() == []
        assert [m.seq for m in await store.events(0, 100)] == [1, 6]
        assert await store.complete_after(5)
        assert not await store.complete_after(4)
        await store.purge(before=9e9)
        assert await store.last_seq() == 6


async def test_others_write_while_a_night_of_alerts_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.store.purging.ALERTS_AT_ONCE", 5)
    monkeypatch.setattr("monitor.store.purging.ROWS_AT_ONCE", 5)
    names = [f"a{number}" for number in range(60)]
    async with Store.open(database(tmp_path), nobody, clock=lambda: 1000.0) as store:
        for name in names:
            await store.add_alert(alert(name, raised_at=1000.0, clip=f"{name}.wav"))
            heard = transcript(f"u-{name}")
            await store.add_heard(heard, heard.words)
        seen: set[tuple[int, int]] = set()
        async with asyncio.TaskGroup() as tasks:
            purge = tasks.create_task(store.purge(2000.0, [(name, "its time") for name in names]))
            while not purge.done():
                await store.add_room(room())
                seen.add((len(await store.alerts(limit=100)), len(await store.utterances(limit=100))))
        assert any(0 < alerts < 60 for alerts, _ in seen), "everybody waited for the whole of it"
        assert any(0 < utterances < 60 for _, utterances in seen)
        assert (await store.alerts(limit=100), await store.utterances(limit=100)) == ([], [])
        assert {type(one).__name__ for one in await store.events(0, 500)} == {"RoomChanged"}


async def test_coverage_is_added_up_over_the_tracks_of_a_room(tmp_path: Path) -> None:
    async with Store.open(database(tmp_path), nobody) as store:
        await store.begin_session()
        for track, where in (("t1", "lobby"), ("t2", "lobby"), ("t3", "den")):
            await store.open_track(track, where, ANN, 10.0)
        await store.save_coverages({"t1": Coverage({Heard.EXAMINED: 2.0, Heard.PENDING: 1.0})})
        await store.save_coverage("t2", Coverage({Heard.EXAMINED: 3.0}))
        await store.close_track("t1", Coverage({Heard.EXAMINED: 2.5, Heard.LOST_NETWORK: 0.5}), 20.0)
        assert await store.coverage("lobby") == Coverage({Heard.EXAMINED: 5.5, Heard.LOST_NETWORK: 0.5})
        assert (await store.coverages())["den"] == Coverage()


async def test_all_ledgers_are_written_at_once_each_for_its_own_track(tmp_path: Path) -> None:
    now = [10.0]
    async with Store.open(database(tmp_path), nobody, clock=lambda: now[0]) as store:
        await store.begin_session()
        for track in ("t1", "t2", "t3"):
            await store.open_track(track, f"room of {track}", ANN, 10.0)
        now[0] = 11.0
        ledgers = {"t1": Coverage({Heard.EXAMINED: 2.0}), "t2": Coverage({Heard.SILENCE: 3.0}), "gone": Coverage()}
        await store.save_coverages(ledgers)
        await store.save_coverages({})
        found = await store.coverages()
    assert found["room of t1"] == Coverage({Heard.EXAMINED: 2.0})
    assert found["room of t2"] == Coverage({Heard.SILENCE: 3.0})
    assert found["room of t3"] == Coverage()
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as db:
        assert dict(db.execute("SELECT id, updated_at FROM tracks")) == {"t1": 11.0, "t2": 11.0, "t3": 10.0}


async def test_lists_keep_the_first_time_they_were_in_force(tmp_path: Path) -> None:
    now = [1.0]
    async with Store.open(database(tmp_path), nobody, clock=lambda: now[0]) as store:
        await store.add_list("scam@aaa")
        now[0] = 2.0
        await store.add_list("scam@aaa")
        await store.add_list("scam@bbb")
        assert await store.lists() == [("scam", "aaa", 1.0), ("scam", "bbb", 2.0)]
