"""RealtimeSTT: its recorder, one in a process of its own for each speaker, fed with audio as its docs say.

The package has no server for several speakers. Text is final when the recorder gives it; there is none before.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from monitor.model import Samples
from tests.bench.peers.environment import Environment
from tests.bench.peers.peer import PATIENCE, Line, Running, Show, quiet_offline
from tests.bench.peers.processes import PeerFailed, started, tail

RECORDER = Path(__file__).parent / "realtimestt_recorder.py"


class RealtimeSTT:
    name = "RealtimeSTT"
    chunk = 512
    set_as = "its recorder with its defaults (beam 5, VAD filter), one process a speaker, language given"
    packages = ("realtimestt", "faster-whisper", "ctranslate2", "torch")
    environment = Environment(
        "realtimestt",
        bare=("realtimestt==1.1.2", "silero-vad"),
        needed=(
            "torch==2.13.0",
            "numpy",
            "faster-whisper==1.2.1",
            "webrtcvad-wheels",
            "onnxruntime",
            "soundfile",
            "scipy",
            "halo",
            "websockets",
            "websocket-client",
        ),
    )

    @asynccontextmanager
    async def running(self, streams: int, model: Path, scratch: Path) -> AsyncIterator[Running]:
        async with AsyncExitStack() as stack:
            processes = []
            for number in range(streams):
                log = scratch / f"realtimestt-{number}.log"
                command = [self.environment.python, RECORDER, model]
                process = await stack.enter_async_context(
                    started(command, log, quiet_offline(), stdin=asyncio.subprocess.PIPE)
                )
                processes.append(process)
                await _ready(process, log)
            yield _Recorders(processes)


async def _ready(process: asyncio.subprocess.Process, log: Path) -> None:
    assert process.stdout is not None
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            async for line in process.stdout:
                if line.startswith(b'{"ready"'):
                    return
    raise PeerFailed(f"the recorder does not start:\n{tail(log)}")


@dataclass(frozen=True, slots=True)
class _Recorders:
    processes: list[asyncio.subprocess.Process]

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self.processes]

    @asynccontextmanager
    async def line(self, number: int, show: Show) -> AsyncIterator[Line]:
        process = self.processes[number]
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(_read(process, show))
            yield _Pipe(process)
            reading.cancel()


async def _read(process: asyncio.subprocess.Process, show: Show) -> None:
    assert process.stdout is not None
    final: list[str] = []
    async for line in process.stdout:
        if line.startswith(b'{"final"'):
            final.append(json.loads(line)["final"])
            show(" ".join(final), "")


@dataclass(frozen=True, slots=True)
class _Pipe:
    process: asyncio.subprocess.Process

    async def send(self, audio: Samples) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError, ConnectionResetError):
            self.process.stdin.write(audio.tobytes())
            await self.process.stdin.drain()
