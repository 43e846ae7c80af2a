"""Who asks: put on each request and websocket before a route sees it, as `state.person`.

In this order: an API token (`Authorization: Bearer …`), the session's cookie, and where nobody has an account and the
service is reached from its own machine alone, LOCAL. Anybody else is NOBODY, who may do what is public.
"""

from __future__ import annotations

import ipaddress

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.access.book import Book
from monitor.access.roles import LOCAL, NOBODY, Person
from monitor.web.guard import Refusal, name_of, refuse

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
COOKIE = "room-monitor"
SECURE_COOKIE = "__Host-room-monitor"
"""Over TLS: browsers take a cookie of such a name only from the host itself, with Secure, for all its addresses."""
OWN_PAGE = "x-room-monitor"
"""A header that no page of another server can send: one way to show that a change comes from a page of ours."""
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class Doorman:
    """ASGI middleware, within the Guard."""

    def __init__(self, app: ASGIApp, access: Book | None = None) -> None:
        """`access` None: there are no accounts at all."""
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            person, lease = self._find(HTTPConnection(scope))
        except Refusal as refusal:
            await refuse(scope, send, str(refusal))
            return
        state = scope.setdefault("state", {})
        state["person"], state["lease"] = person, lease
        await self._app(scope, receive, send)

    def _find(self, connection: HTTPConnection) -> tuple[Person, str]:
        """And the key of the lease (access/leases.py). Raises Refusal for a change that another page may have sent."""
        access = self._access
        if access is not None:
            kind, _, token = connection.headers.get("authorization", "").partition(" ")
            if kind.lower() == "bearer":
                return access.by_token(token.strip()) or (NOBODY, "")
            cookie = cookie_of(connection)
            if cookie and (found := access.by_cookie(cookie)) is not None:
                _from_own_page(connection.scope, connection.headers)
                return found
            if access.needed:
                return NOBODY, ""
        return (LOCAL, "") if at_this_machine(connection) else (NOBODY, "")


def cookie_of(connection: HTTPConnection) -> str:
    return connection.cookies.get(SECURE_COOKIE) or connection.cookies.get(COOKIE) or ""


def at_this_machine(connection: HTTPConnection) -> bool:
    """Whether it came over loopback, under a loopback name, and through no proxy (which may serve everybody)."""
    scope, headers = connection.scope, connection.headers
    ends = (scope.get("server"), scope.get("client"))
    return (
        all(end and _loopback(end[0]) for end in ends)
        and name_of(f"//{headers.get('host', '')}") in LOOPBACK
        and not any(header in headers for header in _PROXIED)
    )


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _from_own_page(scope: Scope, headers: Headers) -> None:
    """A change with a cookie must show that a page of ours asks. Raises Refusal.

    The cookie is SameSite=Strict, and the guard has refused a foreign Origin already. This is for what sends no Origin:
    every browser of today sends one with a change, so that what sends none is no browser of today, and no program that
    needs a cookie.
    """
    if scope["type"] == "websocket":
        shown = "origin" in headers or OWN_PAGE in headers
    else:
        shown = scope["method"] in _READING or "origin" in headers or OWN_PAGE in headers
    if not shown:
        raise Refusal("With a cookie, this is open to pages of this server only. Programs send a token instead.")
