"""From alarm to verdict on a running service with real speech: by keyboard alone, and nobody takes another's job."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from playwright.async_api import BrowserContext, Page, expect

from monitor.rooms.builtin.speak import speak
from tests.helpers.accounts import add, sign_in
from tests.helpers.browser import browser
from tests.helpers.service import Service, prepare, running
from tests.helpers.speech import package_clips

PATIENCE = 90_000
"""Milliseconds; on a busy machine the recogniser takes its time."""
RING = """
window.rung = [];
const begin = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...given) {
  window.rung.push(this.frequency.value);
  return begin.apply(this, given);
};
"""


def kennedy() -> np.ndarray:
    return next(clip.samples for clip in package_clips() if "your country can do" in clip.transcript)


@asynccontextmanager
async def talking(service: Service) -> AsyncIterator[None]:
    """Jack says it again and again in the room."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(speak(f"{service.websocket}/rooms/test/ws", "Jack", [kennedy()], pause=1.0))
        yield
        task.cancel()


async def person(context: BrowserContext, service: Service, name: str) -> Page:
    """Somebody at a browser of their own."""
    assert context.browser is not None
    own = await context.browser.new_context(viewport={"width": 1440, "height": 900})
    page = await own.new_page()
    await page.add_init_script(RING)
    await sign_in(page, service.url, name, "/review")
    return page


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def test_from_alarm_to_verdict_by_keyboard_alone_and_one_reviewer_at_a_time(tmp_path: Path) -> None:
    prepare(tmp_path)
    add(tmp_path, "root", "admin")
    add(tmp_path, "ann", "reviewer", "listener")
    add(tmp_path, "bob", "reviewer")
    add(tmp_path, "vic", "viewer")
    with running(tmp_path) as service:
        async with browser() as context:
            ann = await person(context, service, "ann")
            await expect(ann.get_by_text("Nothing waits.")).to_be_visible(timeout=PATIENCE)
            await sound_on(ann)
            async with talking(service):
                await expect(ann.locator("[role=option]")).to_have_count(1, timeout=PATIENCE)
            assert (
                await ann.evaluate("window.rung.length") >= 4
            )  # as a trial when it was switched on, and for the alert
            await claims(ann)
            await nobody_else_decides(await person(context, service, "bob"))
            await decides(ann, heard_by_ear=True)
            await only_reads(await person(context, service, "vic"))
        service.stop()


async def sound_on(page: Page) -> None:
    """By Tab and Space."""
    await page.locator("summary", has_text="Alarm").focus()
    await press(page, "Enter", "Tab", "Space")
    await expect(page.get_by_label("Sound when something new waits")).to_be_checked()
    await press(page, "Escape")


async def claims(page: Page) -> None:
    await press(page, "j", "Enter")
    await expect(page.get_by_role("heading", level=1, name=re.compile("your country|americans", re.I))).to_be_visible(
        timeout=PATIENCE
    )
    await expect(page.get_by_role("region", name="What was said").locator(".hit").first).to_be_visible(timeout=PATIENCE)
    # The words are there before what was decided is: until then there is nothing to claim.
    await expect(page.get_by_role("button", name=re.compile("Claim"))).to_be_visible(timeout=PATIENCE)
    await press(page, "c")
    await expect(page.get_by_role("button", name=re.compile("Release"))).to_be_visible(timeout=PATIENCE)


async def nobody_else_decides(page: Page) -> None:
    """Bob sees whose it is; neither his keys nor his own request decide it. He may not listen either."""
    option = page.locator("[role=option]")
    await expect(option).to_contain_text("ann works on it", timeout=PATIENCE)
    await press(page, "j", "c", "y")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    incident = await page.evaluate(
        "fetch('/api/incidents').then(answer => answer.json()).then(page => page.incidents[0].id)"
    )
    for act, body in (("claim", "{}"), ("verdict", '{"verdict": "wrong"}'), ("escalate", "{}"), ("release", "{}")):
        status = await page.evaluate(
            "([path, body]) => fetch(path, {method: 'POST', body, headers: {'content-type': 'application/json',"
            " 'x-room-monitor': 'console'}}).then(answer => answer.status)",
            [f"/api/incidents/{incident}/{act}", body],
        )
        assert status == 409, act


async def decides(page: Page, *, heard_by_ear: bool) -> None:
    if heard_by_ear:
        await press(page, "p")
        await expect(page.get_by_role("button", name=re.compile("Pause"))).to_be_visible(timeout=PATIENCE)
        await press(page, "p")
    await press(page, "n")
    await page.keyboard.type("heard it twice")
    await press(page, "Enter")
    history = page.get_by_role("region", name="Decisions")
    await expect(history.get_by_text("heard it twice")).to_be_visible(timeout=PATIENCE)
    await press(page, "y")
    await page.keyboard.type("public speech")
    await press(page, "Enter")
    await expect(history.get_by_text("said of all of it: Right")).to_be_visible(timeout=PATIENCE)
    await expect(history.get_by_text("Reason: public speech.")).to_be_visible()
    # Undone and said again: both stay on the record.
    await history.get_by_role("button", name="Undo").focus()
    await press(page, "Enter")
    await expect(history.get_by_text("taken back", exact=True)).to_be_visible(timeout=PATIENCE)
    await page.get_by_role("main").focus()
    await press(page, "x", "Enter")
    await expect(history.get_by_text("said of all of it: Wrong")).to_be_visible(timeout=PATIENCE)
    await page.get_by_role("main").focus()
    await press(page, "Escape")
    await expect(page.get_by_text("Nothing waits.")).to_be_visible(timeout=PATIENCE)


async def only_reads(page: Page) -> None:
    """A viewer sees what was said, and gets no audio: neither on the page nor by guessing its address."""
    await page.get_by_label("Status").select_option("done")
    await expect(page.locator("[role=option]")).to_have_count(1, timeout=PATIENCE)
    await press(page, "Escape")
    await page.locator("[role=option]").dblclick()
    await expect(page.get_by_text("You may read and not listen").first).to_be_visible(timeout=PATIENCE)
    await expect(page.get_by_role("group", name="Decide")).to_have_count(0)
    alert = page.url.rsplit("/", 1)[1]
    for address in (f"/api/clips/{alert}.wav", f"/api/clips/{alert}.wav?x=1", f"/api/clips/..%2f{alert}.wav"):
        status = await page.evaluate("path => fetch(path).then(answer => answer.status)", address)
        assert status in (403, 404), address
    assert await page.evaluate("path => fetch(path).then(answer => answer.status)", f"/api/clips/{alert}.wav") == 403
