"""`room-monitor top` beside a real service: in a terminal, in a pipe, and while the service is away."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest

from monitor.errors import ServiceSilent
from monitor.model import Gap, Heard
from monitor.top.moment import Service
from monitor.web.address import announced
from tests.helpers.ops_site import ops_site
from tests.helpers.site import site

COMMAND = [sys.executable, "-m", "monitor", "top"]
PATIENCE = 60.0


async def printed(*more: str) -> tuple[int | None, str, str]:
    done = await asyncio.create_subprocess_exec(*COMMAND, *more, stdout=-1, stderr=-1)
    out, err = await done.communicate()
    return done.returncode, out.decode(), err.decode()


async def test_without_a_terminal_it_shows_one_screen_and_json_for_programs(tmp_path: Path) -> None:
    async with ops_site(tmp_path) as it:
        code, out, err = await printed("--url", it.url)
        assert code == 0, err
        assert "room hall is waiting" in out
        assert "step 1: no looks at sentences" in out
        assert "42 s of it on disk" in out
        assert re.search(r"Lobby +live +2 +Ann +214 s +7.5 s", out)
        assert "free money (A)" in out
        assert "overload: given up: the recogniser was behind" in out
        code, out, err = await printed("--url", it.url, "--once", "--json")
        assert code == 0, err
        told = json.loads(out)
        assert [room["id"] for room in told["rooms"]] == ["lobby", "hall"]
        assert told["status"]["load"]["effort"] == 1
        assert told["status"]["load"]["history"] == []
        assert len(told["alerts"]) == 3
        assert {gap["state"] for gap in told["gaps"]} == {"lost-network", "lost-overload", "lost-error"}
    code, out, err = await printed("--once", "--url", it.url)
    assert code == 2
    assert "doesn't answer" in err


async def test_what_is_no_such_service_is_said(tmp_path: Path) -> None:
    async with site(tmp_path) as it:  # measures nothing, so there is no status
        with closing(Service(it.url, "")) as service, pytest.raises(ServiceSilent, match="404"):
            await asyncio.to_thread(service.look)


class Terminal:
    """A program in a pseudo-terminal, and what it has written since the last look."""

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self.process = process
        self._master = master
        self._text = ""
        self._more = asyncio.Event()
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        try:
            self._text += os.read(self._master, 65536).decode("utf-8", "replace")
        except OSError:  # the other end is closed
            asyncio.get_running_loop().remove_reader(self._master)
        self._more.set()

    def press(self, key: str) -> None:
        """What was written before counts no more."""
        self._text = ""
        os.write(self._master, key.encode())

    async def shows(self, pattern: str) -> str:
        """What it has written, once the pattern is in it; colours left out."""
        async with asyncio.timeout(PATIENCE):
            while True:
                text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._text)
                if re.search(pattern, text):
                    return text
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def terminal(columns: int, rows: int, **environment: str) -> AsyncIterator[Terminal]:
    pty = pytest.importorskip("pty", reason="needs pseudo-terminals")
    master, slave = pty.openpty()
    more = {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(rows), **environment}
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        "--every",
        "0.2",
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=os.environ | more,
        start_new_session=True,
    )
    os.close(slave)
    it = Terminal(process, master)
    try:
        yield it
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()
        asyncio.get_running_loop().remove_reader(master)
        os.close(master)


async def test_keys_work_and_it_finds_the_service_again_where_it_comes_back(tmp_path: Path) -> None:
    known = tmp_path / "known"
    for directory in (known, tmp_path / "first", tmp_path / "second"):
        directory.mkdir()
    service = AsyncExitStack()
    it = await service.enter_async_context(ops_site(tmp_path / "first"))
    service.enter_context(announced(known, it.url))
    async with terminal(72, 40, ROOM_MONITOR_STORAGE__DATA=str(known)) as screen:
        async with service:
            assert "Town hall" in await screen.shows("s sorted by trouble")
            screen.press("s")
            await screen.shows("s sorted by name")
            screen.press("p")
            await screen.shows("PAUSED")
            screen.press(" ")
            await screen.shows("p pause")
        await screen.shows("No answer for .*trying again")
        async with ops_site(tmp_path / "second") as again:
            await again.store.add_gap(Gap("lobby", None, "", time.time(), 3.0, Heard.LOST_ERROR, "it came back"))
            with announced(known, again.url):
                await screen.shows("error: it came back")
                screen.press("q")
                assert await asyncio.wait_for(screen.process.wait(), PATIENCE) == 0
