"""Shared by all tests: a skipped test is told loudly, and fails the run in CI, unless it's for want of NOT_OURS."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

sys.path.insert(0, str(Path(__file__).parent.parent))


# What a command prints is asserted as text: no line may be broken because the run has a terminal of 80 columns, or
# because its temporary directory has a longer name.
os.environ["COLUMNS"] = "300"
# No test asserts a wall-clock time, not even a generated one: a first call may load a dictionary.
hypothesis.settings.register_profile("room-monitor", deadline=None)
hypothesis.settings.load_profile("room-monitor")


def pytest_configure() -> None:
    # looptime asks for the current event loop before each test; without this, asyncio makes one that nobody closes,
    # and a later test fails for the ResourceWarning.
    asyncio.set_event_loop(None)


@pytest.fixture(autouse=True)
def log_beside_the_output() -> Iterator[None]:
    """The log goes to standard error as in every command, so that what a service logs in a test isn't taken for what a
    command prints in the same process; and what a test configures ends with it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


ALONE = ("acceptance", "connector")
"""Directories of tests that need the machine for themselves: whole services, browsers, media in real time."""
ALONE_TOO = re.compile(
    r"test_(bench|livekit|janus|whep|networks|probe|turn|ledger_live|receive|builtin|rooms_at|host_consent|moderation"
    r"|feed_|library_under|reload_under|voice_house|voices_develop)"
)
"""Files of such tests elsewhere."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What measures time, or hears media, beside other tests would measure those."""
    for item in items:
        media = item.path.parent.name == "integration" and ALONE_TOO.match(item.path.name)
        if media or item.path.name.startswith("test_bench_") or not set(ALONE).isdisjoint(item.path.parts):
            item.add_marker("alone")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.write_sep("!", f"{len(skipped)} TESTS WERE SKIPPED", red=True)
        for report in skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            terminalreporter.write_line(f"  {report.nodeid}: {reason}", red=True)


NOT_OURS = "no corpus of human speech"
"""How the reason begins of a skip that fails no run: recordings that we may read, not publish, are missing, and no
set-up can get them. All else that tests need, the set-up gets."""


def _is_ours(report: pytest.TestReport) -> bool:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    return not reason.removeprefix("Skipped: ").startswith(NOT_OURS)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or exitstatus != 0 or reporter is None:
        return
    if any(_is_ours(report) for report in reporter.stats.get("skipped", [])):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
