"""The queue's alarm in a real browser: off until asked for, one for a burst, and what was said stays out of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from playwright.async_api import Page, expect

from monitor.model import Severity
from monitor.web.deps import STATIC
from tests.helpers.browser import browser
from tests.helpers.reviewing import told
from tests.helpers.site import Site, site
from tests.helpers.storing import alert, hit

PATIENCE = 30_000
LISTEN = """
window.away = false;
Object.defineProperty(document, 'hidden', { get: () => window.away });
window.shown = [];
window.Notification = class extends Notification {
  constructor(title, options) {
    super(title, options);
    window.shown.push({ title, options, click: () => this.onclick(new Event('click')) });
  }
};
window.notes = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (at) {
  window.notes.push(this.frequency.value);
  return start.call(this, at);
};
"""
"""What the browser shows and sounds, counted on its way there; and a tab that can be hidden."""


async def raised(it: Site, name: str, severity: Severity) -> None:
    """An incident of its own: another rule in another room."""
    await it.store.add_alert(alert(name, room_id=f"room-{name}", severity=severity, hits=(hit(f"phrase {name}"),)))
    await told(it)


async def shown(page: Page) -> list[dict[str, object]]:
    """Titles and options of the notifications so far."""
    found: list[dict[str, object]] = await page.evaluate(
        "window.shown.map(({ title, options }) => ({ title, ...options }))"
    )
    return found


async def eventually(page: Page, so: str) -> None:
    """Not wait_for_function: the page's content policy forbids what that does."""
    async with asyncio.timeout(PATIENCE / 1000):
        while True:
            if await page.evaluate(so):
                return
            await asyncio.sleep(0.05)


class Frames:
    """How many incidents the feed has told the page of."""

    def __init__(self, page: Page) -> None:
        self.incidents: set[str] = set()
        page.on("websocket", lambda socket: socket.on("framereceived", self._frame))

    def _frame(self, frame: str | bytes) -> None:
        message = json.loads(frame)
        if message["type"] == "incidents":
            self.incidents |= {one["last_alert"] for one in message["incidents"]}


async def came(page: Page, frames: Frames, *alerts: str) -> None:
    """They are in the queue of a page whose clock stands still, but for as little as that takes."""
    async with asyncio.timeout(PATIENCE / 1000):
        while True:
            if frames.incidents.issuperset(alerts):
                break
            await asyncio.sleep(0.05)
    rows = page.locator("[role=option]")
    for _ in range(5):
        await page.clock.run_for(300)
        if await rows.count() == len(frames.incidents):
            return
    raise AssertionError(f"{await rows.count()} of {len(frames.incidents)} incidents are in the queue")


async def test_the_alarm_is_by_choice_tells_the_worst_and_says_no_words(tmp_path: Path) -> None:
    async with site(tmp_path, static=STATIC) as it, browser() as context:
        await context.grant_permissions(["notifications"], origin=it.url)
        page = await context.new_page()
        frames = Frames(page)
        await page.clock.install()
        await page.add_init_script(LISTEN)
        await page.goto(f"{it.url}/review")
        await expect(page.get_by_text("Connected")).to_be_visible(timeout=PATIENCE)
        rows = page.locator("[role=option]")
        await raised(it, "unasked", Severity.CRITICAL)
        await expect(rows).to_have_count(1, timeout=PATIENCE)
        assert await page.evaluate("[window.shown.length, window.notes.length]") == [0, 0], "nobody asked for an alarm"

        await page.locator("summary", has_text="Alarm").click()
        await page.get_by_label("Sound when something new waits").check()
        await eventually(page, "window.notes.join() === '620,620'")  # how it sounds
        await page.get_by_label("Desktop notification").check()
        await page.evaluate("window.away = true")
        await raised(it, "small", Severity.LOW)
        await expect(rows).to_have_count(2, timeout=PATIENCE)
        assert await shown(page) == [], "it is below the severity that is chosen"

        await raised(it, "bad", Severity.HIGH)
        await eventually(page, "window.shown.length === 1")
        assert await shown(page) == [
            {"title": "1 new incident, the worst: high", "tag": "room-monitor", "body": "room-bad"}
        ], "it says how bad and where, and not what was said"
        assert await page.evaluate("window.notes.slice(2)") == [620, 930]
        await page.clock.pause_at(await page.evaluate("Date.now() / 1000 + 4"))
        await raised(it, "first", Severity.HIGH)
        await came(page, frames, "first")
        assert [one["title"] for one in await shown(page)][1:] == ["1 new incident, the worst: high"]
        for name, severity in (("second", Severity.HIGH), ("worst", Severity.CRITICAL), ("third", Severity.HIGH)):
            await raised(it, name, severity)
        await came(page, frames, "second", "worst", "third")
        assert len(await shown(page)) == 2, "a burst is not an alarm each"
        await page.clock.run_for(3000)
        assert (await shown(page))[2:] == [
            {"title": "3 new incidents, the worst: critical", "tag": "room-monitor", "body": "room-worst"}
        ]

        await page.evaluate("window.shown[0].click()")
        await page.wait_for_url("**/review/bad")
