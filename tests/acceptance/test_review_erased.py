"""Something is erased while a reviewer looks at it: no page shows it a moment longer."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import expect

from monitor.evidence_model import Kind, Scope
from monitor.model import Speaker
from monitor.web.deps import STATIC
from tests.helpers import axe
from tests.helpers.browser import browser
from tests.helpers.reviewing import told, with_evidence
from tests.helpers.site import site
from tests.helpers.storing import alert

PATIENCE = 30_000
BOB = Speaker("s2", "Bob")


async def test_pages_that_are_open_let_go_of_what_is_erased(tmp_path: Path) -> None:
    async with site(tmp_path, static=STATIC) as it, browser() as context:
        await with_evidence(it)
        await it.store.add_alert(alert("a2", speaker=BOB, raised_at=2000.0))
        await told(it)
        looked_at, other, queue = [await context.new_page() for _ in range(3)]
        await looked_at.goto(f"{it.url}/review/a1")
        words = looked_at.get_by_role("region", name="What was said")
        await words.get_by_role("button", name="money").click()  # the sound is loaded, too
        await expect(looked_at.get_by_text(re.compile(r" s of 20 s"))).to_be_visible(timeout=PATIENCE)
        await other.goto(f"{it.url}/review/a2")
        beside = other.get_by_role("region", name="Other alerts").get_by_role("link")
        await expect(beside).to_have_count(1, timeout=PATIENCE)
        await queue.goto(f"{it.url}/review")
        rows = queue.locator("[role=option]")
        await expect(rows).to_have_count(2, timeout=PATIENCE)
        await expect(looked_at.get_by_text("Connected")).to_be_visible(timeout=PATIENCE)

        await it.deps.keeping.erase(Scope(Kind.SPEAKER, "s1", "lobby"), "asked", "ada")

        gone = looked_at.get_by_role("alert").filter(has_text="was erased for good")
        await expect(gone).to_be_visible(timeout=PATIENCE)
        await expect(looked_at.get_by_text("money")).to_have_count(0)
        await expect(looked_at.get_by_role("region", name="Sound")).to_have_count(0)
        await axe.check(looked_at, "an alert that was erased")
        await expect(other.get_by_text("Something of this room was erased")).to_be_visible(timeout=PATIENCE)
        await expect(beside).to_have_count(0, timeout=PATIENCE)
        await expect(other.get_by_role("heading", name=re.compile("Bob"))).to_be_visible()
        await expect(rows).to_have_count(1, timeout=PATIENCE)
        await expect(rows.first).to_contain_text("Bob")
        await expect(queue.get_by_text("Ann")).to_have_count(0)
