"""`room-monitor top` shows what the service says, and nothing that it doesn't."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from monitor.model import RoomState
from monitor.telemetry.metrics import Metrics
from monitor.top import Moment, samples, screen, stages
from tests.helpers.site import site

COVERAGE = {"pending": 1.5, "examined": 42.0, "lost_network": 2.0, "lost_overload": 0.0, "lost_error": 0.25}
ROOM: dict[str, Any] = {
    "id": "lobby",
    "name": "The [lobby]",
    "state": "waiting",
    "detail": "the server is gone",
    "speakers": [{"id": "a", "name": "Ann", "talking": True}, {"id": "b", "name": "Bob", "talking": False}],
    "coverage": COVERAGE,
}
ALERT: dict[str, Any] = {
    "raised_at": 940.0,
    "severity": "high",
    "room": "lobby",
    "speaker": {"name": "Ann"},
    "hits": [{"phrase": "gift card", "grade": "A"}],
}


def shown(now: Moment, before: Moment | None = None) -> str:
    console = Console(width=150, record=True, file=None, color_system=None)
    with console.capture() as captured:
        console.print(screen(now, before))
    return captured.get()


def moment(at: float, metrics: Metrics, **more: Any) -> Moment:
    told: dict[str, Any] = {"rooms": [], "alerts": [], "problems": []}
    return Moment(at, samples(metrics.text().decode()), **(told | more))


def test_rooms_alerts_and_problems_are_on_the_screen() -> None:
    text = shown(moment(1000.0, Metrics(), rooms=[ROOM], alerts=[ALERT], problems=["room lobby is waiting"]))
    row = next(line for line in text.splitlines() if "[lobby]" in line)
    assert "waiting: the server is gone" in row
    assert "Ann" in row
    assert "Bob" not in row, "only who talks is named"
    assert "42 s" in row
    assert "2.2 s" in row, "all that is lost"
    alert = next(line for line in text.splitlines() if "gift card" in line)
    assert "60 s" in alert
    assert "high" in alert
    assert "! room lobby is waiting" in text


def test_without_rooms_and_alerts_it_says_what_to_do() -> None:
    text = shown(moment(1000.0, Metrics()))
    assert "rooms add" in text
    assert "No alerts" in text
    assert "none yet" in text


def test_stages_are_those_of_the_last_second_where_something_came() -> None:
    metrics = Metrics()
    metrics.stage("heard", 10.0)
    early = samples(metrics.text().decode())
    metrics.stage("heard", 0.5)
    metrics.stage("heard", 1.5)
    metrics.stage("queued", 0.25)
    late = samples(metrics.text().decode())
    assert stages(late, early) == {"heard": 1.0, "queued": 0.25}
    assert stages(late, late)["heard"] == 4.0, "nothing new: what it was since the start"
    assert stages(early, None) == {"heard": 10.0}


def test_the_load_is_a_rate_between_two_looks() -> None:
    metrics = Metrics()
    before = moment(1000.0, metrics)
    metrics.waiting(7.5, 3.25)
    text = shown(moment(1002.0, metrics), before)
    assert "7.5 s of speech waits, the oldest for 3.2 s" in text
    assert "hears 0.00 s of speech a second" in text


async def test_it_asks_a_running_service(tmp_path: Path) -> None:
    metrics = Metrics()
    metrics.room("lobby", RoomState.LIVE)
    async with site(tmp_path, metrics=metrics) as it:
        command = [sys.executable, "-m", "monitor", "top", "--once", "--url", it.url]
        done = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1)
        out, err = await done.communicate()
    assert done.returncode == 0, err.decode()
    assert "Recogniser" in out.decode()
    assert "No alerts" in out.decode()
    done = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1)
    out, err = await done.communicate()
    assert done.returncode == 2
    assert "doesn't answer" in err.decode()
