"""Voices over HTTP: the detector, who is marked, and a reviewer's word that comes back with the alert and the feed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from websockets.asyncio.client import connect

from monitor.messages import AbstainedView, Hello, RoomView, SpeakerView, VoiceDetectorView, VoiceView
from monitor.store.records import StoredVoice
from monitor.voice_model import Abstained, SyntheticVoice, VoiceStanding, VoiceState, VoiceWindow
from tests.helpers.site import Site, hello, site
from tests.helpers.storing import ANN, alert

VOICE = VoiceView(
    state="suspicious",
    llr=4.0,
    speech=9.0,
    windows=3,
    abstained=[AbstainedView(reason="too noisy", seconds=2.0)],
    model="net@1",
    calibration="rooms",
    marks_only=True,
)
DETECTOR = VoiceDetectorView(
    state="failed",
    detail="it answered NaN",
    model="net@1",
    calibration="rooms",
    marks_only=True,
    claims=["espeak"],
    chance=["clones"],
)
SIGN = SyntheticVoice(7.5, 12.0, "net@1", "rooms", (VoiceWindow(12.0, 15.0, 2.8, 4.5, 3.25),), clip_start=10.0)


def _ask(url: str, body: Any = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=20) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


async def ask(it: Site, path: str, body: Any = None) -> tuple[int, Any]:
    return await asyncio.to_thread(_ask, it.url + path, body)


def marked() -> Hello:
    speakers = [SpeakerView(id="s1", name="Ann", voice=VOICE), SpeakerView(id="s2", name="Bo")]
    return hello().model_copy(
        update={"rooms": [RoomView(id="lobby", name="Lobby", state="live", speakers=speakers)], "voices": DETECTOR}
    )


async def test_the_detector_and_who_is_marked(tmp_path: Path) -> None:
    async with site(tmp_path, hello=marked) as it:
        _, answer = await ask(it, "/api/voices")
        assert answer["detector"] == DETECTOR.model_dump()
        assert answer["voices"] == [{"room": "lobby", "speaker": "s1", "name": "Ann", "voice": VOICE.model_dump()}]
    async with site(tmp_path / "none") as it:
        assert await ask(it, "/api/voices") == (200, {"detector": None, "voices": []})


async def test_a_reviewers_word_is_on_the_alert_and_in_the_feed(tmp_path: Path) -> None:
    async with site(tmp_path) as it, connect(f"{it.ws}/feed?after=0") as feed:
        await it.store.add_alert(alert("a1", hits=(), voice=SIGN))
        status, given = await ask(it, "/api/alerts/a1/voice-label", {"label": "possible", "who": "Bo", "note": "flat"})
        assert (status, given["label"], given["llr"], given["model"]) == (200, "possible", 7.5, "net@1")
        _, found = await ask(it, "/api/alerts/a1")
        assert (found["hits"], found["voice"]["label"], found["voice"]["windows"][0]["at"]) == ([], "possible", 2.0)
        async with asyncio.timeout(20):
            while (message := json.loads(await feed.recv()))["type"] != "alert_changed":
                pass
        assert message["alert"]["voice"]["label"] == "possible"
        _, said = await ask(it, "/api/alerts/a1/voice-labels")
        assert [(each["label"], each["who"], each["note"]) for each in said["labels"]] == [("possible", "Bo", "flat")]


async def test_only_alerts_about_a_voice_get_such_a_word_and_only_known_ones(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        await it.store.add_alert(alert("words"))
        word = {"label": "confirmed", "who": "Bo"}
        assert (await ask(it, "/api/alerts/words/voice-label", word))[0] == 404
        assert (await ask(it, "/api/alerts/nothing/voice-label", word))[0] == 404
        assert (await ask(it, "/api/alerts/words/voice-label", {"label": "fake", "who": "Bo"}))[0] == 422
        assert (await ask(it, "/api/alerts/words/voice-label", {"label": "confirmed", "who": " "}))[0] == 422


async def test_where_voices_stood_is_asked_for_by_room(tmp_path: Path) -> None:
    standing = VoiceStanding(VoiceState.CLEAR, -1.5, 20.0, 8, ((Abstained.QUIET, 3.0),), "net@1", "rooms", True)
    async with site(tmp_path) as it:
        await it.store.keep_voice(StoredVoice("t1", "lobby", ANN, 0.5), standing)
        _, answer = await ask(it, "/api/voices/kept?room=lobby")
        (kept,) = answer["voices"]
        assert (kept["name"], kept["state"], kept["highest"]) == ("Ann", "no-sign", 0.5)
        assert kept["abstained"] == {"too quiet": 3.0}
        assert (await ask(it, "/api/voices/kept?room=den"))[1] == {"voices": []}
