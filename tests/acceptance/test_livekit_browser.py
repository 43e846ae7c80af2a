"""Chromium with LiveKit's own client talks in a room of the stand-in; the monitor hears it and is seen by it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from monitor.model import Origin
from tests.helpers.browser import browser
from tests.helpers.janus_page import microphone
from tests.helpers.livekit_page import page
from tests.helpers.livekit_stage import connector
from tests.helpers.people import Ear, tone
from tests.helpers.room_server import until
from tests.peers.livekit.server import livekit_server


async def test_a_browser_with_livekits_own_client_is_heard(tmp_path: Path) -> None:
    sound = microphone(tmp_path / "tone.wav", tone(600, 1.0))
    async with (
        livekit_server() as server,
        connector(server).join() as session,
        asyncio.TaskGroup() as group,
        browser(sound) as context,
    ):
        async with page(context, server, "Ada") as tab:
            ear = Ear(await anext(session.tracks()))
            group.create_task(ear.listen())
            await until(lambda: ear.seconds > 1 and round(ear.pitch / 50) * 50 == 600, 30)
            assert ear.track.speaker.name == "Ada"
            others = "[...room.remoteParticipants.values()].map((who) => who.name)"
            assert await tab.evaluate(others) == ["Room Monitor"]
            await tab.evaluate("room.localParticipant.setMicrophoneEnabled(false)")
            await asyncio.sleep(0.5)  # what was on its way
            heard = ear.origins[Origin.HEARD]
            await asyncio.sleep(1.0)
            assert ear.origins[Origin.HEARD] == heard
            await tab.evaluate("room.localParticipant.setMicrophoneEnabled(true)")
            await until(lambda: ear.origins[Origin.HEARD] > heard + 25, 30)
            assert ear.origins[Origin.LOST] == 0
        await until(lambda: ear.ended, 30)
