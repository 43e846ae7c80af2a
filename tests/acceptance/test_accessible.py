"""Each page against WCAG 2.2 AA, dark and light; nothing sticks out on a phone or from right to left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, expect

from monitor.model import Severity, Speaker
from monitor.store.store import Store
from tests.helpers import axe
from tests.helpers.browser import browser
from tests.helpers.service import Service, prepare, running
from tests.helpers.storing import alert, database, transcript

PATIENCE = 60_000
STAFF = ("/", "/review", "/review/a1", "/rooms", "/lists", "/lists/test-en", "/health", "/users", "/wall")
PEOPLE = ("/rooms/test", "/rooms/nowhere", "/login")
PHONE = {"width": 360, "height": 740}


async def seed(directory: Path) -> None:
    """What a service has seen before: words and alerts, so that the pages have something to show."""
    (directory / "data").mkdir()
    async with Store.open(database(directory / "data"), lambda *_: None) as store:
        said = transcript("u1", room_id="test")
        await store.add_heard(said, said.words)
        now = time.time()  # older ones would be forgotten when the service starts
        critical = Severity.CRITICAL
        await store.add_alert(
            alert("a1", room_id="test", utterance="u1", severity=critical, spoken_at=now - 9, raised_at=now - 8)
        )
        for number, severity in enumerate(Severity):
            speaker, at = Speaker(f"x{number}", f"Speaker {number}"), now - 9000 + 1000 * number
            await store.add_alert(
                alert(f"b{number}", room_id=f"room-{number}", severity=severity, speaker=speaker, raised_at=at)
            )
        while await store.tell_incidents():
            pass


@asynccontextmanager
async def looking(browser: Browser, service: Service, **how: object) -> AsyncIterator[Page]:
    """A page that does not move: what is still fading in has no colours to measure."""
    context = await browser.new_context(reduced_motion="reduce", **how)  # type: ignore[arg-type]
    try:
        yield await context.new_page()
    finally:
        await context.close()


async def settled(page: Page, address: str) -> None:
    await page.goto(address)
    await expect(page.locator("h1").first).to_be_attached(timeout=PATIENCE)
    await expect(page.get_by_text("Loading…")).to_have_count(0, timeout=PATIENCE)
    await page.wait_for_load_state("networkidle")


async def host_link(context: BrowserContext, service: Service) -> str:
    page = await context.new_page()
    await page.goto(f"{service.url}/login")
    made = await page.evaluate(
        "fetch('/api/rooms/test/host-links', {method: 'POST', body: '{}', headers:"
        " {'content-type': 'application/json', 'x-room-monitor': 'console'}}).then(answer => answer.json())"
    )
    await page.close()
    return f"{service.url}{made['path']}"


async def test_every_page_keeps_the_rules_of_wcag_and_nothing_sticks_out_on_a_phone(tmp_path: Path) -> None:
    prepare(tmp_path)
    await seed(tmp_path)
    with running(tmp_path) as service:
        async with browser() as context:
            assert context.browser is not None
            host = await host_link(context, service)
            broken = await rules(context.browser, service, host)
            broken += await dialogs(context.browser, service)
            broken += await widths(context.browser, service, host)
            assert not broken, "\n".join(broken)
        await asyncio.to_thread(service.stop)


async def rules(browser: Browser, service: Service, host: str) -> list[str]:
    """All of them in the dark; in the light those about colours, since nothing else differs."""
    broken: list[str] = []
    async with looking(browser, service, color_scheme="dark") as page:
        for address in (*(f"{service.url}{path}" for path in (*STAFF, *PEOPLE)), host):
            await settled(page, address)
            broken += [f"dark {address}: {one}" for one in await axe.violations(page)]
            await page.evaluate("document.documentElement.dataset.theme = 'light'")
            broken += [f"light {address}: {one}" for one in await axe.violations(page, "color-contrast")]
    return broken


async def dialogs(browser: Browser, service: Service) -> list[str]:
    """What opens over a page counts as well."""
    broken: list[str] = []
    async with looking(browser, service) as page:
        await settled(page, f"{service.url}/review/a1")
        await expect(page.get_by_role("group", name="Decide")).to_be_visible(timeout=PATIENCE)
        for key in ("?", "y", "e"):
            await page.keyboard.press(key)
            await expect(page.locator("dialog[open]"), key).to_have_count(1, timeout=PATIENCE)
            broken += [f"dialog {key}: {one}" for one in await axe.violations(page)]
            await page.keyboard.press("Escape")
            await expect(page.locator("dialog[open]")).to_have_count(0)
            # A browser gives the focus back a moment after it closed the dialog: until then keys are for its fields.
            await expect(page.locator("dialog :focus")).to_have_count(0, timeout=PATIENCE)
    return broken


async def widths(browser: Browser, service: Service, host: str) -> list[str]:
    """On a phone, in Chinese and from right to left."""
    pages = [f"{service.url}{path}" for path in ("/review", "/review/a1", "/", "/rooms/test", "/login")]
    wide: list[str] = []
    for language, direction in (("zh", "ltr"), ("en-XB", "rtl")):
        async with looking(browser, service, viewport=PHONE) as page:
            await page.goto(f"{service.url}/login")
            await page.evaluate(f"localStorage.setItem('room-monitor.language', '{language}')")
            for address in (*pages, host):
                await page.goto(address)
                await expect(page.locator("h1").first).to_be_attached(timeout=PATIENCE)
                await page.wait_for_load_state("networkidle")
                assert await page.evaluate("document.documentElement.dir") == direction
                beyond = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
                if beyond > 0:
                    wide.append(f"{language} {address}: {beyond} px wider than the screen")
    return wide
