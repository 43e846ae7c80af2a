"""The console: types that fit the feed, a lock file that fits every machine, and a build that skips when it can."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.messages import FEED
from monitor.web.build_console import (
    STAMP,
    ConsoleBuildError,
    build,
    node_and_npm,
    npm,
    sources_digest,
)

CONSOLE = Path(__file__).parents[2] / "monitor" / "web" / "console"


MOST_SCRIPT = 200_000
"""Bytes of script, compressed, before the first page can show everything."""


def first_view(static: Path) -> dict[str, int]:
    """Compressed size of each script that the live page needs: the entry, the page's own, and what they import."""
    page = (static / "index.html").read_text("utf-8")
    wanted = re.findall(r"/assets/([\w.-]+\.js)", page)
    wanted += [path.name for path in (static / "assets").glob("Dashboard-*.js")]
    assert len(wanted) >= 2, page
    sizes: dict[str, int] = {}
    while wanted:
        name = wanted.pop()
        if name in sizes:
            continue
        source = (static / "assets" / name).read_bytes()
        sizes[name] = len(gzip.compress(source))
        # Not those of import(): they come when they are asked for.
        wanted += re.findall(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""", source.decode("utf-8"))
    return sizes


def _node(*arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
    node, _ = node_and_npm()
    return subprocess.run(
        [str(node), *arguments], cwd=CONSOLE, capture_output=True, text=True, check=False, input=input
    )


@pytest.fixture
def tiny(tmp_path: Path) -> tuple[Path, Path]:
    """A console without dependencies, built by real npm: its build script writes one page and counts its runs."""
    console, static = tmp_path / "console", tmp_path / "static"
    console.mkdir()
    package = {"name": "tiny", "version": "1.0.0", "scripts": {"build": "node build.mjs"}}
    (console / "package.json").write_text(json.dumps(package))
    lock = {"name": "tiny", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": package}}
    (console / "package-lock.json").write_text(json.dumps(lock))
    (console / "build.mjs").write_text(
        "import { appendFileSync, mkdirSync } from 'node:fs'\n"
        "const to = process.argv[process.argv.indexOf('--outDir') + 1]\n"
        "mkdirSync(to, { recursive: true })\n"
        "appendFileSync(`${to}/index.html`, 'built;')\n"
    )
    return console, static


def test_the_types_of_the_feed_are_those_of_the_messages() -> None:
    schema = json.dumps(FEED.json_schema(mode="serialization"))
    made = _node("scripts/feed-types.mjs", "-", "--print", input=schema)
    assert made.returncode == 0, made.stderr
    assert (CONSOLE / "src/lib/feed.d.ts").read_text("utf-8") == made.stdout, "out of date: run `npm run types`"


def test_a_schema_that_the_generator_does_not_know_is_refused() -> None:
    odd = {"$defs": {"A": {"type": "object", "properties": {"x": {"not": {}}}}}, "oneOf": [{"$ref": "#/$defs/A"}]}
    made = _node("scripts/feed-types.mjs", "-", "--print", input=json.dumps(odd))
    assert made.returncode != 0
    assert "no type is known" in made.stderr


def test_the_lock_file_holds_no_address() -> None:
    text = (CONSOLE / "package-lock.json").read_text("utf-8")
    entries = json.loads(text)["packages"]
    assert not [name for name, entry in entries.items() if "resolved" in entry]
    assert all("integrity" in entry for name, entry in entries.items() if name)


def test_the_reducer_and_its_helpers() -> None:
    done = _node("--test", "src/**/*.test.ts")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_real_console_type_checks_and_builds(tmp_path: Path) -> None:
    if not (CONSOLE / "node_modules" / "svelte-check").is_dir():
        npm(CONSOLE, "ci")
    npm(CONSOLE, "run", "check")
    npm(CONSOLE, "run", "build", "--", "--outDir", str(tmp_path / "static"), "--emptyOutDir")
    page = (tmp_path / "static" / "index.html").read_text("utf-8")
    assert 'src="/assets/' in page
    assert "<script>" not in page, "an inline script breaks a content policy of 'self'"
    sizes = first_view(tmp_path / "static")
    assert sum(sizes.values()) < MOST_SCRIPT, sizes


def test_a_build_is_skipped_until_a_source_changes(tiny: tuple[Path, Path]) -> None:
    console, static = tiny
    assert build(console, static)
    assert not build(console, static)
    assert (static / "index.html").read_text() == "built;"
    (console / "extra.css").write_text("a{}")
    assert build(console, static)
    assert (static / STAMP).read_text() == sources_digest(console)


def test_what_is_installed_beside_the_sources_does_not_count(tiny: tuple[Path, Path]) -> None:
    console, _ = tiny
    before = sources_digest(console)
    (console / "node_modules").mkdir()
    (console / "node_modules" / "x.js").write_text("1")
    assert sources_digest(console) == before
    shutil.move(console / "build.mjs", console / "other.mjs")
    assert sources_digest(console) != before


def test_a_build_that_fails_says_why_and_does_not_pass_for_done(tiny: tuple[Path, Path]) -> None:
    console, static = tiny
    build(console, static)
    (console / "build.mjs").write_text("console.error('colour is not defined'); process.exit(3)")
    with pytest.raises(ConsoleBuildError, match="colour is not defined"):
        build(console, static)
    with pytest.raises(ConsoleBuildError, match="npm run build"):
        build(console, static)
