"""What operators look at, on a running service: its standing, its time line, and where a join to a room fails."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from monitor.app import Service
from monitor.config import Keywords, Settings, Storage, Web
from monitor.config_rooms import JanusRoom, Room
from monitor.messages import Numbered
from monitor.rooms.ice import allow_loopback
from monitor.telemetry.metrics import Metrics
from monitor.telemetry.parts import PARTS
from monitor.telemetry.vitals import EVERY, KEPT, Vitals
from tests.helpers.asking import ask
from tests.helpers.floor import Typist, house
from tests.helpers.people import person
from tests.helpers.room_server import until
from tests.helpers.site import site
from tests.helpers.voicelike import silence, voice


class _At:
    def __init__(self, url: str) -> None:
        self.url = url


def _settings(directory: Path) -> Settings:
    away = JanusRoom(kind="janus", id="hall", address="ws://127.0.0.1:9", room=7)
    return Settings(
        rooms=(Room(id="lobby"), away),
        web=Web(port=0),
        storage=Storage(data=directory),
        keywords=Keywords(lists=directory / "lists"),
        grace=30.0,
    )


async def test_a_running_service_says_how_it_does_and_which_room_is_in_trouble(tmp_path: Path) -> None:
    allow_loopback()
    settings, told, seen = _settings(tmp_path), list[Numbered](), dict[str, Any]()
    metrics = Metrics()
    service = Service(settings, metrics=metrics)

    async def beside(url: str) -> None:
        it = _At(url)
        socket = f"{url.replace('http', 'ws', 1)}/rooms/lobby/ws"
        async with person(socket, "Ann", voice(1.5), silence(1.2)):
            await until(lambda: any(one.type == "heard" for one in told), 30)
            seen["line"] = (await ask(it, "GET", "/api/timeline?room=lobby"))[1]
            seen["probe"] = await ask(it, "POST", "/api/rooms/hall/probe?seconds=1")
            seen["unknown"] = (await ask(it, "POST", "/api/rooms/attic/probe"))[0]
            seen["probes"] = (await ask(it, "GET", "/api/probes"))[1]["probes"]
            await until(lambda: service.vitals.kept != (), 30)
            seen["status"] = (await ask(it, "GET", "/api/status"))[1]
            seen["brief"] = (await ask(it, "GET", "/api/status?history=false"))[1]
        service.stop()

    def hears(message: Numbered) -> None:
        told.append(message)
        service.told(message)

    async with house(tmp_path, Typist(), hears, metrics=metrics) as built:
        await service.serve(built, beside)
        await built.store.end_session(clean=True)

    [ann] = seen["line"]["rooms"][0]["speakers"]
    assert ann["name"] == "Ann"
    assert "examined" in {span["state"] for span in ann["spans"]}
    status = seen["status"]
    assert [(room["room"], room["kind"]) for room in status["rooms"]] == [("hall", "janus"), ("lobby", "builtin")]
    hall, lobby = status["rooms"]
    assert hall["away"] <= time.time()
    assert hall["detail"]
    assert lobby["away"] is None
    assert lobby["coverage"]["examined"] > 0
    assert status["coverage"]["examined"] == lobby["coverage"]["examined"]
    assert any("hall" in reason for reason in status["reasons"])
    assert {"database"} <= {part["name"] for part in status["storage"]["parts"]}
    assert status["storage"]["utterances"] > 0
    assert status["machine"]["memory"] > 0
    load = status["load"]
    assert load["backlog"] == settings.speech.backlog
    assert list(load["stages"]) == ["cut", "queued", "heard", "handed", "matched", "stored"], "and nobody to send to"
    assert {stage["count"] for stage in load["stages"].values()} == {status["storage"]["utterances"]}
    text = load["text_delay"]
    assert text["most"] >= text["half"] > 0
    assert (load["effort"], load["effort_words"], load["late"]) == (0, "everything is done", 0.0)
    assert set(load["parts"]) == set(PARTS)
    assert 0 < load["parts"]["loop"] <= sum(load["parts"].values())
    assert load["real_time"] is not None
    newest = load["history"][-1]
    assert (newest["effort"], newest["late"]) == (0, 0.0)
    assert newest["lag"] > 0
    assert seen["brief"]["load"]["history"] == []

    code, verdict = seen["probe"]
    assert (code, verdict["failed"], seen["unknown"]) == (200, "signalling", 404)
    assert verdict["reason"]
    assert verdict["advice"]
    assert seen["probes"] == [verdict]


async def test_the_last_hour_is_kept_and_no_more() -> None:
    now, metrics = [1000.0], Metrics()
    vitals = Vitals(metrics, lambda: now[0])
    vitals.note(1.0, 0.5)
    assert vitals.kept == ()  # too soon
    metrics.gap("lobby", "lost-network", 10.0)
    now[0] += EVERY
    vitals.note(3.0, 2.0)
    [first] = vitals.kept
    assert (first.at, first.waiting, first.oldest, first.lost) == (now[0], 3.0, 2.0, 10.0 / EVERY)
    for _ in range(KEPT + 5):
        now[0] += EVERY
        vitals.note(0.0, 0.0)
    assert len(vitals.kept) == KEPT
    assert vitals.kept[-1].lost == 0.0


async def test_sums_of_several_metrics_are_made_at_once_also_of_one_label() -> None:
    metrics = Metrics()
    metrics.stage("queued", 2.0)
    metrics.stage("queued", 1.0)
    metrics.stage("heard", 5.0)
    name = "room_monitor_stage_seconds_sum"
    wanted = [name, f"{name}{{queued}}", f"{name}{{stored}}"]
    assert metrics.totals(wanted) == {name: 8.0, f"{name}{{queued}}": 3.0, f"{name}{{stored}}": 0.0}


async def test_a_service_that_nothing_measures_says_so(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        assert (await ask(it, "GET", "/api/status"))[0] == 404
