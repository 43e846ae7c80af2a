"""The documentation says what the code does, or the build fails."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])


def test_the_generated_reference_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(DOCS / "make_reference.py"), "--check"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nRun: python docs/make_reference.py"


@pytest.mark.parametrize("page", ["settings", "commands", "feed", "errors", "metrics", "api"])
def test_nothing_in_the_reference_is_without_a_word(page: str) -> None:
    text = (DOCS / "reference" / f"{page}.md").read_text("utf-8")
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `") and page == "api":
            assert cells[1].strip(" |"), f"{page}: {cells[0]} is not described"
        if line.startswith("| `") and page in ("settings", "errors", "metrics"):
            assert cells[2].strip(" |"), f"{page}: {cells[0]} is not described"
    if page == "feed":
        for title, about in re.findall(r"^## (\S+)\n\n(.*)\n", text, re.MULTILINE):
            assert about, f"the feed's {title} is not described"
    if page == "commands":
        for title, about in re.findall(r"^## (.+)\n\n(.*)\n", text, re.MULTILINE):
            assert about, f"{title} is not described"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_module_named_in_the_tour_exists() -> None:
    for name in re.findall(r"`(monitor/[\w/.]+)`", (DOCS / "tour.md").read_text("utf-8")):
        assert (ROOT / name).exists(), name


def test_every_command_in_readme_and_guides_exists() -> None:
    known = set(
        re.findall(r"^## `(room-monitor[^`]*)`", (DOCS / "reference" / "commands.md").read_text("utf-8"), re.MULTILINE)
    )
    for page in [ROOT / "README.md", *DOCS.glob("guide/*.md"), *DOCS.glob("*.md")]:
        for used in re.findall(r"room-monitor ([a-z][\w-]*(?: [a-z][\w-]*)?)", page.read_text("utf-8")):
            words = used.split()
            whole = f"room-monitor {' '.join(words)}"
            # or a group of commands, of which there is a third word
            assert any(c in (f"room-monitor {words[0]}", whole) or c.startswith(f"{whole} ") for c in known), (
                page.name,
                used,
            )
