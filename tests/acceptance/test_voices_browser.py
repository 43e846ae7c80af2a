"""The console shows voices: marks on speakers, an alert with the stretches it cites, and takes a reviewer's word."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
from playwright.async_api import Page, expect

from monitor.evidence.ring import Part
from monitor.messages import AbstainedView, Hello, RoomView, SpeakerView, VoiceDetectorView, VoiceView
from monitor.model import RATE, Severity
from monitor.store.records import StoredVoice
from monitor.voice_model import Abstained, SyntheticVoice, VoiceLabel, VoiceStanding, VoiceState, VoiceWindow
from monitor.web.deps import STATIC
from tests.helpers.browser import browser
from tests.helpers.site import hello, site
from tests.helpers.storing import ANN, alert, transcript

PATIENCE = 30_000
MODEL = "lcnn-80@5f0c2b7d91aa"
SIGN = SyntheticVoice(
    llr=5.9,
    speech=21.0,
    model=MODEL,
    calibration="bundled-2026-11",
    windows=(VoiceWindow(12.0, 14.6, 2.0, 4.5, 3.0), VoiceWindow(17.0, 19.2, 2.0, 4.0, 2.6)),
    clip_start=10.0,
)
DETECTOR = VoiceDetectorView(
    state="on",
    detail="",
    model=MODEL,
    calibration="bundled-2026-11",
    marks_only=False,
    claims=["espeak-ng", "Flite", "Festival"],
    chance=["modern voice clones", "voice conversion"],
)


def voice(state: VoiceState, llr: float, speech: float, left_out: list[AbstainedView]) -> VoiceView:
    return VoiceView(
        state=state.value,
        llr=llr,
        speech=speech,
        windows=round(speech / 2),
        abstained=left_out,
        model=MODEL,
        calibration="bundled-2026-11",
        marks_only=False,
    )


def marked() -> Hello:
    noisy = [AbstainedView(reason="too noisy", seconds=4.0), AbstainedView(reason="too short", seconds=1.5)]
    speakers = [
        SpeakerView(id="s1", name="Ann", talking=True, voice=voice(VoiceState.ALERT, 5.9, 21.0, noisy)),
        SpeakerView(id="s2", name="Bartholomew of the long name", voice=voice(VoiceState.SUSPICIOUS, 3.4, 14.0, [])),
        SpeakerView(id="s3", name="Cy", voice=voice(VoiceState.CLEAR, -2.3, 62.0, [])),
        SpeakerView(id="s4", name="Dee", voice=voice(VoiceState.SHORT, 0.0, 2.0, noisy)),
        SpeakerView(id="s5", name="Eve"),
    ]
    room = RoomView(id="lobby", name="Lobby", state="live", speakers=speakers)
    return hello().model_copy(update={"rooms": [room], "voices": DETECTOR})


async def shot(page: Page, name: str) -> None:
    if shots := os.environ.get("ROOM_MONITOR_SCREENSHOTS"):
        await page.screenshot(path=f"{shots}/{name}.png")


async def test_a_marked_voice_is_shown_for_review_and_a_word_on_it_is_kept(tmp_path: Path) -> None:
    times = np.arange(10 * RATE) / RATE
    sound = Part(0, (6000 * np.sin(600 * times) * np.sin(2 * times)).astype(np.int16))
    standing = VoiceStanding(VoiceState.ALERT, 5.9, 21.0, 10, ((Abstained.NOISY, 4.0),), MODEL, "bundled", False)
    async with site(tmp_path, hello=marked, static=STATIC) as it, browser() as context:
        await it.store.add_heard(transcript("u1"), transcript("u1").words)
        await it.store.add_voice(StoredVoice("t1", "lobby", ANN, 5.9), standing, VoiceState.CLEAR)
        await it.store.add_alert(alert("a0"))
        assert it.deps.keeping is not None
        clip = await it.deps.keeping.vault.keep_parts("a1", transcript("u1").utterance, [sound])
        await it.store.add_alert(alert("a1", severity=Severity.MEDIUM, hits=(), voice=SIGN, clip=clip))
        page = await context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(it.url)
        card = page.get_by_role("article", name=re.compile("synthetic-voice signature of Ann"))
        await expect(card).to_be_visible(timeout=PATIENCE)
        await expect(card).to_contain_text("Likelihood ratio 370 : 1")
        await expect(card).to_contain_text("over 21 s of speech")
        await expect(card.get_by_role("button", name=re.compile("^Play 2.6 s from 2.0 s"))).to_be_enabled()
        assert "fake" not in (await page.inner_text("body")).lower()

        lobby = page.get_by_role("article", name="Room Lobby")
        await expect(lobby).to_contain_text("Suspicious voice, for review")
        await expect(lobby).to_contain_text("Voice: no known sign")
        await lobby.get_by_label("Ann: Synthetic-voice signature, for review").click()
        await expect(lobby).to_contain_text("4.0 s too noisy, 1.5 s too short")
        await shot(page, "voices")
        await page.get_by_text("marks and alerts").click()
        await expect(page.get_by_text("modern voice clones, voice conversion")).to_be_visible()
        await shot(page, "voices-detector")

        await card.get_by_role("button", name="Suspected").click()
        await expect(card.get_by_text("Say who you are first")).to_be_visible()
        await card.get_by_label("Your name").fill("Bo")
        await card.get_by_role("button", name="Suspected").click()
        await expect(card.get_by_role("button", name="Suspected")).to_have_attribute("aria-pressed", "true")
        assert [(said.label, said.who) for said in await it.store.voice_labels("a1")] == [(VoiceLabel.SUSPECTED, "Bo")]

        failed = DETECTOR.model_copy(update={"state": "failed", "detail": "lcnn-80 failed: node 7"})
        await it.store.add_voice_detector(failed)
        await expect(page.get_by_text("The voice detector is off:")).to_be_visible()
        await shot(page, "voices-off")
        assert not errors
