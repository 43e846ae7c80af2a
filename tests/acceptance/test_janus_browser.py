"""Chromium with Janus's own client talks in a room; the monitor hears it, and a mute in the page is silence."""

from __future__ import annotations

import asyncio
from pathlib import Path

from monitor.model import Origin
from monitor.rooms.janus.connector import VideoRoomConnector
from monitor.rooms.janus.protocol import Place
from tests.helpers.browser import browser
from tests.helpers.janus_page import microphone, page
from tests.helpers.janus_server import janus_server
from tests.helpers.people import Ear, tone
from tests.helpers.room_server import until
from tests.helpers.stages import VIDEOROOM


async def test_a_browser_with_janus_own_client_is_heard(tmp_path: Path, unused_tcp_port: int) -> None:
    (tmp_path / "janus").mkdir()
    sound = microphone(tmp_path / "tone.wav", tone(600, 1.0))
    async with (
        janus_server(tmp_path / "janus", unused_tcp_port, videoroom=VIDEOROOM) as janus,
        VideoRoomConnector(lambda: Place(janus.url, 1234, "Room Monitor", pin="sesame")).join() as session,
        asyncio.TaskGroup() as group,
        browser(sound) as context,
    ):
        async with page(context, Place(janus.url, 1234, "Ada", pin="sesame")) as tab:
            ear = Ear(await anext(session.tracks()))
            group.create_task(ear.listen())
            await until(lambda: ear.seconds > 1 and round(ear.pitch / 50) * 50 == 600, 30)
            assert ear.track.speaker.name == "Ada"
            await tab.evaluate("handle.muteAudio()")
            await asyncio.sleep(0.5)  # what was on its way
            loud = len(ear.samples)
            await asyncio.sleep(1.5)
            assert len(ear.samples) == loud or abs(ear.samples[loud:].astype(int)).max() < 200
            await tab.evaluate("handle.unmuteAudio()")
            await until(lambda: abs(ear.samples[loud:].astype(int)).max(initial=0) > 2000, 30)
            assert ear.origins[Origin.LOST] == 0
        await until(lambda: ear.ended, 30)
