"""`bench rejoin` with the kinds whose servers are only among the tests: WHEP (Pion) and LiveKit (the stand-in).

    .venv/bin/python -m tests.bench.rejoin_of_all_kinds --restarts 20

The time runs from the server's first answer to the first audio that the monitor hears. Whoever talks is there again as
soon as the server is. LiveKit is heard with the official SDK, as the connector does it; its server here is no real
LiveKit. Exit code 1 when any kind's p95 is above the limit.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import numpy as np
import typer
from pydantic import TypeAdapter
from rich.console import Console
from rich.progress import Progress

from monitor.bench.janus import free_port
from monitor.bench.machine import describe, quantiles
from monitor.bench.rejoin import LIMIT, PITCHES, Stage, restarts
from monitor.config_rooms import AnyRoom
from monitor.rooms.ice import allow_loopback
from monitor.telemetry.logs import configure
from tests.helpers.livekit_stage import voice
from tests.helpers.people import tone
from tests.helpers.whep_server import WhepServer, whep_server
from tests.helpers.whip_people import publisher
from tests.peers.livekit.server import KEY, SECRET, LiveKitServer, livekit_server, puppet

_ROOM: TypeAdapter[AnyRoom] = TypeAdapter(AnyRoom)

NAME = f"{PITCHES[0]} always"
"""Each is heard under a name that tells the pitch."""


class _Returning:
    """Somebody who talks, gone with the server and back with it."""

    def __init__(self) -> None:
        self._here = AsyncExitStack()

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[None]:
        await self.come()
        try:
            yield
        finally:
            await self.go()

    async def come(self) -> None:
        """Be in the room, and talk."""
        raise NotImplementedError

    async def go(self) -> None:
        here, self._here = self._here, AsyncExitStack()
        await here.aclose()


class LiveKitStage(_Returning):
    def __init__(self, server: LiveKitServer) -> None:
        super().__init__()
        self._server = server

    async def come(self) -> None:
        await self._here.enter_async_context(puppet(self._server, NAME, voice(NAME, PITCHES[0])))

    async def die(self) -> None:
        await self._server.die()
        await self.go()

    async def back(self) -> float:
        await self._server.start()
        answered = time.time()
        await self.come()
        return answered


class WhepStage(_Returning):
    def __init__(self, server: WhepServer) -> None:
        super().__init__()
        self._server = server

    async def come(self) -> None:
        await self._here.enter_async_context(publisher(self._server.whip("ann"), tone(PITCHES[0], 0.5)))

    async def die(self) -> None:
        self._server.kill()
        await self.go()

    async def back(self) -> float:
        await self._server.start()
        answered = time.time()
        await self.come()
        return answered


def _hall(kind: str, whep: WhepServer, livekit: LiveKitServer) -> tuple[AnyRoom, Stage]:
    match kind:
        case "whep":
            more: dict[str, object] = {"streams": [{"url": whep.whep("ann"), "speaker": NAME}]}
            stage: Stage = WhepStage(whep)
        case "livekit":
            opened = {"api_key": "env:BENCH_LIVEKIT_KEY", "api_secret": "env:BENCH_LIVEKIT_SECRET"}
            more = {"address": livekit.url, "room": "demo", **opened}
            stage = LiveKitStage(livekit)
        case _:
            raise typer.BadParameter(f"{kind}: there are livekit and whep", param_hint="--kind")
    return _ROOM.validate_python({"id": "bench", "kind": kind, **more}), stage


async def measure(kinds: list[str], count: int, out: Console) -> bool:
    """Print each kind's waits; whether all are within the limit."""
    allow_loopback()
    os.environ.update(BENCH_LIVEKIT_KEY=KEY, BENCH_LIVEKIT_SECRET=SECRET)
    good = True
    with tempfile.TemporaryDirectory(prefix="room-monitor-rejoin-") as folder:
        async with whep_server(Path(folder), free_port()) as whep, livekit_server() as livekit:
            for kind in kinds:
                room, stage = _hall(kind, whep, livekit)
                with Progress(console=out, transient=True) as progress:
                    bar = progress.add_task(kind, total=count)
                    waits, ears = await restarts(room, stage, count, partial(progress.advance, bar))
                out.print(
                    f"{kind} back → heard again: {quantiles(waits)}; {ears.blocks} half seconds looked at, "
                    f"{len(ears.wrong)} under a wrong name",
                    highlight=False,
                )
                good &= float(np.percentile(waits, 95)) <= LIMIT and not ears.wrong
    out.print(describe(), style="dim", highlight=False)
    return good


def main(restarts: int = 20, kind: list[str] = typer.Option(["livekit", "whep"])) -> None:  # noqa: B008
    configure("text", level=logging.ERROR)
    raise typer.Exit(0 if asyncio.run(measure(kind, restarts, Console())) else 1)


if __name__ == "__main__":
    typer.run(main)
