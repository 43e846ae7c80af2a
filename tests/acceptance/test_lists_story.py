"""An operator tries a rule on what was said, puts it in shadow, live, and rolls back: by hand, in a real browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, expect

from monitor.rooms.builtin.speak import speak
from tests.helpers.accounts import add, sign_in
from tests.helpers.browser import browser
from tests.helpers.service import LIST, SETTINGS, Service, prepare, running
from tests.helpers.speech import package_clips

PATIENCE = 90_000
"""Milliseconds; on a busy machine the recogniser takes its time."""
STORY = """\
name = "story-en"
title = "A list in the making"
languages = ["en"]
state = "draft"
severity = "critical"
phrases = [
  "purple elephants",
]
"""


@asynccontextmanager
async def talking(service: Service) -> AsyncIterator[None]:
    """Jack says it again and again in the room."""
    said = next(clip.samples for clip in package_clips() if "your country can do" in clip.transcript)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(speak(f"{service.websocket}/rooms/test/ws", "Jack", [said], pause=1.0))
        try:
            yield
        finally:
            task.cancel()


async def test_an_operator_tries_a_rule_puts_it_in_shadow_live_and_rolls_back(tmp_path: Path) -> None:
    prepare(tmp_path, SETTINGS, LIST)
    (tmp_path / "lists" / "story.toml").write_text(STORY, "utf-8")
    add(tmp_path, "root", "admin")
    add(tmp_path, "olga", "ops", "listener")
    with running(tmp_path) as service:
        async with browser() as context, talking(service):
            page = await context.new_page()
            problems: list[str] = []
            page.on("pageerror", lambda error: problems.append(str(error)))
            await sign_in(page, service.url, "olga", "/")
            await expect(page.locator("mark", has_text=re.compile("country", re.I)).first).to_be_visible(
                timeout=PATIENCE
            )
            await page.get_by_role("navigation", name="Pages").get_by_role("link", name="Lists").click()
            await page.get_by_role("link", name=re.compile("story-en")).click()
            await writes(page)
            await tries(page)
            await saves(page)
            await to(page, "Put in shadow", "two phrases, five hits", "Shadow")
            await counted_and_not_alerted(page, service)
            await to(page, "Go live", "all of them were about the speech", "Live")
            await alerted(page, service)
            await rolls_back(page)
        assert not problems
        service.stop()


async def writes(page: Page) -> None:
    """A slip is marked as it is typed; then the sentence that was meant is found by what is written."""
    await page.get_by_text('"purple elephants",').click()
    await page.keyboard.press("End")
    await page.keyboard.type('\n"fellow americans,')
    broken = page.get_by_text(re.compile("keeps? it from being used"))
    await expect(broken).to_be_visible(timeout=PATIENCE)
    await expect(page.locator(".cm-lint-marker-error").first).to_be_visible()
    await expect(page.get_by_role("button", name="Save…")).to_be_disabled()
    await page.keyboard.press("Backspace")
    await page.keyboard.type('",')
    await expect(page.get_by_text(re.compile("Can be used: 2 rules"))).to_be_visible(timeout=PATIENCE)
    await page.get_by_label("Try a sentence").fill("and so my fellow americans listen")
    await expect(page.get_by_text(re.compile("fellow americans, grade A"))).to_be_visible(timeout=PATIENCE)


async def tries(page: Page) -> None:
    """The draft that nobody has saved yet, on what was said; with the clip of what was said there."""
    await page.get_by_role("tab", name="Try").click()
    await page.get_by_role("button", name="Try", exact=True).click()
    await expect(page.get_by_text(re.compile(r"[1-9]\d* hits? gained, 0 lost"))).to_be_visible(timeout=PATIENCE)
    example = page.get_by_role("tabpanel").get_by_role("listitem").first
    await expect(example.locator("mark")).to_have_text(re.compile("fellow americans", re.I))
    await expect(example.get_by_role("button", name=re.compile("Play the clip"))).to_be_visible()
    await page.get_by_role("tab", name="Edit").click()


async def saves(page: Page) -> None:
    """What changes is shown first, and without a reason nothing is saved."""
    await page.get_by_role("button", name="Save…").click()
    dialog = page.get_by_role("dialog", name=re.compile("Save story-en"))
    await expect(dialog.get_by_text("New rule “fellow americans”")).to_be_visible(timeout=PATIENCE)
    await expect(dialog.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    await dialog.get_by_label("Why?").fill("he says it in each speech")
    await dialog.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text(re.compile("Saved and in force"))).to_be_visible(timeout=PATIENCE)


async def to(page: Page, button: str, why: str, state: str) -> None:
    await page.get_by_role("button", name=button).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Why?").fill(why)
    await dialog.get_by_role("button", name=button).click()
    await expect(page.locator("#state")).to_have_text(state, timeout=PATIENCE)


async def hits(page: Page, service: Service) -> tuple[int, int]:
    """Of the new rule: how often it was found, and how often in an alert."""
    answer = await page.request.get(f"{service.url}/api/keywords/counts?list=story-en")
    counts = (await answer.json())["counts"]
    return sum(one["hits"] for one in counts), sum(one["alerted"] for one in counts)


async def found(page: Page, service: Service, which: int) -> tuple[int, int]:
    """Waits for the first hit, or (1) for the first one in an alert."""
    async with asyncio.timeout(PATIENCE / 1000):
        while True:
            both = await hits(page, service)
            if both[which]:
                return both
            await asyncio.sleep(0.5)


async def counted_and_not_alerted(page: Page, service: Service) -> None:
    assert (await found(page, service, 0))[1] == 0
    await page.get_by_role("tab", name="Rules").click()
    row = page.get_by_role("row", name=re.compile("fellow americans"))
    await expect(row.get_by_role("cell").nth(1)).to_have_text(re.compile(r"[1-9]"), timeout=PATIENCE)
    await page.get_by_role("tab", name="Edit").click()


async def alerted(page: Page, service: Service) -> None:
    await found(page, service, 1)
    answer = await page.request.get(f"{service.url}/api/alerts?severity=critical")
    [alert, *_] = (await answer.json())["alerts"]
    assert any(hit["list_name"] == "story-en" for hit in alert["hits"])


async def rolls_back(page: Page) -> None:
    """To the version before: it was in shadow then. All of it is in the history, with who and why."""
    await page.get_by_role("button", name="Roll back…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Why?").fill("too many at once")
    await dialog.get_by_role("button", name="Roll back").click()
    await expect(page.locator("#state")).to_have_text("Shadow", timeout=PATIENCE)
    await page.get_by_role("tab", name="History").click()
    panel = page.get_by_role("tabpanel")
    for why in ("he says it in each speech", "all of them were about the speech", "too many at once"):
        await expect(panel.get_by_text(why).first).to_be_visible(timeout=PATIENCE)
    await expect(panel.get_by_text("olga").first).to_be_visible()
