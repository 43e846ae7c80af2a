"""A Janus of this machine for benches: its own directory, its own port, killed and started again at will."""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from monitor.errors import ConnectionLost, OperatorError
from monitor.rooms.dial import dial
from monitor.rooms.janus.protocol import SUBPROTOCOL

START_SECONDS = 20.0
_OTHERS = (
    "echotest streaming videocall voicemail recordplay nosip sip textroom lua duktape audiobridge".split()  # noqa: SIM905
)
_TRANSPORTS = "http rabbitmq pfunix mqtt nanomsg".split()  # noqa: SIM905


class Janus:
    """One process; its VideoRooms are in its files and so are there again after a restart."""

    def __init__(self, folder: Path, rooms: Sequence[int]) -> None:
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        disabled = ",".join(f"libjanus_{name}.so" for name in _OTHERS)
        transports = ",".join(f"libjanus_{name}.so" for name in _TRANSPORTS)
        self._write(
            "janus",
            f'general: {{ configs_folder = "{folder}"\n log_to_stdout = true\n debug_level = 2 }}\n'
            "media: { ipv6 = false }\n"
            f'plugins: {{ disable = "{disabled}" }}\ntransports: {{ disable = "{transports}" }}\n'
            "events: { broadcast = false }\n",
        )
        self._write(
            "janus.transport.websockets",
            f'general: {{ ws = true\n ws_port = {self.port}\n ws_ip = "127.0.0.1"\n json = "compact" }}\n',
        )
        each = "\n".join(f'room-{room}: {{ description = "Bench"\n publishers = 100 }}' for room in rooms)
        self._write("janus.plugin.videoroom", f"general: {{ string_ids = false }}\n{each}\n")

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Raises ValueError while it is down."""
        if self._process is None:
            raise ValueError("Janus is down")
        return self._process.pid

    async def start(self) -> float:
        """Start; returns the wall time at which it answered. Raises OperatorError where it doesn't."""
        with (self._folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                "janus", "--disable-colors", "-F", str(self._folder), "-C", str(self._folder / "janus.jcfg"),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            async with asyncio.timeout(START_SECONDS):
                while self._process.returncode is None:
                    try:
                        found = await dial(self.url, SUBPROTOCOL)
                    except ConnectionLost:
                        await asyncio.sleep(0.02)
                    else:
                        back = time.time()
                        await found.close()
                        return back
        except TimeoutError:
            pass
        text = (self._folder / "log").read_text("utf-8", "replace")
        raise OperatorError(f"Janus doesn't start: {text[-500:]}")

    async def kill(self) -> None:
        """Die at once, without a word to anybody."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()

    def _write(self, name: str, text: str) -> None:
        (self._folder / f"{name}.jcfg").write_text(text, "utf-8")


@asynccontextmanager
async def running(folder: Path, rooms: Sequence[int]) -> AsyncIterator[Janus]:
    """A running one, killed at the end. Raises OperatorError where there is none."""
    if shutil.which("janus") is None:
        raise OperatorError("there is no Janus on this machine (Debian: apt-get install janus)")
    server = Janus(folder, rooms)
    try:
        await server.start()
        yield server
    finally:
        await server.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
