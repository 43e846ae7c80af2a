"""WhisperLive: its websocket server, and what its own client says to it.

Text is final in segments that are marked completed; a segment is completed when the next one has begun, or when the
same text came out ten times in a row. The rest is sent as it is at the moment.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection

from monitor.bench.janus import free_port
from monitor.model import Samples
from tests.bench.peers.environment import Environment
from tests.bench.peers.peer import PATIENCE, Line, Running, Show, quiet_offline, socket_line
from tests.bench.peers.processes import PeerFailed, answering, started

SERVER = Path(__file__).parent / "whisperlive_server.py"


class WhisperLive:
    name = "WhisperLive"
    chunk = 4096
    set_as = "its websocket server, one model for all clients, its client's defaults (VAD on), language given"
    packages = ("whisper-live", "faster-whisper", "ctranslate2", "torch")
    environment = Environment(
        "whisperlive",
        bare=("whisper-live==0.10.0",),
        needed=(
            "torch==2.13.0",
            "numpy",
            "faster-whisper==1.2.1",
            "websockets",
            "onnxruntime",
            "fastapi",
            "uvicorn",
            "python-multipart",
            "scipy",
        ),
    )

    @asynccontextmanager
    async def running(self, streams: int, model: Path, scratch: Path) -> AsyncIterator[Running]:
        port = free_port()
        log = scratch / "whisperlive.log"
        command = [self.environment.python, SERVER, str(port), model, str(streams)]
        async with started(command, log, quiet_offline()) as process:
            await answering(process, port, log, PATIENCE)
            yield _Server(f"ws://127.0.0.1:{port}", [process.pid])


@dataclass(frozen=True, slots=True)
class _Server:
    address: str
    pids: list[int]

    def line(self, number: int, show: Show) -> AbstractAsyncContextManager[Line]:
        uid = str(uuid.uuid4())
        return socket_line(self.address, _Greeting(uid), _encode, Segments(show).told)


@dataclass(frozen=True, slots=True)
class _Greeting:
    uid: str

    async def __call__(self, socket: ClientConnection) -> None:
        options = {
            "uid": self.uid,
            "language": "en",
            "task": "transcribe",
            "model": "base",  # the server was told another
            "use_vad": True,
            "send_last_n_segments": 10,
            "no_speech_thresh": 0.45,
            "clip_audio": False,
            "same_output_threshold": 10,
        }
        await socket.send(json.dumps(options))
        async for text in socket:
            message = json.loads(text)
            if message.get("message") == "SERVER_READY":
                return
            if message.get("status") in ("ERROR", "WAIT"):
                raise PeerFailed(f"the server says {message['status']}: {message.get('message')}")
        raise PeerFailed("the server has hung up")


def _encode(audio: Samples) -> bytes:
    return (audio.astype(np.float32) / 32768).tobytes()


class Segments:
    """The transcript as its client keeps it: completed segments, each once, and the one that is open."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._final: list[str] = []
        self._until = 0.0  # seconds at which the last completed segment ends

    def told(self, message: dict[str, Any]) -> None:
        segments = message.get("segments", [])
        for segment in segments:
            if segment.get("completed") and float(segment["start"]) >= self._until:
                self._final.append(segment["text"])
                self._until = float(segment["end"])
        if segments:
            last = segments[-1]
            self._show(" ".join(self._final), "" if last.get("completed") else last["text"])
