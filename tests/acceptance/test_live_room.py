"""The main job with the real process: a recording → a real WebRTC peer → an alert on a real websocket."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import urllib.request
import wave
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from monitor.messages import AlertRaised, FeedMessage, GapNoted, HeardMessage, Hello, RoomChanged, SpeakerChanged
from monitor.rooms.builtin.speak import speak
from tests.helpers.feed import collect, numbers
from tests.helpers.service import prepare, running
from tests.helpers.speech import package_clips


def kennedy() -> np.ndarray:
    return next(clip.samples for clip in package_clips() if "your country can do" in clip.transcript)


def alerts(messages: list[FeedMessage]) -> list[AlertRaised]:
    return [message for message in messages if isinstance(message, AlertRaised)]


async def speak_until(url: str, room: str, name: str, task: asyncio.Task[list[FeedMessage]]) -> list[FeedMessage]:
    """Let a peer speak the recording until the feed's client has what it waits for."""
    async with asyncio.TaskGroup() as tasks:
        speaker = tasks.create_task(speak(f"{url}/rooms/{room}/ws", name, [kennedy()], pause=1.0))
        got = await task
        speaker.cancel()
    return got


def told(got: list[FeedMessage]) -> bool:
    """Alerts may come before their sentence ends; its text comes when it has."""
    return len(alerts(got)) >= 2 and any(isinstance(m, HeardMessage) and "country" in m.text.lower() for m in got)


async def hear(url: str, name: str, *, after: int = 0) -> list[FeedMessage]:
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(collect(url, told, after=after))
        return await speak_until(url, "test", name, waiting)


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


async def test_a_spoken_phrase_becomes_an_alert_with_its_reason(tmp_path: Path) -> None:
    with running(prepare(tmp_path)) as service:
        got = await hear(service.websocket, "Jack")
        assert isinstance(got[0], Hello)
        assert numbers(got) == sorted(set(numbers(got)))
        assert (
            any(isinstance(m, RoomChanged) and m.room.state == "live" for m in got) or got[0].rooms[0].state == "live"
        )
        assert any(isinstance(m, SpeakerChanged) and m.speaker.name == "Jack" for m in got)
        heard = next(m for m in got if isinstance(m, HeardMessage) and "country" in m.text.lower())
        assert heard.speaker.name == "Jack"

        alert = next(m.alert for m in alerts(got) if m.alert.hits[0].phrase == "your country")
        hit = alert.hits[0]
        assert (hit.list_name, hit.severity, alert.room, alert.speaker.name) == ("test-en", "high", "test", "Jack")
        assert "your country" in hit.matched.lower()
        assert "ask" in (hit.before + hit.matched + hit.after).lower()
        assert 0 < hit.probability <= 1
        assert 0 < alert.delay < 60
        check_clip(get(service.url + alert.clip))

        stored = json.loads(get(f"{service.url}/api/alerts"))
        assert alert.id in json.dumps(stored)
        room = json.loads(get(f"{service.url}/api/rooms/test"))
        assert any(p["role"] == "monitor" for p in room["participants"])
        assert room["notice"]
        assert json.loads(get(f"{service.url}/healthz"))["status"] == "ok"
        assert b"room_monitor" in get(f"{service.url}/metrics")

        assert await asyncio.to_thread(service.stop) == 0, "".join(service.log)
    check_vault(tmp_path / "data")


def check_vault(data: Path) -> None:
    """Nothing of the visit is left that was not kept on purpose, and what was kept is sealed and whole."""
    with closing(sqlite3.connect(data / "monitor.db")) as db:
        sessions = db.execute("SELECT id, closed_at, key IS NOT NULL FROM room_sessions").fetchall()
        clips = db.execute("SELECT alert, session, state FROM clips").fetchall()
        receipts = {session for (session,) in db.execute("SELECT session FROM receipts WHERE kind = 'session'")}
        alerted = {alert for (alert,) in db.execute("SELECT id FROM alerts WHERE clip != ''")}
    assert {alert for alert, _, _ in clips} == alerted
    assert {state for _, _, state in clips} == {"complete"}
    for session, closed, keyed in sessions:
        assert closed is not None
        assert bool(keyed) is (session in {of for _, of, _ in clips}) is (session not in receipts)
    files = sorted(path.relative_to(data / "evidence").as_posix() for path in data.glob("evidence/*/*"))
    assert files == sorted(f"clips/{alert}.clip" for alert in alerted)
    assert not any(part in path.read_bytes() for path in data.glob("evidence/clips/*") for part in (b"OggS", b"RIFF"))


def check_clip(data: bytes) -> None:
    """The clip holds sound, at the recogniser's rate, that is long enough to judge."""
    with wave.open(io.BytesIO(data)) as clip:
        assert (clip.getframerate(), clip.getnchannels(), clip.getsampwidth()) == (16_000, 1, 2)
        samples = np.frombuffer(clip.readframes(clip.getnframes()), "<i2")
    assert len(samples) > 16_000
    assert np.abs(samples.astype(int)).max() > 1000


async def test_after_kill_9_every_told_alert_is_there_and_the_gap_is_on_record(tmp_path: Path) -> None:
    prepare(tmp_path)
    with running(tmp_path) as service:
        before = await hear(service.websocket, "Jack")
        service.process.kill()
        service.process.wait(10)
    last = max(numbers(before))
    with running(tmp_path) as service:
        again = await collect(service.websocket, lambda got: len(alerts(got)) >= 2)
        shown = {m.alert.id for m in alerts(before)}
        assert shown <= {m.alert.id for m in alerts(again)}
        for alert in shown:
            check_clip(get(f"{service.url}/api/clips/{alert}.wav"))
        resumed = await collect(
            service.websocket,
            lambda got: any(isinstance(m, RoomChanged) and m.room.state == "live" for m in got),
            after=last,
        )
        assert min(numbers(resumed)) == last + 1
        assert numbers(resumed) == list(range(last + 1, max(numbers(resumed)) + 1))
        gaps = [m for m in resumed if isinstance(m, GapNoted)]
        assert any(gap.speaker is None and gap.state == "lost-error" and gap.seconds > 0 for gap in gaps)
        await asyncio.to_thread(service.stop)


async def test_a_broken_list_never_replaces_the_good_one(tmp_path: Path) -> None:
    prepare(tmp_path)
    with running(tmp_path) as service:
        good = json.loads(get(f"{service.url}/api/rooms"))
        assert good
        (tmp_path / "lists" / "test.toml").write_text('name = "test-en"\nphrases = ["*"]\n', "utf-8")
        got = await hear(service.websocket, "Jack")
        assert alerts(got)[0].alert.hits[0].list_name == "test-en"
        health = json.loads(_any_status(f"{service.url}/healthz"))
        assert any("test.toml" in reason for reason in health["reasons"])
        await asyncio.to_thread(service.stop)


def _any_status(url: str) -> bytes:
    try:
        return get(url)
    except urllib.error.HTTPError as error:
        return error.read()


@pytest.mark.parametrize("name", ["", "x" * 500])
async def test_a_participant_with_an_unusable_name_is_told_why(tmp_path: Path, name: str) -> None:
    from websockets.asyncio.client import connect

    with running(prepare(tmp_path)) as service:
        async with connect(f"{service.websocket}/rooms/test/ws") as socket:
            await socket.send(json.dumps({"type": "join", "name": name, "role": "participant"}))
            answer = json.loads(await asyncio.wait_for(socket.recv(), 10))
        assert answer["type"] in ("refused", "problem")
        assert answer["message"]
        await asyncio.to_thread(service.stop)
