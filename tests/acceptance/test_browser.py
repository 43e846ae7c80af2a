"""A real browser joins the room with its microphone, speaks a recording, and the alert shows on the dashboard."""

from __future__ import annotations

import os
import re
import wave
from pathlib import Path

import numpy as np
from playwright.async_api import expect

from tests.helpers.browser import browser
from tests.helpers.service import prepare, running
from tests.helpers.speech import package_clips

PATIENCE = 90_000
"""Milliseconds; on a busy machine the recogniser takes its time."""


def microphone(directory: Path) -> Path:
    """The recording and a second of silence, as Chromium wants it: 48 kHz."""
    samples = next(clip.samples for clip in package_clips() if "your country can do" in clip.transcript)
    path = directory / "microphone.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48_000)
        out.writeframes(np.repeat(np.pad(samples, (0, 16_000)), 3).astype("<i2").tobytes())
    return path


async def test_what_a_browser_says_shows_on_the_dashboard(tmp_path: Path) -> None:
    prepare(tmp_path)
    with running(tmp_path) as service:
        async with browser(microphone(tmp_path)) as context:
            dashboard = await context.new_page()
            errors: list[str] = []
            dashboard.on("pageerror", lambda error: errors.append(str(error)))
            await dashboard.goto(f"{service.url}/")
            await expect(dashboard.get_by_text("Test room").first).to_be_visible(timeout=PATIENCE)

            room = await context.new_page()
            room.on("pageerror", lambda error: errors.append(str(error)))
            await room.goto(f"{service.url}/rooms/test?name=Ada&join=1")
            await expect(room.get_by_text(re.compile("monitored for safety")).first).to_be_visible(timeout=PATIENCE)
            await expect(room.get_by_text("Room Monitor").first).to_be_visible(timeout=PATIENCE)

            await dashboard.bring_to_front()
            hit = dashboard.locator("mark", has_text=re.compile("your country", re.IGNORECASE)).first
            await expect(hit).to_be_visible(timeout=PATIENCE)
            await expect(dashboard.get_by_text("Ada").first).to_be_visible()
            await expect(dashboard.get_by_text("test-en").locator("visible=true").first).to_be_visible()
            if shots := os.environ.get("ROOM_MONITOR_SCREENSHOTS"):
                await dashboard.screenshot(path=f"{shots}/dashboard.png")
                await room.screenshot(path=f"{shots}/room.png")
        assert not errors
        service.stop()


async def test_without_a_microphone_the_room_page_says_what_to_do(tmp_path: Path) -> None:
    prepare(tmp_path)
    with running(tmp_path) as service:
        async with browser(None) as context:
            room = await context.new_page()
            await room.goto(f"{service.url}/rooms/test?name=Ada&join=1")
            await expect(room.get_by_text(re.compile("microphone", re.IGNORECASE)).first).to_be_visible(
                timeout=PATIENCE
            )
            await room.goto(f"{service.url}/rooms/nowhere")
            await expect(
                room.get_by_text(re.compile("no .*room|not found|does not exist", re.IGNORECASE)).first
            ).to_be_visible(timeout=PATIENCE)
        service.stop()
