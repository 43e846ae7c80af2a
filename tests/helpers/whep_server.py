"""A real WHEP server of this machine for tests, on Debian's Pion: built once, killed and started again at will."""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.helpers.once import one_at_a_time

SOURCE = Path(__file__).parent.parent / "peers" / "whep-pion"
PION = Path("/usr/share/gocode/src/github.com/pion/webrtc")
MISSING = "Go or Pion is not installed (Debian: golang-go golang-github-pion-webrtc.v3-dev; tests/setup.sh does it)"


@functools.cache
def built() -> str:
    """The program; made where it isn't. Skips the test where it can't be."""
    if shutil.which("go") is None or not PION.is_dir():
        pytest.skip(MISSING)
    with one_at_a_time("whep-pion"):
        done = subprocess.run(
            [SOURCE / "build.sh", Path(sys.prefix) / "peers"], stdout=subprocess.PIPE, check=True, timeout=240
        )
    return done.stdout.decode().strip()


class WhepServer:
    """One process with one room, "demo". Nothing outlives a restart: its publishers have to come again."""

    def __init__(
        self, program: str, folder: Path, port: int, *options: str, host: str = "127.0.0.1", before: Sequence[str] = ()
    ) -> None:
        """`before`: words before the command, such as those that enter a network namespace."""
        self.port = port
        self.url = f"http://{host}:{port}"
        self._command = [*before, program, "-listen", f"{host}:{port}", *options]
        self._log = folder / "whep-pion.log"
        self._process: subprocess.Popen[bytes] | None = None

    def whep(self, name: str, room: str = "demo") -> str:
        return f"{self.url}/{room}/{name}/whep"

    def whip(self, name: str) -> str:
        return f"{self.url}/demo/{name}/whip"

    async def start(self) -> None:
        """Start, and return once it answers."""
        self._spawn()
        assert self._process is not None
        async with asyncio.timeout(20):
            while True:
                assert self._process.poll() is None, self._log.read_text()
                try:
                    await self.state()
                except httpx.TransportError:
                    await asyncio.sleep(0.02)
                else:
                    return

    def _spawn(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    async def state(self) -> dict[str, Any]:
        async with httpx.AsyncClient(trust_env=False) as http:
            return dict((await http.get(f"{self.url}/state")).json())

    async def viewers(self, name: str) -> int:
        return int((await self.state())["viewers"].get(name, 0))

    def kill(self) -> None:
        """Die at once, without a word to anybody."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def freeze(self, frozen: bool = True) -> None:
        """Hang, as a machine does whose plug was pulled: sockets stay open and nothing answers."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP if frozen else signal.SIGCONT)


@asynccontextmanager
async def whep_server(
    folder: Path, port: int, *options: str, host: str = "127.0.0.1", before: Sequence[str] = ()
) -> AsyncIterator[WhepServer]:
    """A running server; killed at the end."""
    server = WhepServer(built(), folder, port, *options, host=host, before=before)
    try:
        await server.start()
        yield server
    finally:
        server.kill()
