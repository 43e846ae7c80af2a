"""A participant as people have it: Chromium with Janus's own JavaScript client, from npm."""

from __future__ import annotations

import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from playwright.async_api import BrowserContext, Page

from monitor.model import Samples
from monitor.rooms.janus.protocol import Place
from tests.helpers.page_server import package, serving

CLIENT = "janus-gateway@1.4.2"
PAGE = """<!doctype html><script src="/adapter.js"></script><script type="module">
import Janus from "/janus.js";
const place = %s;
Janus.init({debug: false, dependencies: Janus.useDefaultDependencies({adapter}), callback: () => {
  const janus = new Janus({server: place.url, error: fail, success: () => janus.attach({
    plugin: "janus.plugin.videoroom", error: fail,
    success: (handle) => {
      window.handle = handle;
      handle.send({message: {request: "join", ptype: "publisher", ...place.door}});
    },
    onmessage: (message, jsep) => {
      if (message.error) fail(message.error);
      if (message.videoroom === "joined") handle.createOffer({
        tracks: [{type: "audio", recv: false,
          capture: {echoCancellation: false, noiseSuppression: false, autoGainControl: false}}],
        success: (jsep) => handle.send({message: {request: "publish"}, jsep}), error: fail,
      });
      if (jsep) handle.handleRemoteJsep({jsep});
    },
    webrtcState: (up) => { window.up = up; },
  })});
}});
function fail(error) { window.failed = String(error); }
</script>"""


def microphone(path: Path, sound: Samples) -> Path:
    """A recording as Chromium wants it: 48 kHz."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48_000)
        out.writeframes(np.repeat(sound, 3).astype("<i2").tobytes())
    return path


@asynccontextmanager
async def page(context: BrowserContext, place: Place) -> AsyncIterator[Page]:
    """A tab in which somebody has joined the VideoRoom and publishes the microphone."""
    modules = package(CLIENT)
    found = next(iter(modules.rglob("webrtc-adapter/out/adapter.js")))
    files = {
        "/": ("text/html", PAGE % json.dumps({"url": place.url, "door": place.door()})),
        "/adapter.js": ("text/javascript", found.read_text("utf-8")),
        "/janus.js": ("text/javascript", (modules / "janus-gateway/npm/dist/janus.es.js").read_text("utf-8")),
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
