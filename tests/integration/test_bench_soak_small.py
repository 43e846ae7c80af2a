"""`bench soak`, `rejoin` and `rooms`, small: the measuring works, and what it measures is right in sum."""

from __future__ import annotations

import shutil

import pytest
from rich.console import Console

from monitor.bench import rejoin, rooms, soak
from monitor.bench.soak_show import show
from monitor.config import load

pytestmark = pytest.mark.skipif(shutil.which("janus") is None, reason="Janus is not installed (Debian: janus)")


async def test_a_small_soak_accounts_for_what_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[soak.Found] = []

    def shown(plan: soak.Soak, what: soak.Found, out: Console) -> bool:
        found.append(what)
        return show(plan, what, out)

    monkeypatch.setattr("monitor.bench.soak_show.show", shown)
    out = Console(record=True, width=200)
    await soak.measure(load(None), soak.Soak(minutes=0.2, rooms=2, kills=1), out)
    (what,) = found
    said = sum(one.said for one in what.accounts.values())
    assert said > 3
    assert sum(one.short for one in what.accounts.values()) < 0.1 * said  # a busy machine counts late
    assert what.lost > 0
    assert not [who for who in what.books.tracks if who not in what.accounts]
    assert len(what.back) == 1
    assert what.over is not None
    assert what.over[1].tasks <= what.over[0].tasks
    assert what.over[1].descriptors <= what.over[0].descriptors
    text = out.export_text()
    assert "scripted" in text
    assert "lost-network" in text


async def test_a_small_rejoin_is_heard_again_under_its_name() -> None:
    out = Console(record=True, width=200)
    await rejoin.measure(1, 6, 0, out)
    text = out.export_text()
    assert "n = 1" in text
    assert "0 under a wrong name" in text


async def test_two_rooms_are_measured_silent_and_talking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.bench.rooms.SETTLE", 0.2)
    silent, talking = await rooms.measure(["janus"], [2], 1.0, Console(record=True, width=200))
    assert not silent.talking
    assert talking.talking
    assert talking.heard == 2
    assert talking.cpu > 0
