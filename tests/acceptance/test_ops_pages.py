"""What operators see and do on their pages, in a real browser over a real server: lists, rooms over time, health."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Page, expect

from tests.helpers import axe
from tests.helpers.asking import ask
from tests.helpers.browser import browser
from tests.helpers.ops_site import WHY, ops_site

PATIENCE = 60_000
ONE = "/api/keywords/lists/scams-en"
PHONE = {"width": 360, "height": 740}


async def still(page: Page) -> None:
    """Nothing moves, so that colours are what they will be."""
    await page.emulate_media(reduced_motion="reduce")


async def written(page: Page, after: str, text: str) -> None:
    """Types a line below another."""
    await page.get_by_text(after).first.click(timeout=PATIENCE)
    await page.keyboard.press("End")
    await page.keyboard.type(f"\n{text}")
    await expect(page.get_by_text(re.compile("Can be used"))).to_be_visible(timeout=PATIENCE)


async def save(page: Page, why: str) -> None:
    button = page.get_by_role("button", name="Save…")
    await expect(button).to_be_enabled(timeout=PATIENCE)
    await button.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Why?").fill(why)
    await dialog.get_by_role("button", name="Save", exact=True).click()


async def test_a_near_miss_becomes_a_rule_or_an_exception_in_one_click(tmp_path: Path) -> None:
    async with ops_site(tmp_path) as it, browser() as context:
        page = await context.new_page()
        await page.goto(f"{it.url}/lists/scams-en?tab=near")
        row = page.get_by_role("listitem").filter(has_text="gift cart")
        await row.get_by_role("button", name="Make it a rule").click(timeout=PATIENCE)
        await expect(row.get_by_text("is a rule now")).to_be_visible(timeout=PATIENCE)
        other = page.get_by_role("listitem").filter(has_text="gifted card")
        await other.get_by_role("button", name="Make it an exception").click()
        await expect(other.get_by_text("is an exception now")).to_be_visible(timeout=PATIENCE)
        await page.get_by_role("tab", name="Rules").click()
        await expect(page.get_by_role("row", name=re.compile("gift cart"))).to_be_visible(timeout=PATIENCE)
        _, found = await ask(it, "GET", ONE)
        assert "gift cart" in [rule["label"] for rule in found["rules"]]
        assert "gifted card" in found["exceptions"]
        _, history = await ask(it, "GET", f"{ONE}/history")
        assert [one["why"] for one in history["versions"][:2]] == [
            'near miss "gifted card" of "gift card": it is something else',
            'near miss "gift cart" of "gift card": it should be found',
        ]


async def test_nobody_writes_over_what_somebody_else_saved_meanwhile(tmp_path: Path) -> None:
    async with ops_site(tmp_path) as it, browser() as context:
        page = await context.new_page()
        await page.goto(f"{it.url}/lists/scams-en")
        await written(page, '"wire it today",', '"mine",')
        assert (await ask(it, "POST", f"{ONE}/exceptions", {"text": "theirs", "why": "first"}))[0] == 200
        await expect(page.get_by_role("button", name="Save…")).to_be_enabled(timeout=PATIENCE)
        await page.get_by_role("button", name="Save…").click()
        await expect(page.get_by_text("Somebody has changed the list meanwhile")).to_be_visible(timeout=PATIENCE)
        _, found = await ask(it, "GET", ONE)
        assert "theirs" in found["exceptions"]
        assert "mine" not in found["content"]
        await page.get_by_role("button", name="Load it anew").click()
        await expect(page.get_by_text('"theirs"')).to_be_visible(timeout=PATIENCE)
        await written(page, '"wire it today",', '"mine",')
        await save(page, "now beside theirs")
        await expect(page.get_by_text(re.compile("Saved and in force"))).to_be_visible(timeout=PATIENCE)
        _, found = await ask(it, "GET", ONE)
        assert "theirs" in found["exceptions"]
        assert "mine" in [rule["label"] for rule in found["rules"]]


async def test_what_was_not_saved_is_there_after_looking_elsewhere(tmp_path: Path) -> None:
    async with ops_site(tmp_path) as it, browser() as context:
        page = await context.new_page()
        await page.goto(f"{it.url}/lists/scams-en")
        await written(page, '"wire it today",', '"half a thought",')
        await page.get_by_role("link", name="Health").click()
        await expect(page.get_by_role("heading", name="Health")).to_be_visible(timeout=PATIENCE)
        await page.go_back()
        await expect(page.get_by_text('"half a thought"')).to_be_visible(timeout=PATIENCE)
        await page.get_by_role("status").get_by_role("button", name="Throw my changes away").click()
        await expect(page.get_by_text('"half a thought"')).to_have_count(0)


async def test_a_new_list_is_begun_as_a_draft_and_alerts_nobody(tmp_path: Path) -> None:
    async with ops_site(tmp_path) as it, browser() as context:
        page = await context.new_page()
        await page.goto(f"{it.url}/lists")
        await page.get_by_role("button", name="New list…").click(timeout=PATIENCE)
        await page.get_by_label("Name of the list").fill("threats-en")
        await page.get_by_role("button", name="Begin").click()
        await page.get_by_text('"",').click(timeout=PATIENCE)
        await page.keyboard.press("Home")
        await page.keyboard.press("Shift+End")
        await page.keyboard.type('"see you outside",')
        await save(page, "first words")
        await expect(page.locator("#state")).to_have_text("Draft", timeout=PATIENCE)
        _, found = await ask(it, "GET", "/api/keywords/lists/threats-en")
        assert [rule["label"] for rule in found["rules"]] == ["see you outside"]


async def test_a_time_line_says_what_was_lost_and_why_and_leads_to_the_alert(tmp_path: Path) -> None:
    async with ops_site(tmp_path) as it, browser() as context:
        page = await context.new_page()
        await page.goto(f"{it.url}/rooms")
        lobby = page.get_by_role("article", name="Lobby")
        await lobby.get_by_text("3 stretches were not examined").click(timeout=PATIENCE)
        row = lobby.get_by_role("row", name=re.compile("Bea"))
        await expect(row).to_contain_text("given up: the recogniser was behind")
        await expect(row).to_contain_text("9.0 s")
        await expect(lobby.get_by_role("row", name=re.compile("everybody"))).to_contain_text("server was restarted")
        await expect(lobby.get_by_role("img", name=re.compile("Time line of Ann: .* lost, 3 alerts"))).to_be_visible()
        await page.get_by_role("button", name="1 hour").click()
        await expect(page).to_have_url(re.compile(r"range=1h"))
        await expect(page.get_by_role("article", name="Town hall")).to_contain_text(WHY)
        await lobby.get_by_role("link", name=re.compile("Critical alert at", re.I)).click(timeout=PATIENCE)
        await expect(page).to_have_url(re.compile(r"/review/alert1$"))


async def test_health_names_the_room_in_trouble_and_the_step_that_fails(tmp_path: Path) -> None:
    async with ops_site(tmp_path) as it, browser() as context:
        page = await context.new_page()
        await page.goto(f"{it.url}/health")
        await expect(page.get_by_text("room hall is waiting")).to_be_visible(timeout=PATIENCE)
        hall = page.get_by_role("article", name="Town hall")
        await expect(hall).to_contain_text("for 12 min")
        await hall.get_by_role("button", name="Try joining").click()
        await expect(hall.get_by_text(re.compile(r"Fails at: Path for media"))).to_be_visible(timeout=PATIENCE)
        await expect(hall.get_by_text("Open UDP between this machine")).to_be_visible()
        await expect(page.get_by_role("img", name=re.compile("Speech that waits in the last hour"))).to_be_visible()
        await expect(page.get_by_text("Database", exact=True).last).to_be_visible()
        lag = page.get_by_role("region", name="Lag")
        await expect(lag).to_contain_text("No looks at sentences that go on")
        await expect(lag.locator("dl").first).to_contain_text("0.8 s for half of them")
        await expect(lag.locator("dl").last).to_contain_text(
            re.compile(r"Recognising\s*0\.19 s, 0\.19 s for 95 of 100")
        )


async def test_the_wall_shows_no_words_of_anybody(tmp_path: Path) -> None:
    async with ops_site(tmp_path) as it, browser() as context:
        page = await context.new_page()
        await page.goto(f"{it.url}/wall")
        alerts = page.get_by_role("region", name="Newest alerts").get_by_role("listitem")
        await expect(alerts).to_have_count(3, timeout=PATIENCE)
        await expect(alerts.first).to_contain_text("free money")  # the rule's label
        assert "there is" not in await page.locator("body").inner_text()  # the words around it
        await expect(page.get_by_role("article", name="Lobby")).to_contain_text("96.7 %")


async def test_what_opens_on_these_pages_breaks_no_rule_of_wcag_either(tmp_path: Path) -> None:
    async with ops_site(tmp_path) as it:
        broken: list[str] = []
        for dark in (True, False):
            async with browser(dark=dark) as context:
                page = await context.new_page()
                await still(page)
                for tab in ("rules", "near", "history"):
                    await page.goto(f"{it.url}/lists/scams-en?tab={tab}")
                    await expect(page.get_by_role("tab", name="Edit")).to_be_visible(timeout=PATIENCE)
                    await page.wait_for_load_state("networkidle")
                    broken += [f"{tab}: {one}" for one in await axe.violations(page)]
                broken += await tried(page, it.url)
                broken += await opened(page, it.url)
        assert not broken, "\n".join(broken)


async def tried(page: Page, url: str) -> list[str]:
    await page.goto(f"{url}/lists/scams-en")
    await written(page, '"wire it today",', '"free",')
    await page.get_by_role("button", name="Save…").click()
    await expect(page.get_by_role("dialog").get_by_text("New rule “free”")).to_be_visible(timeout=PATIENCE)
    found = [f"save: {one}" for one in await axe.violations(page)]
    await page.keyboard.press("Escape")
    await page.get_by_role("tab", name="Try").click()
    await page.get_by_role("button", name="Try", exact=True).click()
    await expect(page.get_by_text("hits gained")).to_be_visible(timeout=PATIENCE)
    return found + [f"try: {one}" for one in await axe.violations(page)]


async def opened(page: Page, url: str) -> list[str]:
    await page.goto(f"{url}/rooms")
    await page.get_by_text("3 stretches were not examined").click(timeout=PATIENCE)
    found = [f"losses: {one}" for one in await axe.violations(page)]
    await page.goto(f"{url}/health")
    await page.get_by_role("article", name="Town hall").get_by_role("button", name="Try joining").click()
    await expect(page.get_by_text(re.compile("Fails at"))).to_be_visible(timeout=PATIENCE)
    return found + [f"probe: {one}" for one in await axe.violations(page)]


async def test_operators_pages_fit_a_phone_in_each_language_and_direction(tmp_path: Path) -> None:
    async with ops_site(tmp_path) as it, browser() as context:
        page = await context.new_page()
        await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        wide: list[str] = []
        for language in ("en", "zh", "en-XB"):
            for path in ("/rooms", "/wall", "/health", "/lists/scams-en", "/lists/scams-en?tab=near"):
                await page.goto(f"{it.url}{path}{'&' if '?' in path else '?'}lang={language}")
                await expect(page.locator("h1").first).to_be_attached(timeout=PATIENCE)
                await page.wait_for_load_state("networkidle")
                beyond = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
                if beyond > 0:
                    wide.append(f"{language} {path}: {beyond} px")
        assert not wide, "\n".join(wide)
