"""uvicorn, embedded: it listens and speaks HTTP; starting, stopping and signals are ours."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
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
UNSENT = 128 * 1024
"""Bytes that the kernel keeps of what a client hasn't taken (Linux doubles it). By itself it would keep megabytes: a
dashboard that stalls would be minutes behind before anybody noticed."""


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


@dataclass(frozen=True, slots=True)
class Door:
    """How the server is reached, beside its address."""

    cert: Path | None = None  # TLS: certificate and chain; None: plain HTTP
    key: Path | None = None  # None: in the same file
    proxies: tuple[str, ...] = ()  # addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed


class Server:
    """`async with serve(app, host, port) as server:`. Listens from entering to leaving.

    With TLS there is a second, plain listener on loopback for this machine's own use (its rooms, its commands): the
    certificate is for the name that others use.
    """

    def __init__(self, app: FastAPI, host: str, port: int, door: Door) -> None:
        self._host = host
        self._tls = door.cert is not None
        self._sockets = [_listen(host, port)]
        if self._tls:
            self._sockets.append(_listen("127.0.0.1", 0))
        self._ups = [asyncio.Event() for _ in self._sockets]
        with contextlib.ExitStack() as undo:
            undo.callback(self._close)  # where the certificate can't be used
            self._servers = [_Uvicorn(_config(app, door if n == 0 else Door()), up) for n, up in enumerate(self._ups)]
            undo.pop_all()
        self._port: int = self._sockets[0].getsockname()[1]
        self._tasks = asyncio.TaskGroup()

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        """Where it is reached: http://127.0.0.1:8080, or https://…"""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self._host, self._host)  # noqa: S104
        scheme = "https" if self._tls else "http"
        return f"{scheme}://[{host}]:{self._port}" if ":" in host else f"{scheme}://{host}:{self._port}"

    @property
    def own_url(self) -> str:
        """Where this machine reaches it, without TLS."""
        return f"http://127.0.0.1:{self._sockets[1].getsockname()[1]}" if self._tls else self.url

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        for server, listener in zip(self._servers, self._sockets, strict=True):
            self._tasks.create_task(server.serve([listener]), name="web server")
        for up in self._ups:
            await up.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.should_exit = True
        try:
            # Without the error of the body, which the group would wrap: the server ends by itself within GRACE.
            await self._tasks.__aexit__(None, None, None)
        finally:
            self._close()

    def _close(self) -> None:
        for listener in self._sockets:
            listener.close()


def serve(app: FastAPI, host: str, port: int, door: Door | None = None) -> Server:
    """Raises PortInUse, or OperatorError when the address can't be listened on. Port 0 takes a free one."""
    return Server(app, host, port, door or Door())


def _config(app: FastAPI, door: Door) -> uvicorn.Config:
    """Raises OperatorError for a certificate that can't be used."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(door.proxies),
        forwarded_allow_ips=list(door.proxies),
        ws_max_size=MESSAGE,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=door.cert,
        ssl_keyfile=door.key,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise OperatorError(f"[web] tls_cert and tls_key can't be used ({door.cert}): {error}") from error
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return config


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
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNSENT)  # accepted connections inherit it, too
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
