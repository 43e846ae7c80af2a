"""A page for the browser, served for real: Chromium takes an answer made up by Playwright for one from the public
network, and lets such a page into no local one. And the packages from npm that pages load, fetched once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import platformdirs
import pytest

from monitor.web.build_console import ConsoleBuildError, npm
from tests.helpers.once import one_at_a_time


def package(name: str) -> Path:
    """The `node_modules` that has this package (name@version). Skips where it can't be had."""
    folder = Path(platformdirs.user_cache_dir("room-monitor")) / "tests" / name
    with one_at_a_time("npm"):
        if not (folder / "node_modules" / name.split("@")[0]).is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            try:
                npm(folder, "install", "--ignore-scripts", "--no-save", name)
            except ConsoleBuildError as error:
                pytest.skip(f"npm can't fetch {name}: {error}")
    return folder / "node_modules"


@asynccontextmanager
async def serving(files: Mapping[str, tuple[str, str]]) -> AsyncIterator[str]:
    """The address under which the files (path → type and text) are served until the block ends."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        kind, text = files.get(path, ("text/plain", ""))
        body = text.encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
