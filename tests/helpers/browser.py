"""The system's Chromium, driven by Playwright, with a WAV file for a microphone."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, async_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]
"""No traffic of its own; sound may play without a click."""


@asynccontextmanager
async def browser(microphone: Path | None = None, *, dark: bool = True) -> AsyncIterator[BrowserContext]:
    """A fresh browser. `microphone`: a WAV that it speaks, in a loop; None: permission is refused."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: browser tests need it (Debian: apt-get install chromium)")
    flags = list(QUIET)
    if microphone:
        flags += [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone}",
        ]
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            yield await chromium.new_context(
                viewport={"width": 1440, "height": 900},
                color_scheme="dark" if dark else "light",
                permissions=["microphone"] if microphone else [],
            )
        finally:
            await chromium.close()
