"""Accounts of a running service, and a browser that signs in as one of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from playwright.async_api import Page, expect

PASSWORD = "correct horse battery staple"
PATIENCE = 60_000


def add(directory: Path, name: str, *roles: str) -> None:
    """Before the service starts, or while it runs. The first one has to be an admin's."""
    command = [sys.executable, "-m", "monitor", "users", "add", name, "--password-stdin"]
    for role in roles:
        command += ["--role", role]
    command += ["--config", str(directory / "monitor.toml")]
    done = subprocess.run(command, input=f"{PASSWORD}\n", capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


async def sign_in(page: Page, url: str, name: str, path: str = "/") -> None:
    """By keyboard alone, as somebody whose session has ended does it: the page that was asked for comes afterwards."""
    await page.goto(f"{url}{path}")
    await expect(page.get_by_label("Name")).to_be_visible(timeout=PATIENCE)
    await page.get_by_label("Name").focus()
    await page.keyboard.type(name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("navigation", name="Pages")).to_be_visible(timeout=PATIENCE)
