"""A host's story in a real browser: opens the link on a phone, switches on, talks, sees the receipt, withdraws, has it
erased; and what was kept can't be opened any more, not even with copies of everything that lay on the disk."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import httpx
from playwright.async_api import BrowserContext, Page, expect

from monitor.errors import EvidenceUnreadable
from monitor.evidence import keys
from monitor.evidence.master import unwrap_with
from monitor.vault_start import own_masters
from tests.acceptance.test_browser import microphone
from tests.helpers.axe import check
from tests.helpers.browser import browser
from tests.helpers.room_server import until
from tests.helpers.service import SETTINGS, Service, prepare, running

PATIENCE = 90_000
"""Milliseconds; on a busy machine the recogniser takes its time."""
PHONE = {"width": 390, "height": 844}


def link(directory: Path, service: Service) -> str:
    """As the operator makes it, for the address at which the service runs."""
    made = subprocess.run(
        [
            *(sys.executable, "-m", "monitor", "hosts", "link", "test", "--for", "Ada", "--json"),
            *("--config", str(directory / "monitor.toml"), "--address", service.url),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    url: str = json.loads(made.stdout)["url"]
    return url


async def opened(context: BrowserContext, url: str, errors: list[str]) -> Page:
    page = await context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(url)
    return page


async def shot(page: Page, name: str) -> None:
    if shots := os.environ.get("ROOM_MONITOR_SCREENSHOTS"):
        await page.screenshot(path=f"{shots}/{name}.png", full_page=True)


async def test_a_host_decides_on_their_room_from_the_link_to_the_erasure(tmp_path: Path) -> None:
    prepare(tmp_path, SETTINGS + 'consent = "required"\n')
    errors: list[str] = []
    with running(tmp_path) as service:
        async with browser(microphone(tmp_path)) as context:
            host = await opened(context, link(tmp_path, service), errors)
            await host.set_viewport_size(PHONE)  # type: ignore[arg-type]
            await expect(host.get_by_text("Monitoring is not switched on")).to_be_visible(timeout=PATIENCE)
            assert await host.evaluate("document.documentElement.scrollWidth <= innerWidth"), "fits a phone"
            await shot(host, "host-before")
            await check(host, "the host's page before the host has decided")

            room = await opened(context, f"{service.url}/rooms/test?name=Ada&join=1", errors)
            await expect(room.get_by_text(re.compile("nobody is listened to")).first).to_be_visible(timeout=PATIENCE)
            await expect(host.get_by_role("switch", name="Listen to Ada")).to_be_visible(timeout=PATIENCE)

            # A while of talk that nobody listens to, then the host says yes.
            await expect(host.get_by_text("Not consented").first).to_be_attached(timeout=PATIENCE)
            await host.get_by_role("button", name="Switch on").click()
            await expect(host.get_by_text("Monitoring is on").first).to_be_visible(timeout=PATIENCE)
            await expect(room.get_by_text(re.compile("monitored for safety")).first).to_be_visible(timeout=PATIENCE)

            async with httpx.AsyncClient(base_url=service.url, timeout=30) as http:
                await until(lambda: bool(alerts(service)), PATIENCE / 1000)
                alert = alerts(service)[0]
                assert (await http.get(f"/api/clips/{alert}.wav")).content[:4] == b"RIFF"
                copy = shutil.copytree(tmp_path / "data", tmp_path / "copy")

                await expect(host.get_by_text("with sound").first).to_be_visible(timeout=PATIENCE)
                await expect(host.get_by_text(re.compile("deleted on")).first).to_be_visible()
                await shot(host, "host-receipt")
                await check(host, "the host's page with a receipt")

                await host.get_by_role("button", name="Stop").click()
                await host.get_by_role("dialog").get_by_role("button", name="Stop").click()
                await expect(host.get_by_text("Monitoring is off").first).to_be_visible(timeout=PATIENCE)
                await expect(room.get_by_text(re.compile("switched off")).first).to_be_visible(timeout=PATIENCE)

                await host.get_by_role("button", name="Have everything erased").click()
                await host.get_by_role("textbox", name="Reason").fill("I have changed my mind")
                await host.get_by_role("button", name="Erase for good").click()
                await expect(host.get_by_text(re.compile(r"receipt has number \d+"))).to_be_visible(timeout=PATIENCE)
                await expect(host.get_by_text("No alert was raised.")).to_be_visible(timeout=PATIENCE)
                await host.get_by_text("History").click()
                await expect(host.get_by_text("The notice was shown").first).to_be_visible(timeout=PATIENCE)
                await shot(host, "host-erased")
                await check(host, "the host's page after the erasure")
                said = await host.get_by_text(re.compile(r"receipt has number \d+")).inner_text()
                (number,) = re.findall(r"\d+", said)
                receipt = (await http.get(f"/api/receipts/{number}")).json()
                assert receipt["detail"]["tried"] >= 1
                assert receipt["detail"]["opened"] == 0
                assert "I have changed my mind" in receipt["why"]
                assert (await http.get(f"/api/receipts/{number}/check")).json() == {
                    "id": int(number),
                    "holds": True,
                    "wrong": [],
                }

                assert (await http.get(f"/api/clips/{alert}.wav")).status_code == 404
                assert (await http.get("/api/alerts")).json()["alerts"] == []
                assert (await http.get("/api/utterances")).json()["utterances"] == []
            assert not errors
        service.stop()
    database = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("monitor.db*"))
    assert b"ask not what" not in database
    assert opens(alert, copy, copy), "with yesterday's keys the copy of the clip could be read"
    assert not opens(alert, copy, tmp_path / "data"), "with what there is now nobody reads it"


def opens(alert: str, copy: Path, data: Path) -> bool:
    """Whether the copy of a clip opens with the keys that are in a data directory."""
    with closing(sqlite3.connect(copy / "monitor.db")) as db:
        session, wrapped = db.execute("SELECT session, key FROM clips WHERE alert = ?", [alert]).fetchone()
    with closing(sqlite3.connect(data / "monitor.db")) as db:
        sessions = db.execute("SELECT id, key, master FROM room_sessions WHERE key IS NOT NULL").fetchall()
    masters = own_masters(data / "evidence")
    for each, key, master in sessions:
        with suppress(EvidenceUnreadable):
            clip_key = keys.unseal(unwrap_with(masters, master, each, key), wrapped, keys.of_clip_key(session, alert))
            keys.unseal(
                clip_key, (copy / "evidence" / "clips" / f"{alert}.clip").read_bytes(), keys.of_clip(session, alert)
            )
            return True
    return False


def alerts(service: Service) -> list[str]:
    answer = httpx.get(f"{service.url}/api/alerts", timeout=30)
    return [each["id"] for each in answer.json()["alerts"] if each["clip"]]
