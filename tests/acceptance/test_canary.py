"""The canary with the real process: its recording goes through WebRTC, recogniser, list, database and feed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from websockets.asyncio.client import connect

from monitor.messages import CanaryRan, FeedMessage, RoomChanged, SpeakerChanged
from tests.helpers.feed import collect
from tests.helpers.service import SETTINGS, Service, prepare, running
from tests.helpers.speech import package_clips

CANARY = """
[canary]
enabled = true
every = {every}
within = {within}
phrase = "{phrase}"
list = "canary-test"
"""
LIST = """
name = "canary-test"
languages = ["en"]
severity = "info"
phrases = ["do for your country", "purple elephants"]
"""


@pytest.fixture(autouse=True)
def recordings() -> None:
    """The service fetches them by itself; here it is found out first whether it can."""
    package_clips()


def made(directory: Path, *, every: float = 0, within: float = 20, phrase: str = "do for your country") -> Path:
    settings = SETTINGS.replace("[[rooms]]", CANARY.format(every=every, within=within, phrase=phrase) + "[[rooms]]")
    return prepare(directory, settings, LIST)


def ask(service: Service, path: str, method: str = "GET") -> tuple[int, Any]:
    try:
        with urlopen(Request(service.url + path, method=method), timeout=150) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def text(service: Service, path: str) -> str:
    with urlopen(service.url + path, timeout=10) as answer:
        return bytes(answer.read()).decode()


def command(directory: Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "monitor", "canary", "--config", str(directory / "monitor.toml")]
    return subprocess.run(line, capture_output=True, text=True, timeout=200, env=os.environ | {"COLUMNS": "200"})


def ran(messages: list[FeedMessage]) -> list[CanaryRan]:
    return [message for message in messages if isinstance(message, CanaryRan)]


async def test_it_speaks_by_itself_and_on_request_and_its_alerts_stay_out_of_the_queue(tmp_path: Path) -> None:
    with running(made(tmp_path, every=60)) as service:
        got = await collect(service.websocket, lambda messages: bool(ran(messages)), patience=150)
        (first,) = ran(got)
        assert (first.outcome, first.asked, first.phrase) == ("heard", False, "do for your country"), first.detail
        assert first.delay is not None
        assert 0 <= first.delay <= first.within == 20
        state = next(m.room for m in got if isinstance(m, RoomChanged) and m.room.id == "canary")
        assert state.canary
        assert state.page == ""

        status, answer = await asyncio.to_thread(ask, service, "/api/canary", "POST")
        assert (status, answer["outcome"], answer["asked"]) == (200, "heard", True), answer
        assert answer["seq"] > first.seq
        assert ask(service, "/api/canary") == (200, {"enabled": True, "last": answer})
        assert answer["alert"] != first.alert

        queue = ask(service, "/api/alerts")[1]["alerts"]
        assert queue == []
        own = ask(service, "/api/alerts?room=canary")[1]["alerts"]
        assert {first.alert, answer["alert"]} <= {alert["id"] for alert in own}
        assert ask(service, "/healthz")[0] == 200
        metrics = text(service, "/metrics")
        assert 'room_monitor_canary_runs_total{outcome="heard"} 2.0' in metrics
        assert "room_monitor_canary_ok 1.0" in metrics
        assert await asyncio.to_thread(service.stop) == 0, "".join(service.log)


async def test_a_miss_is_told_everywhere_until_a_try_goes_well(tmp_path: Path) -> None:
    with running(made(tmp_path, within=2, phrase="purple elephants")) as service:
        done = await asyncio.to_thread(command, tmp_path)
        assert done.returncode == 1, done.stderr
        assert "missed" in done.stdout
        assert "country" in done.stdout  # what was heard instead
        assert "ask " in done.stdout
        status, health = ask(service, "/healthz")
        assert (status, health["status"]) == (503, "degraded")
        assert any("purple elephants" in reason for reason in health["reasons"])
        metrics = text(service, "/metrics")
        assert 'room_monitor_canary_runs_total{outcome="missed"} 1.0' in metrics
        assert "room_monitor_canary_ok 0.0" in metrics
        (told,) = ran(await collect(service.websocket, lambda messages: bool(ran(messages))))
        assert (told.outcome, told.delay, told.alert) == ("missed", None, "")
        await asyncio.to_thread(service.stop)


async def test_a_list_that_is_not_in_force_is_named(tmp_path: Path) -> None:
    with running(made(tmp_path)) as service:
        lists = tmp_path / "lists" / "test.toml"
        lists.write_text(LIST.replace("canary-test", "another"), "utf-8")
        async with asyncio.timeout(120):  # the first try may still find the old list, and speaks it
            while (answer := ask(service, "/api/canary", "POST")[1]).get("outcome") != "failed":  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        assert "'canary-test' is not in force" in answer["detail"]
        assert answer["asked"]
        await asyncio.to_thread(service.stop)


async def test_a_stop_while_it_speaks_answers_whoever_asked(tmp_path: Path) -> None:
    with running(made(tmp_path)) as service:
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(asyncio.to_thread(ask, service, "/api/canary", "POST"))
            await collect(
                service.websocket,
                lambda got: any(isinstance(m, SpeakerChanged) and m.room == "canary" for m in got),
            )
            assert ask(service, "/api/canary", "POST")[0] == 409
            code = await asyncio.to_thread(service.stop)
        assert (code, asked.result()[0]) == (0, 503), "".join(service.log)


async def test_nobody_else_can_join_its_room(tmp_path: Path) -> None:
    with running(made(tmp_path)) as service:
        async with connect(f"{service.websocket}/rooms/canary/ws") as socket:
            await socket.send(json.dumps({"type": "join", "name": "Mallory", "role": "participant"}))
            answer = json.loads(await asyncio.wait_for(socket.recv(), 10))
        assert (answer["type"], answer["code"]) == ("refused", "private-room")
        assert ask(service, "/api/rooms/canary")[0] == 404
        await asyncio.to_thread(service.stop)


async def test_off_by_default(tmp_path: Path) -> None:
    with running(prepare(tmp_path, SETTINGS, LIST)) as service:
        assert ask(service, "/api/canary") == (200, {"enabled": False, "last": None})
        status, answer = ask(service, "/api/canary", "POST")
        assert status == 404
        assert "[canary] enabled = true" in answer["detail"]
        assert [room["id"] for room in ask(service, "/api/rooms")[1]["rooms"]] == ["test"]
        done = await asyncio.to_thread(command, tmp_path)
        assert done.returncode == 2
        assert "enabled = true" in done.stderr
        await asyncio.to_thread(service.stop)
    done = await asyncio.to_thread(command, tmp_path)
    assert (done.returncode, "No service runs" in done.stderr) == (2, True), done.stderr
