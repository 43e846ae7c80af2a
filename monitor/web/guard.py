"""What a browser may do here: who may ask, from which page, and what a page of ours may load.

- Host check on loopback: a foreign page can point its own name at 127.0.0.1 (DNS rebinding) and would then be "same
  origin". Its requests carry its own name in Host, which no honest request to a loopback address does.
- Origin check on websockets and on whatever writes (POST, PUT, DELETE ...): browsers let any page send these anywhere,
  cookies or not. Programs send no Origin.
- The size of what is sent is bounded. Who asks is found by the doorman (doorman.py), behind this.
"""

from __future__ import annotations

import ipaddress
from typing import Self
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.access.roles import NOBODY

POLICY = "; ".join(
    [
        "default-src 'self'",
        "connect-src 'self' ws: wss:",  # some browsers don't count websockets as 'self'; the Origin check is ours
        "media-src 'self' blob:",
        "img-src 'self' data: blob:",
        "style-src 'self' 'unsafe-inline'",  # the waveform sets styles in its shadow root
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}
STRICT = "max-age=31536000"
"""Whoever came over TLS once never comes without it again."""
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST = 20 * 1024 * 1024
"""Bytes of the longest request body: a keyword list of 16 MiB as a JSON text. Longer ones are answered with 413."""
LONGEST_UNKNOWN = 256 * 1024
"""The same of somebody who has not signed in."""


class Refusal(Exception):
    """Why a request goes no further, in words for whoever sent it."""


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, allowed_hosts: tuple[str, ...] = ()) -> None:
        self._app = app
        self._hosts = _LOCAL | {host.lower() for host in allowed_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif reason := self._refusal(scope):
            await refuse(scope, send, reason)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send, secure=scope.get("scheme") == "https"))

    def _refusal(self, scope: Scope) -> str:
        """Why not; empty: welcome."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _loopback(scope) and name_of(f"//{host}") not in self._hosts:
            return (
                f"This address serves {', '.join(sorted(self._hosts))} only, not the Host {host!r}. "
                "Behind a proxy, let it send one of these."
            )
        origin = headers.get("origin")
        if origin is None or _same(origin, host):
            return ""
        if scope["type"] == "websocket":
            return f"Websockets are open to pages of this server only, not to those of {origin}."
        if scope["method"] not in _READING:
            return f"Changes are open to pages of this server only, not to those of {origin}."
        return ""


class Sizes:
    """ASGI middleware behind the doorman: whoever is unknown may only send what signing in needs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        known = scope.get("state", {}).get("person", NOBODY).known
        longest = LONGEST if known else LONGEST_UNKNOWN
        if (body := await _Body.read(scope, receive, longest)) is None:
            await refuse(scope, send, f"A request may hold {longest} bytes at most.", 413)
        else:
            await self._app(scope, body.receive, send)


class _Body:
    """The body of a request, read whole before it is worked on, so that its size is known."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    @classmethod
    async def read(cls, scope: Scope, receive: Receive, longest: int) -> Self | None:
        """None: longer than that."""
        if scope["method"] in _READING:
            return cls(b"", receive)
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] != "http.request":  # it went away: what came of it can't be used
                break
            size += len(message.get("body", b""))
            if size > longest:
                return None
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        return cls(b"".join(parts), receive)

    async def receive(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


def _loopback(scope: Scope) -> bool:
    server = scope.get("server")
    if not server:
        return False
    try:
        return ipaddress.ip_address(server[0]).is_loopback
    except ValueError:
        return False


def name_of(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _same(origin: str, host: str) -> bool:
    """Browsers leave out the default port in both, so the text can be compared."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _with_headers(send: Send, *, secure: bool) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if secure:
                headers.setdefault("Strict-Transport-Security", STRICT)
        await send(message)

    return wrapped


async def refuse(scope: Scope, send: Send, reason: str, status: int = 403) -> None:
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": reason.encode()})
