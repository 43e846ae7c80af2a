"""People who publish to a media server by WHIP (RFC 9725): real WebRTC, saying what a test tells them to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import numpy as np

from monitor.model import FRAME, Samples
from monitor.rooms.builtin import private
from monitor.rooms.builtin.script import Script
from monitor.rooms.builtin.speak import accept, offer
from monitor.rooms.ice import connection
from tests.helpers.janus_people import MutableVoice

WITHOUT_A_BREAK = 60
"""Times that a recording is said before the pause that people make: where a tone ends libopus overshoots, and other
pitches come in."""


class Publisher:
    def __init__(self, voice: MutableVoice) -> None:
        self._voice = voice

    async def mute(self, muted: bool) -> None:
        self._voice.muted = muted


@asynccontextmanager
async def publisher(url: str, *clips: Samples) -> AsyncIterator[Publisher]:
    """Somebody who publishes at the WHIP endpoint until the block ends: the recordings over and over, or nothing."""
    said = [np.tile(clip, WITHOUT_A_BREAK) for clip in clips] or [np.zeros(FRAME, np.int16)]
    voice = MutableVoice("publisher", Script(said, 0.0, True))
    voice.muted = not clips
    pc = connection()
    async with httpx.AsyncClient(trust_env=False) as http:
        session = ""
        try:
            kind = {"Content-Type": "application/sdp"}
            answer = await http.post(url, content=await offer(pc, voice), headers=kind)
            assert answer.status_code == 201, answer.text
            session = str(answer.url.join(answer.headers["location"]))
            await accept(pc, answer.text)
            async with asyncio.timeout(10):
                while pc.connectionState != "connected":  # noqa: ASYNC110  a test's helper
                    await asyncio.sleep(0.01)
            yield Publisher(voice)
        finally:
            if session:
                with suppress(httpx.TransportError):  # the server was killed
                    await http.delete(session)
            voice.stop()
            await private.close(pc)
