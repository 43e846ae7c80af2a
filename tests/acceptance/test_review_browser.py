"""The review console in a real browser: a queue of any length, words before sound, and a feed that comes back whole."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path

from playwright.async_api import Page, WebSocketRoute, expect

from monitor.exporting import Exporter
from monitor.store.records import Revision
from monitor.web.deps import STATIC, WebDeps
from tests.helpers import axe
from tests.helpers.browser import browser
from tests.helpers.reviewing import many, told, with_evidence
from tests.helpers.site import site
from tests.helpers.storing import alert

PATIENCE = 30_000
MOST_ROWS = 60
"""Rows in the page, whatever the queue's length: those in sight and some beyond its edges."""


async def chosen(page: Page) -> str:
    return await page.locator("[role=option][aria-selected=true]").inner_text(timeout=PATIENCE)


async def test_a_long_queue_has_few_rows_in_the_page_and_filters_by_its_address(tmp_path: Path) -> None:
    async with site(tmp_path, static=STATIC) as it, browser() as context:
        await many(it.store, 1200)
        page = await context.new_page()
        await page.goto(f"{it.url}/review")
        rows = page.locator("[role=option]")
        await expect(page.get_by_role("heading", name=re.compile("1,200"))).to_be_visible(timeout=PATIENCE)
        assert 5 < await rows.count() < MOST_ROWS
        assert "Critical" in await chosen(page)  # the worst first
        await page.keyboard.press("End")
        await expect(page.locator("[role=option][aria-selected=true]")).to_contain_text(
            re.compile("info", re.IGNORECASE)
        )
        await expect(page.locator("[role=option][aria-posinset='1200']")).to_be_visible()
        assert await rows.count() < MOST_ROWS

        await page.keyboard.press("/")
        await page.keyboard.type("phrase 118")
        await expect(rows).to_have_count(12)  # 118, 1118, and 1180 to 1189
        assert re.search(r"\?q=phrase\+118$", page.url)
        await page.get_by_label("Least severity").select_option("critical")
        await expect(rows).to_have_count(2)
        await page.reload()
        await expect(rows).to_have_count(2)
        await page.get_by_role("link", name=re.compile("Review")).first.click()
        await expect(page.get_by_role("heading", name=re.compile("1,200"))).to_be_visible(timeout=PATIENCE)


async def test_what_comes_meanwhile_does_not_move_what_is_looked_at(tmp_path: Path) -> None:
    async with site(tmp_path, static=STATIC) as it, browser() as context:
        await many(it.store, 100)
        page = await context.new_page()
        await page.goto(f"{it.url}/review?order=newest")
        await expect(page.locator("[role=option]").first).to_be_visible(timeout=PATIENCE)
        for _ in range(30):
            await page.keyboard.press("j")
        before = await chosen(page)
        place = await page.locator("[role=option][aria-selected=true]").bounding_box()
        await many(it.store, 20, first=100)
        await expect(page.get_by_role("heading", name=re.compile("120"))).to_be_visible(timeout=PATIENCE)
        assert await chosen(page) == before
        after = await page.locator("[role=option][aria-selected=true]").bounding_box()
        assert place
        assert after
        assert abs(after["y"] - place["y"]) < 2


async def test_words_come_first_and_sound_only_when_somebody_asks(tmp_path: Path) -> None:
    async with site(tmp_path, static=STATIC) as it, browser() as context:
        await with_evidence(it)
        await it.store.add_revision(
            Revision("u1", model="small", language="en", began=1000.0, seconds=2.0, text="free honey")
        )
        page = await context.new_page()
        heard: list[str] = []
        page.on("request", lambda request: heard.append(request.url) if request.url.endswith(".wav") else None)
        await page.goto(f"{it.url}/review/a1")
        words = page.get_by_role("region", name="What was said")
        await expect(words.get_by_role("button", name="free")).to_be_visible(timeout=PATIENCE)
        await expect(words.locator(".hit").first).to_be_visible()
        await expect(words.get_by_text("free honey")).to_be_visible()
        await expect(page.get_by_text(re.compile("Phrase free money of list scam@abc123"))).to_be_visible()
        assert heard == []
        assert not [one for one in await it.store.audit(50) if one.action == "evidence.heard"]

        await words.get_by_role("button", name="money").click()
        await expect(page.get_by_text(re.compile(r" s of 20 s"))).to_be_visible(timeout=PATIENCE)
        await axe.check(page, "an alert with its sound")
        assert heard
        assert len([one for one in await it.store.audit(50) if one.action == "evidence.heard"]) == 1


async def test_a_connection_that_comes_back_says_what_it_missed(tmp_path: Path) -> None:
    async with site(tmp_path, static=STATIC) as it, browser() as context:
        page = await context.new_page()
        feeds: list[WebSocketRoute] = []
        down = False

        async def relay(route: WebSocketRoute) -> None:
            if down:
                await route.close()
                return
            route.connect_to_server()
            feeds.append(route)

        await page.route_web_socket(re.compile("/feed"), relay)
        await it.store.add_alert(alert("a1"))
        await told(it)
        await page.goto(f"{it.url}/review")
        await expect(page.locator("[role=option]")).to_have_count(1, timeout=PATIENCE)
        await expect(page.get_by_text("Connected")).to_be_visible(timeout=PATIENCE)
        down = True
        await feeds[-1].close()
        await expect(page.get_by_role("alert").filter(has_text="Connection lost")).to_be_visible(timeout=PATIENCE)
        seq = it.feed.seq
        await many(it.store, 3)
        down = False
        back = page.get_by_text(re.compile(f"is back: .* came after number {seq}, none is missing"))
        await expect(back).to_be_visible(timeout=PATIENCE)
        await expect(page.locator("[role=option]")).to_have_count(4, timeout=PATIENCE)


async def test_an_export_is_saved_once_there_is_a_reason(tmp_path: Path) -> None:
    async def exporting(deps: WebDeps) -> WebDeps:
        return replace(deps, exporter=Exporter(deps.store, deps.trail, tmp_path, deps.keeping.vault.wav))

    async with site(tmp_path, static=STATIC, prepare=exporting) as it, browser() as context:
        await with_evidence(it)
        page = await context.new_page()
        await page.goto(f"{it.url}/review/a1")
        await page.get_by_role("button", name="Export").click(timeout=PATIENCE)
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_role("button", name="Export")).to_be_disabled()
        await dialog.get_by_label("Why it is needed").fill("a report")
        async with page.expect_download(timeout=PATIENCE) as saved:
            await dialog.get_by_role("button", name="Export").click()
        download = await saved.value
        assert download.suggested_filename == "alert-a1.zip"
        with zipfile.ZipFile(await download.path()) as archive:
            assert archive.read("alerts/a1/clip.wav")[:4] == b"RIFF"
        await expect(dialog).to_be_hidden()
