"""A participant as people have it: Chromium with LiveKit's own JavaScript client, from npm."""

from __future__ import annotations

import datetime
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from livekit import api
from playwright.async_api import BrowserContext, Page

from tests.helpers.page_server import package, serving
from tests.peers.livekit.server import KEY, SECRET, LiveKitServer

CLIENT = "livekit-client@2.23.0"
PAGE = """<!doctype html><script src="/livekit.js"></script><script>
const {url, token} = %s;
window.room = new LivekitClient.Room();
room.on("participantConnected", (who) => { (window.seen ??= []).push(who.name); });
async function go() {
  await room.connect(url, token);
  await room.localParticipant.setMicrophoneEnabled(true, {
    echoCancellation: false, noiseSuppression: false, autoGainControl: false,
  });
  window.up = true;
}
go().catch((error) => { window.failed = String(error); });
</script>"""


def token(name: str, room: str = "demo") -> str:
    """For somebody who talks."""
    return (
        api.AccessToken(KEY, SECRET)
        .with_identity(name.lower())
        .with_name(name)
        .with_ttl(datetime.timedelta(minutes=5))
        .with_grants(api.VideoGrants(room_join=True, room=room))
        .to_jwt()
    )


@asynccontextmanager
async def page(context: BrowserContext, server: LiveKitServer, name: str) -> AsyncIterator[Page]:
    """A tab in which somebody has joined the room and publishes the microphone."""
    script = (package(CLIENT) / "livekit-client/dist/livekit-client.umd.js").read_text("utf-8")
    files = {
        "/": ("text/html", PAGE % json.dumps({"url": server.url, "token": token(name)})),
        "/livekit.js": ("text/javascript", script),
    }
    async with serving(files) as address:
        tab = await context.new_page()
        await tab.goto(address + "/")
        await tab.wait_for_function("window.up || window.failed", timeout=30_000)
        failed = await tab.evaluate("window.failed || ''")
        assert not failed, failed
        try:
            yield tab
        finally:
            await tab.close()
