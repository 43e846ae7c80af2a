"""Makes the pictures of docs/screenshots: every page, of a running service with recorded speakers, dark and light.

    .venv/bin/python -m tests.bench.screenshots                       # all of them
    .venv/bin/python -m tests.bench.screenshots --only health --static some/other/build --into /tmp

Look at each of them before they are committed. Chromium is needed.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from playwright.async_api import BrowserContext, Page, expect

from monitor.rooms.ice import allow_loopback
from monitor.web.deps import STATIC
from tests.helpers.browser import browser
from tests.helpers.show_room import ShowRoom, settings, show

HERE = Path(__file__).parents[2] / "docs" / "screenshots"
PATIENCE = 120_000
TALK = 60.0
"""Seconds of talk before the first picture."""
Shot = Callable[[Page, ShowRoom], Awaitable[None]]


async def _nothing(page: Page, _: ShowRoom) -> None:
    await page.wait_for_timeout(1500)


async def _alert(page: Page, shown: ShowRoom) -> None:
    alerts = (await shown.ask("GET", "/api/alerts?limit=50"))["alerts"]
    best = next((one for one in alerts if one["hits"] and one["severity"] == "critical"), alerts[0])
    await page.goto(f"{shown.url}/review/{best['id']}")
    await page.wait_for_timeout(3000)


async def _room(page: Page, _: ShowRoom) -> None:
    await expect(page.get_by_text("Maya").first).to_be_visible(timeout=PATIENCE)


async def _probe(page: Page, _: ShowRoom) -> None:
    room = page.get_by_role("article", name="Town hall")
    await room.get_by_role("button", name="Try joining").click()
    await expect(room.get_by_text("Server answers").first).to_be_visible(timeout=PATIENCE)


async def _draft(page: Page, _: ShowRoom) -> None:
    """A change that nobody has saved, and a sentence to try it on."""
    await expect(page.locator(".cm-content")).to_be_visible(timeout=PATIENCE)
    await page.get_by_text('"ill-disposed",').click()
    await page.keyboard.press("End")
    await page.keyboard.type('\n"selfish",')
    await page.get_by_label("Try a sentence").fill("unless to be cold-hearted and selfish is to be ill-disposed")
    await expect(page.get_by_text("Can be used")).to_be_visible(timeout=PATIENCE)
    await page.wait_for_timeout(800)


async def _try(page: Page, shown: ShowRoom) -> None:
    await _draft(page, shown)
    await page.get_by_role("tab", name="Try").click()
    await page.get_by_role("button", name="Try", exact=True).click()
    await expect(page.get_by_text("Alerts an hour")).to_be_visible(timeout=PATIENCE)
    await page.wait_for_timeout(1000)


async def _diff(page: Page, shown: ShowRoom) -> None:
    await _draft(page, shown)
    await page.get_by_role("button", name="Save…").click()
    await page.get_by_role("dialog").get_by_label("Why?").fill("two words that the readers mumble")


PAGES: dict[str, tuple[str, Shot]] = {
    "live": ("/", _nothing),
    "room": ("/rooms/lobby", _room),
    "review": ("/review", _nothing),
    "alert": ("/review", _alert),
    "rooms": ("/rooms", _nothing),
    "wall": ("/wall", _nothing),
    "lists": ("/lists/reading-en", _draft),
    "list-change": ("/lists/reading-en", _diff),
    "list-try": ("/lists/reading-en", _try),
    "list-rules": ("/lists/reading-en?tab=rules", _nothing),
    "list-near": ("/lists/cards-en?tab=near", _nothing),
    "list-history": ("/lists/cards-en?tab=history", _nothing),
    "health": ("/health", _probe),
}
BOTH = ("live", "review", "rooms", "health")
"""Those that are taken in light colours, too."""
PHONE = ("live", "review", "rooms", "health", "lists")


async def take(into: Path, static: Path, only: list[str], talk: float, model: str) -> None:
    async def work(shown: ShowRoom) -> None:
        await _live(shown)
        began = time.monotonic()
        await _history(shown)
        await asyncio.sleep(max(0.0, talk - (time.monotonic() - began)))
        await _verdicts(shown)
        shown.hush(but=1)
        async with browser(dark=True) as context:
            for name, (path, shot) in PAGES.items():
                if not only or name in only:
                    await _picture(context, shown, path, shot, into / f"{name}.png")
            for name in PHONE:
                if not only or name in only:
                    path, _ = PAGES[name]
                    await _picture(context, shown, path, _nothing, into / f"{name}-phone.png", wide=390, high=844)
        async with browser(dark=False) as context:
            for name in BOTH:
                if not only or name in only:
                    await _picture(context, shown, *PAGES[name], into / f"{name}-light.png")
        if not only or "host" in only:
            await _host(shown, into)
        if not only or "users" in only:
            await _users(shown, into)

    with tempfile.TemporaryDirectory() as directory:
        await show(settings(Path(directory), model), work, static=static)


async def _live(shown: ShowRoom) -> None:
    async with asyncio.timeout(120):
        while True:
            rooms = (await shown.ask("GET", "/api/rooms"))["rooms"]
            if sum(room["state"] == "live" for room in rooms) >= 3:
                return
            await asyncio.sleep(0.5)


async def _history(shown: ShowRoom) -> None:
    """A list that has been through something."""
    one = "/api/keywords/lists/cards-en"
    await shown.ask("POST", f"{one}/exceptions", {"text": "five of spades", "why": "the name of a band"})
    await shown.ask("PUT", f"{one}/state", {"state": "live", "why": "two days in shadow, all hits were cards"})
    await shown.ask("PUT", f"{one}/state", {"state": "shadow", "why": "too many at once"})
    await shown.ask("POST", "/api/canary")


async def _verdicts(shown: ShowRoom) -> None:
    alerts = (await shown.ask("GET", "/api/alerts?limit=40"))["alerts"]
    for number, alert in enumerate(alerts[6:]):
        if alert["hits"]:
            verdict = "wrong" if number % 5 == 0 else "right"
            await shown.ask("POST", f"/api/alerts/{alert['id']}/verdict", {"verdict": verdict, "who": "ann"})


async def _picture(
    context: BrowserContext, shown: ShowRoom, path: str, shot: Shot, into: Path, *, wide: int = 1440, high: int = 900
) -> None:
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    try:
        await page.set_viewport_size({"width": wide, "height": high})
        await page.emulate_media(reduced_motion="reduce")  # a still picture of what never stands still takes minutes
        await page.goto(f"{shown.url}{path}")
        await page.wait_for_timeout(1200)
        await shot(page, shown)
        await page.screenshot(path=into)
    finally:
        await page.close()
    typer.echo(f"{into.name}{''.join(f'  PROBLEM: {one}' for one in problems)}")


async def _host(shown: ShowRoom, into: Path) -> None:
    """As a host has it on a phone."""
    path = (await shown.ask("POST", "/api/rooms/stage/host-links", {"note": "the host"}))["path"]
    for name, dark in (("host-phone", True), ("host-phone-light", False)):
        async with browser(dark=dark) as context:
            await _picture(context, shown, path, _nothing, into / f"{name}.png", wide=390, high=844)


async def _users(shown: ShowRoom, into: Path) -> None:
    """The last: from the first account on, everybody signs in."""
    password = "six friendly words on a wall"
    await shown.ask(
        "POST", "/api/users", {"name": "ann", "shown_name": "Ann", "roles": ["admin"], "password": password}
    )
    async with browser(dark=True) as context:
        await _picture(context, shown, "/login", _nothing, into / "login.png")
        page = await context.new_page()
        await page.goto(f"{shown.url}/login")
        await page.locator("input").first.fill("ann")
        await page.locator("input[type=password]").fill(password)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("navigation").first).to_be_visible(timeout=PATIENCE)
        made = """async (people) => {
          const headers = { 'content-type': 'application/json', 'x-room-monitor': 'console' }
          for (const one of people) await fetch('/api/users', { method: 'POST', headers, body: JSON.stringify(one) })
        }"""
        people = [("bo", "Bo", ["reviewer", "listener"]), ("cem", "Cem", ["ops"]), ("dee", "Dee", ["viewer"])]
        await page.evaluate(made, [{"name": n, "shown_name": s, "roles": r} for n, s, r in people])
        await page.close()
        await _picture(context, shown, "/users", _nothing, into / "users.png")


def main(
    into: Path = HERE,
    static: Path = STATIC,
    only: Annotated[list[str] | None, typer.Option()] = None,
    talk: float = TALK,
    model: str = "base",
) -> None:
    """Make the pictures."""
    allow_loopback()
    into.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(into, static, only or [], talk, model))


if __name__ == "__main__":
    typer.run(main)
