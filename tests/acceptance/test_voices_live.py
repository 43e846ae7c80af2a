"""Two real peers talk in a live room, a person and a machine: the right one is marked, while all else goes on."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import urllib.request
import wave
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from monitor.bench.respeak import PROGRAM, spoken
from monitor.config import load
from monitor.messages import AlertRaised, FeedMessage, HeardMessage, VoiceChanged
from monitor.model import RATE
from monitor.replay import replay
from monitor.rooms.builtin.speak import speak
from monitor.show import alert_row
from monitor.voices import models
from monitor.voices.calibrate import to_json
from tests.helpers import voice_models as tiny
from tests.helpers.browser import CHROMIUM, browser
from tests.helpers.feed import collect
from tests.helpers.service import SETTINGS, prepare, running
from tests.helpers.speech import model_files, package_clips
from tests.helpers.voice_calibrations import made_up

LIST = """
name = "test-en"
title = "What the recording says"
languages = ["en"]
severity = "high"
phrases = ["bright eyes", "beauty's rose", "tender heir"]
examples.hit = ["contracted to thine own bright eyes"]
"""
MARKED, ALERTED = 20.0, 60.0
"""Seconds of its own speech within which this machine is marked, and is an alert: the model card has a median of 24 s
to the alert for eSpeak NG, and a tail."""
MANIFEST = f"""
claims = ["espeak-ng, of which the tests have a model"]
[input]
layout = "frames"
features = "{tiny.BANDS}"
window = 2.0
[output]
kind = "logits"
genuine = 1
"""


def detector(folder: Path) -> Path:
    """A tiny model that was fitted to this very reader and espeak-ng: quick, and no measure of anything."""
    claims, _, contract = MANIFEST.strip().partition("\n")
    tiny.write(folder, tiny.of_features(), contract, extra=claims)
    loaded = models.load(str(folder))
    calibration = made_up(loaded.model, loaded.detector.window)
    (folder / "calibration.json").write_text(to_json(calibration), "utf-8")
    return folder


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def voice_alerts(got: list[FeedMessage]) -> list[AlertRaised]:
    return [m for m in got if isinstance(m, AlertRaised) and m.alert.voice is not None]


def told(got: list[FeedMessage]) -> bool:
    """The machine's voice has its alert, the person's was looked at, and what the person said had a hit."""
    person = any(isinstance(m, VoiceChanged) and m.speaker.name == "Person" for m in got)
    words = any(isinstance(m, AlertRaised) and m.alert.hits and m.alert.speaker.name == "Person" for m in got)
    return bool(voice_alerts(got)) and person and words


@pytest.mark.timeout(240)
async def test_a_machines_voice_is_marked_and_a_persons_is_not(tmp_path: Path) -> None:
    """With the detector that comes with the product, allowed to alert; as shipped it marks at the same places."""
    if shutil.which(PROGRAM) is None:
        pytest.skip(f"{PROGRAM} is not installed (tests/setup.sh does)")
    sonnet = next(clip for clip in package_clips() if clip.name == "sonnet")
    machine = await spoken(sonnet.transcript, "en", 0)
    settings = f'{SETTINGS}\n[voices]\nalert = "alerts"\n'
    with running(prepare(tmp_path, settings, LIST)) as service:
        room = f"{service.websocket}/rooms/test/ws"
        async with asyncio.TaskGroup() as tasks:
            feed = tasks.create_task(collect(service.websocket, told, patience=180.0))
            speakers = [
                tasks.create_task(speak(room, "Person", [sonnet.samples], pause=0.5)),
                tasks.create_task(speak(room, "Machine", [machine], pause=0.5)),
            ]
            got = await feed
            await on_the_dashboard(service.url)
            for speaker in speakers:
                speaker.cancel()
        check(got, service.url)


async def on_the_dashboard(url: str) -> None:
    """The machine is marked there, the person is not."""
    if CHROMIUM is None:
        return
    async with browser() as context:
        page = await context.new_page()
        await page.goto(url)
        await expect(page.get_by_label("Machine: Synthetic-voice signature, for review")).to_be_visible(timeout=30_000)
        await expect(page.get_by_label("Person: Voice: no known sign")).to_be_visible()
        await expect(page.get_by_role("article", name="synthetic-voice signature of Machine")).to_be_visible()
        if shots := os.environ.get("ROOM_MONITOR_SCREENSHOTS"):
            await page.screenshot(path=f"{shots}/voices-live.png")


def check(got: list[FeedMessage], url: str) -> None:
    (raised,) = voice_alerts(got)
    alert = raised.alert
    assert alert.speaker.name == "Machine"
    assert alert.voice is not None
    assert alert.voice.windows
    assert alert.voice.speech < ALERTED
    marks = [m for m in got if isinstance(m, VoiceChanged) and m.voice.state in ("suspicious", "alert")]
    assert marks[0].voice.speech < MARKED
    states = {m.speaker.name: m.voice.state for m in got if isinstance(m, VoiceChanged)}
    assert states == {"Machine": "alert", "Person": "no-sign"}
    heard = {m.speaker.name for m in got if isinstance(m, HeardMessage) and m.text}
    assert heard == {"Machine", "Person"}

    with wave.open(io.BytesIO(get(url + alert.clip))) as clip:
        seconds = clip.getnframes() / clip.getframerate()
    last = alert.voice.windows[-1]
    assert 0 <= alert.voice.windows[0].at < last.at + last.seconds <= seconds + 0.1
    now = json.loads(get(f"{url}/api/voices"))
    assert now["detector"]["state"] == "on"
    assert not now["detector"]["marks_only"]
    assert b"room_monitor_voice_alerts_total 1.0" in get(f"{url}/metrics")


@pytest.mark.timeout(240)
async def test_a_machines_recording_is_found_by_replay(tmp_path: Path) -> None:
    """The same house from files: on the command line, and as lines of JSON."""
    if shutil.which(PROGRAM) is None:
        pytest.skip(f"{PROGRAM} is not installed (tests/setup.sh does)")
    model_files("base")  # fetched, or skipped
    sonnet = next(clip for clip in package_clips() if clip.name == "sonnet")
    settings = f'{SETTINGS}\n[voices]\nmodel = "{detector(tmp_path / "tiny")}"\nalert = "alerts"\n'
    config = prepare(tmp_path, settings, LIST) / "monitor.toml"
    rows: list[dict[str, Any]] = []
    files = [tmp_path / "machine.wav", tmp_path / "person.wav"]
    for path, samples in zip(files, (await spoken(sonnet.transcript[:600], "en", 0), sonnet.samples), strict=True):
        with wave.open(str(path), "wb") as out:
            out.setparams((1, 2, RATE, 0, "NONE", ""))
            out.writeframes(samples[: 25 * RATE].astype("<i2").tobytes())
    await replay(files, load(config), rows.append, language="en")
    raised = [row for row in rows if row["type"] == "voice"]
    assert [(row["file"], row["withdrawn"]) for row in raised] == [(str(files[0]), False)]
    assert "signature, for review" in alert_row(raised[0])[-1]
    states = [(row["file"], row["state"]) for row in rows if row["type"] == "voice_state"]
    assert (str(files[0]), "alert") in states
    assert {state for file, state in states if file == str(files[1])} == {"no-sign"}
