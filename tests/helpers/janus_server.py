"""A real Janus of this machine for tests: its own directory, its own ports, killed and started again at will."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from monitor.errors import ConnectionLost
from monitor.rooms.dial import dial

MISSING = "Janus is not installed (Debian: apt-get install janus; tests/setup.sh does it)"

CORE = """
general: {{
    configs_folder = "{folder}"
    log_to_stdout = true
    debug_level = 4
    session_timeout = 60
    reclaim_session_timeout = 5
    {core}
}}
media: {{ ipv6 = false }}
nat: {{ full_trickle = {trickle} }}
plugins: {{ disable = "libjanus_echotest.so,libjanus_streaming.so,libjanus_videocall.so,libjanus_voicemail.so,libjanus_recordplay.so,libjanus_nosip.so,libjanus_sip.so,libjanus_textroom.so,libjanus_lua.so,libjanus_duktape.so" }}
transports: {{ disable = "libjanus_http.so,libjanus_rabbitmq.so,libjanus_pfunix.so,libjanus_mqtt.so,libjanus_nanomsg.so" }}
events: {{ broadcast = false }}
"""  # noqa: E501
SOCKETS = 'general: {{ ws = true\n ws_port = {port}\n ws_ip = "{host}"\n json = "compact" }}\n'
ROOMS = "general: {{ string_ids = {strings} }}\n{rooms}"


class JanusServer:
    """One Janus process. Its files are kept over a restart, and so are the rooms that they name."""

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        core: str = "",
        trickle: bool = False,
        host: str = "127.0.0.1",
        before: Sequence[str] = (),
    ) -> None:
        """`before`: words before the command, such as those that enter a network namespace."""
        self.port = port
        self._host = host
        self._before = before
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._write("janus", CORE.format(folder=folder, core=core, trickle=str(trickle).lower()))
        self._write("janus.transport.websockets", SOCKETS.format(port=port, host=host))
        self.rooms()

    @property
    def url(self) -> str:
        return f"ws://{self._host}:{self.port}"

    def rooms(self, videoroom: str = "", audiobridge: str = "", *, strings: bool = False) -> None:
        """The rooms that the next start will find in its files, in the files' own language. `strings`: ids are text."""
        for plugin, rooms in (("videoroom", videoroom), ("audiobridge", audiobridge)):
            self._write(f"janus.plugin.{plugin}", ROOMS.format(rooms=rooms, strings=str(strings).lower()))

    async def start(self) -> None:
        """Start, and return once it answers."""
        self._spawn()
        assert self._process is not None
        async with asyncio.timeout(20):
            while True:
                assert self._process.poll() is None, self.log()
                try:
                    socket = await dial(self.url, "janus-protocol")
                except ConnectionLost:
                    await asyncio.sleep(0.02)
                else:
                    return await socket.close()

    def _spawn(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *self._before,
                    "janus",
                    "--disable-colors",
                    "-F",
                    str(self.folder),
                    "-C",
                    str(self.folder / "janus.jcfg"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Die at once, without a word to anybody."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(10)
            self._process = None

    def freeze(self, frozen: bool = True) -> None:
        """Hang, as a machine does whose plug was pulled: sockets stay open and nothing answers."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP if frozen else signal.SIGCONT)

    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8", "replace")

    def _write(self, name: str, text: str) -> None:
        (self.folder / f"{name}.jcfg").write_text(text, "utf-8")


@asynccontextmanager
async def janus_server(
    folder: Path,
    port: int,
    *,
    videoroom: str = "",
    audiobridge: str = "",
    core: str = "",
    trickle: bool = False,
    host: str = "127.0.0.1",
    before: Sequence[str] = (),
) -> AsyncIterator[JanusServer]:
    """A running Janus with these rooms; killed at the end. Skips the test where there is no Janus."""
    if shutil.which("janus") is None:
        pytest.skip(MISSING)
    server = JanusServer(folder, port, core=core, trickle=trickle, host=host, before=before)
    server.rooms(videoroom, audiobridge)
    try:
        await server.start()
        yield server
    finally:
        server.kill()
