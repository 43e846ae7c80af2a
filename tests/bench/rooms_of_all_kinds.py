"""`bench rooms` with the kinds whose servers are only among the tests: WHEP (Pion) and LiveKit (the stand-in).

    .venv/bin/python -m tests.bench.rooms_of_all_kinds --count 1 --count 10

The LiveKit rooms are heard with the official SDK, as the connector does it; its server here is no real LiveKit.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import typer
from rich.console import Console

from monitor.bench.rooms import KINDS, Builder, Hall, measure
from monitor.rooms.ice import allow_loopback
from monitor.telemetry.logs import configure
from tests.helpers.livekit_stage import voice
from tests.helpers.people import tone
from tests.helpers.whep_server import WhepServer, whep_server
from tests.helpers.whip_people import publisher
from tests.peers.livekit.server import KEY, SECRET, LiveKitServer, livekit_server, puppet


def whep_hall(server: WhepServer) -> Builder:
    """Each room is one stream of its own."""

    def build(count: int) -> Hall:
        rooms = [
            {"id": f"r{n}", "kind": "whep", "streams": [{"url": server.whep(f"s{n}"), "speaker": "Ann"}]}
            for n in range(count)
        ]

        @asynccontextmanager
        async def people(_url: str, talking: bool) -> AsyncIterator[None]:
            async with AsyncExitStack() as stack:
                for n in range(count):
                    clips = [tone(400, 0.5)] if talking else []
                    await stack.enter_async_context(publisher(server.whip(f"s{n}"), *clips))
                yield

        return Hall(rooms, people)

    return build


def livekit_hall(server: LiveKitServer) -> Builder:
    def build(count: int) -> Hall:
        opened = {"api_key": "env:BENCH_LIVEKIT_KEY", "api_secret": "env:BENCH_LIVEKIT_SECRET"}
        rooms = [
            {"id": f"r{n}", "kind": "livekit", "address": server.url, "room": f"r{n}", **opened} for n in range(count)
        ]

        @asynccontextmanager
        async def people(_url: str, talking: bool) -> AsyncIterator[None]:
            async with AsyncExitStack() as stack:
                for n in range(count):
                    said = voice("Ann", 400)
                    who = await stack.enter_async_context(puppet(server, "Ann", said, room=f"r{n}"))
                    if not talking:
                        server.room(f"r{n}").mute(who, who.info.tracks[0].sid, True)
                yield

        return Hall(rooms, people)

    return build


def main(count: list[int] = typer.Option([1, 10]), kind: list[str] = typer.Option([]), seconds: float = 8) -> None:  # noqa: B008
    configure("text", level=logging.ERROR)
    os.environ.update(BENCH_LIVEKIT_KEY=KEY, BENCH_LIVEKIT_SECRET=SECRET)
    asyncio.run(_run(count, kind or [*KINDS, "whep", "livekit"], seconds))


async def _run(counts: list[int], kinds: list[str], seconds: float) -> None:
    allow_loopback()
    with socket.socket() as probe, tempfile.TemporaryDirectory() as folder:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        async with whep_server(Path(folder), port) as whep, livekit_server() as livekit:
            more = {"whep": whep_hall(whep), "livekit": livekit_hall(livekit)}
            await measure(kinds, counts, seconds, Console(), more)


if __name__ == "__main__":
    typer.run(main)
