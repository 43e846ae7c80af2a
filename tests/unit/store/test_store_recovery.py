"""What the next start makes of a run that ended without a stop."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from monitor.messages import GapNoted, Numbered
from monitor.model import Coverage, Gap, Heard
from monitor.store.recovery import OUTSIDE, UNEXAMINED, UNHEARD
from monitor.store.store import Store
from tests.helpers.storing import ANN, database, room


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def nobody(_: Numbered) -> None:
    return


async def crash(path: Path, clock: Clock) -> None:
    """A run with a live room and a speaker, that dies at 1012 (last beat) without a stop."""
    async with Store.open(path, nobody, clock) as store:
        await store.begin_session()
        await store.add_room(room("lobby", "live"))
        await store.add_room(room("closed", "live"))
        await store.add_room(room("closed", "left"))
        await store.open_track("t1", "lobby", ANN, 1001.0)
        clock.now = 1010.0
        await store.save_coverage("t1", Coverage({Heard.EXAMINED: 5.0, Heard.PENDING: 3.0}))
        clock.now = 1012.0
        await store.beat()


async def test_a_crash_closes_tracks_and_records_the_unheard_time(tmp_path: Path) -> None:
    path, clock = database(tmp_path), Clock()
    await crash(path, clock)
    told: list[Numbered] = []
    clock.now = 1100.0
    async with Store.open(path, told.append, clock) as store:
        gaps = await store.recover(1100.0)
        assert gaps == [
            Gap("lobby", ANN, "t1", 1007.0, 3.0, Heard.LOST_ERROR, UNEXAMINED),
            Gap("lobby", None, "", 1010.0, 90.0, Heard.LOST_ERROR, UNHEARD),  # from what the ledger last knew
        ]
        assert [(m.seconds, m.cause) for m in told if isinstance(m, GapNoted)] == [(3.0, UNEXAMINED), (90.0, UNHEARD)]
        assert await store.gaps() == told[::-1]
        coverage = await store.coverage("lobby")
        assert coverage == Coverage({Heard.EXAMINED: 5.0, Heard.LOST_ERROR: 3.0})
        assert coverage.total == 8.0
        assert await store.recover(1200.0) == []  # once


async def test_a_live_room_without_speakers_was_unheard_too(tmp_path: Path) -> None:
    path, clock = database(tmp_path), Clock()
    async with Store.open(path, nobody, clock) as store:
        await store.begin_session()
        await store.add_room(room("quiet", "live"))
        clock.now = 1020.0
        await store.beat(1020.0)
    async with Store.open(path, nobody, clock) as store:
        assert await store.recover(1050.0) == [Gap("quiet", None, "", 1020.0, 30.0, Heard.LOST_ERROR, UNHEARD)]


async def test_a_room_that_was_lost_before_the_crash_is_unheard_since_then(tmp_path: Path) -> None:
    path, clock = database(tmp_path), Clock()
    async with Store.open(path, nobody, clock) as store:
        await store.begin_session()
        for now, state in ((1000.0, "joining"), (1001.0, "live"), (1010.0, "waiting"), (1011.0, "joining")):
            clock.now = now
            await store.add_room(room("lobby", state))
        await store.add_room(room("broken", "joining"))
        await store.add_room(room("broken", "failed"))
        clock.now = 1100.0
        await store.beat()
    async with Store.open(path, nobody, clock) as store:
        assert await store.recover(1150.0) == [
            Gap("broken", None, "", 1011.0, 139.0, Heard.LOST_ERROR, OUTSIDE),
            Gap("lobby", None, "", 1010.0, 140.0, Heard.LOST_ERROR, OUTSIDE),
        ]


async def test_a_track_that_had_ended_before_the_crash_is_closed_at_its_end(tmp_path: Path) -> None:
    path, clock = database(tmp_path), Clock()
    async with Store.open(path, nobody, clock) as store:
        await store.begin_session()
        await store.open_track("t1", "lobby", ANN, 1000.0)
        clock.now = 1030.0  # it ended at 1010 and waits for the recogniser ever since
        await store.save_coverage("t1", Coverage({Heard.SILENCE: 4.0, Heard.PENDING: 6.0}))
    async with Store.open(path, nobody, clock) as store:
        await store.recover(1050.0)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT closed_at FROM tracks").fetchone() == (1010.0,)


async def test_after_a_proper_stop_there_is_nothing_to_recover(tmp_path: Path) -> None:
    path, clock = database(tmp_path), Clock()
    async with Store.open(path, nobody, clock) as store:
        await store.begin_session()
        await store.add_room(room())
        await store.open_track("t1", "lobby", ANN, 1001.0)
        await store.close_track("t1", Coverage({Heard.SILENCE: 2.0}), 1003.0)
        await store.end_session(clean=True)
    async with Store.open(path, nobody, clock) as store:
        assert await store.recover(1100.0) == []


async def test_the_running_session_is_not_taken_for_a_crash(tmp_path: Path) -> None:
    path, clock = database(tmp_path), Clock()
    async with Store.open(path, nobody, clock) as store:
        await store.begin_session()
        await store.open_track("t1", "lobby", ANN, 1001.0)
        assert await store.recover(1100.0) == []


async def test_a_room_of_an_earlier_run_is_not_counted_in_a_later_crash(tmp_path: Path) -> None:
    path, clock = database(tmp_path), Clock()
    async with Store.open(path, nobody, clock) as store:
        await store.begin_session()
        await store.add_room(room("gone", "live"))
        await store.end_session(clean=True)
    clock.now = 2000.0
    async with Store.open(path, nobody, clock) as store:
        await store.begin_session()
        await store.add_room(room("lobby", "live"))
    async with Store.open(path, nobody, clock) as store:
        assert [gap.room for gap in await store.recover(2010.0)] == ["lobby"]
