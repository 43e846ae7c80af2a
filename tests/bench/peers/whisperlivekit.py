"""WhisperLiveKit: its own server command with LocalAgreement, fed with raw PCM as its page does.

Its default policy (AlignAtt) needs PyTorch weights beside the CTranslate2 ones; no package carries those.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection

from monitor.bench.janus import free_port
from monitor.model import Samples
from tests.bench.peers.environment import Environment
from tests.bench.peers.peer import PATIENCE, Line, Running, Show, quiet_offline, socket_line
from tests.bench.peers.processes import PeerFailed, answering, started

SILENT = -2
"""The speaker of lines that stand for silence."""


class WhisperLiveKit:
    name = "WhisperLiveKit"
    chunk = 1600
    set_as = "its server with --backend-policy localagreement --backend faster-whisper, raw PCM, language given"
    packages = ("whisperlivekit", "faster-whisper", "ctranslate2", "torch")
    environment = Environment(
        "whisperlivekit",
        bare=("whisperlivekit==0.2.26",),
        needed=(
            "torch==2.13.0",
            "numpy",
            "faster-whisper==1.2.1",
            "fastapi",
            "uvicorn",
            "websockets",
            "python-multipart",
            "librosa",
            "soundfile",
            "onnxruntime",
            "tiktoken",
            "tqdm",
        ),
    )

    @asynccontextmanager
    async def running(self, streams: int, model: Path, scratch: Path) -> AsyncIterator[Running]:
        port = free_port()
        log = scratch / "whisperlivekit.log"
        command = [self.environment.path / "bin" / "whisperlivekit-server", "--host", "127.0.0.1", "--port", str(port)]
        command += ["--model_dir", model, "--language", "en", "--pcm-input", "--warmup-file", ""]
        command += ["--backend", "faster-whisper", "--backend-policy", "localagreement", "--log-level", "WARNING"]
        async with started(command, log, quiet_offline()) as process:
            await answering(process, port, log, PATIENCE)
            yield _Server(f"ws://127.0.0.1:{port}/asr", [process.pid])


@dataclass(frozen=True, slots=True)
class _Server:
    address: str
    pids: list[int]

    def line(self, number: int, show: Show) -> AbstractAsyncContextManager[Line]:
        return socket_line(self.address, _greet, _encode, lambda message: _told(message, show))


async def _greet(socket: ClientConnection) -> None:
    first = json.loads(await socket.recv())
    if first.get("type") != "config":
        raise PeerFailed(f"the server says {first}")


def _encode(audio: Samples) -> bytes:
    return audio.tobytes()


def _told(message: dict[str, Any], show: Show) -> None:
    if "lines" in message:
        lines = [line["text"] for line in message["lines"] if line.get("speaker") != SILENT and line.get("text")]
        show(" ".join(lines), message.get("buffer_transcription") or "")
