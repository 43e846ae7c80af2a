"""uvicorn, embedded: it listens and speaks HTTP; starting, stopping and signals are ours."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Generator
from types import TracebackType
from typing import Self

import uvicorn
from fastapi import FastAPI

from monitor.errors import OperatorError, PortInUse

GRACE = 3
"""Seconds that open requests may take when the server stops."""
MESSAGE = 256 * 1024
"""Bytes of the longest websocket message taken (an SDP offer is about 10 kB); longer ones end with 1009."""
STUCK = 60_000
"""Milliseconds after which the kernel drops a connection whose other end takes no data."""


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, up: asyncio.Event) -> None:
        super().__init__(config)
        self._up = up

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield  # signals belong to app.py

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._up.set()


class Server:
    """`async with serve(app, host, port) as server:`. Listens from entering to leaving."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        self._host = host
        self._up = asyncio.Event()
        self._socket = _listen(host, port)
        self._port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            http="h11",
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws_max_size=MESSAGE,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=GRACE,
        )
        self._uvicorn = _Uvicorn(config, self._up)
        self._tasks = asyncio.TaskGroup()

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        """Where this machine reaches it: http://127.0.0.1:8080."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self._host, self._host)  # noqa: S104
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._tasks.create_task(self._uvicorn.serve([self._socket]), name="web server")
        await self._up.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._uvicorn.should_exit = True
        try:
            # Without the error of the body, which the group would wrap: the server ends by itself within GRACE.
            await self._tasks.__aexit__(None, None, None)
        finally:
            self._socket.close()


def serve(app: FastAPI, host: str, port: int) -> Server:
    """Raises PortInUse, or OperatorError when the address can't be listened on. Port 0 takes a free one."""
    return Server(app, host, port)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise OperatorError(f"can't listen on {host}: {error.strerror}. Change [web] host.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; accepted connections inherit it
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STUCK)
        listener.bind(address)
        listener.listen(128)  # now, so that a taken port is noticed here
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise _explained(error, host, port) from error
    return listener


def _explained(error: OSError, host: str, port: int) -> OperatorError:
    if error.errno == errno.EADDRINUSE:
        return PortInUse(
            f"port {port} of {host} is in use by another program, perhaps by another room-monitor. Stop that one, "
            "or choose another port: [web] port in the configuration, ROOM_MONITOR_WEB__PORT, or 0 for any free one."
        )
    if error.errno == errno.EACCES:
        return OperatorError(f"port {port} needs more rights. Choose one from 1024 on: [web] port.")
    return OperatorError(f"can't listen on {host}, port {port}: {error.strerror}. Change [web] host or port.")
