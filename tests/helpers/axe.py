"""What axe-core finds on a page: WCAG 2.2 AA and its own good practice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from monitor.web.build_console import npm

CONSOLE = Path(__file__).parents[2] / "monitor" / "web" / "console"
SCRIPT = CONSOLE / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def script() -> str:
    if not SCRIPT.is_file():
        npm(CONSOLE, "ci")
    return SCRIPT.read_text("utf-8")


async def violations(page: Page, rule: str = "") -> list[str]:
    """One line for each element at fault: rule, why, where. `rule`: only this one."""
    # Evaluated by the browser itself and not as a script of the page, so the page's content policy stays as it is.
    await page.evaluate(script())
    found: dict[str, Any] = await page.evaluate(
        "([type, values]) => axe.run(document, { runOnly: { type, values }, resultTypes: ['violations'] })",
        ["rule", [rule]] if rule else ["tag", TAGS],
    )
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {' '.join(map(str, node['target']))}: {node['html'][:160]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


async def check(page: Page, what: str) -> None:
    """Fails with everything that is wrong."""
    if found := await violations(page):
        pytest.fail(f"{what} ({page.url}) breaks {len(found)} rules:\n" + "\n".join(found), pytrace=False)
