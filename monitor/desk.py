"""The HTTP API for the command line: that of the running service, or one made for the moment on the same files.

One process writes the database (monitor/store/lock.py). So a command that changes something asks the service where one
runs, and where none does, takes the lock itself and answers its own request without a network: the same code checks,
records and writes either way. docs/decisions/0016-one-door-for-changes.md tells why.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

from fastapi import FastAPI

from monitor import errors
from monitor.access.roles import LOCAL
from monitor.audit.trail import Trail
from monitor.catalog.catalog import Catalog
from monitor.errors import DataInUse, MonitorError, OperatorError, ServiceSilent
from monitor.keywords.library import Library
from monitor.store.lock import owned
from monitor.store.schema import migrate, schema_version
from monitor.store.store import Store
from monitor.web import address
from monitor.web.keyword_evidence import evidence
from monitor.web.keywords import keywords
from monitor.web.refusals import refuse_in_words

PATIENCE = 300.0
"""Seconds without an answer after which the service counts as silent: checking 100,000 phrases takes a while."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes


Send = Callable[[str, str, bytes], Awaitable[Reply]]


class Desk:
    """Asks the API. Raises the MonitorError that the answer tells of."""

    def __init__(self, send: Send) -> None:
        """`send(method, path with query, body)`."""
        self._send = send

    async def get(self, path: str, /, **query: Any) -> Any:
        return await self.ask("GET", path, query=query)

    async def ask(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> Any:
        """The answer's JSON, or its text where it is none. `path` is quoted already."""
        text = (await self.fetch(method, path, body, query)).decode("utf-8", "replace")
        try:
            return json.loads(text)
        except ValueError:
            return text

    async def fetch(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> bytes:
        """The answer as it comes: for what is no JSON."""
        told = {key: value for key, value in (query or {}).items() if value is not None}
        full = f"{path}?{urlencode(told)}" if told else path
        sent = b"" if body is None else json.dumps(body).encode()
        reply = await self._send(method, full, sent)
        if reply.status >= 300:
            text = reply.body.decode("utf-8", "replace")
            try:
                answer = json.loads(text)
            except ValueError:
                answer = text
            raise _error(reply.status, answer)
        return reply.body


def desk(lists: Path, data: Path, url: str | None = None, token: str = "") -> AbstractAsyncContextManager[Desk]:
    """For keyword lists. `lists`, `data`: directories of the settings; `url`: of a service that runs elsewhere."""
    return door(data, url, lambda: _own(lists, data), token)


@asynccontextmanager
async def door(
    data: Path, url: str | None, own: Callable[[], AbstractAsyncContextManager[FastAPI]], token: str = ""
) -> AsyncIterator[Desk]:
    """`own`: makes the API for the moment where no service runs; the data directory is ours alone meanwhile.

    `token`: an API token for a service elsewhere; that of this data directory has a key of its own (web/address.py).
    """
    if url is not None:
        yield Desk(_remote(url, token))
        return
    async with AsyncExitStack() as stack:
        try:
            stack.enter_context(owned(data))
        except DataInUse:
            there = address.found(data)
            if there is None:
                raise ServiceSilent(f"A service works on {data} and can't be asked yet: it starts or stops.") from None
            yield Desk(_remote(there, address.key(data)))
        else:
            yield Desk(_local(await stack.enter_async_context(own())))


@asynccontextmanager
async def _own(lists: Path, data: Path) -> AsyncIterator[FastAPI]:
    database = data / "monitor.db"
    if schema_version(database) is None:
        await asyncio.to_thread(migrate, database)
    library = Library(lists)
    async with Store.open(database, lambda _: None) as store:
        trail = Trail(store, data)
        await trail.begin()
        catalog = Catalog(lists, library, store, trail=trail)
        await catalog.reload()
        app = FastAPI()
        refuse_in_words(app)
        app.include_router(keywords(catalog))
        app.include_router(evidence(catalog))
        yield app


def _remote(url: str, token: str) -> Send:
    opener = build_opener(ProxyHandler({}))  # the service is on this machine or named by hand: never by a proxy

    def send(method: str, path: str, body: bytes) -> Reply:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        headers |= address.authorized(token)
        request = Request(url.rstrip("/") + path, body or None, headers, method=method)  # noqa: S310
        try:
            with opener.open(request, timeout=PATIENCE) as response:
                return Reply(response.status, response.read())
        except HTTPError as error:
            with error:
                return Reply(error.code, error.read())
        except (URLError, TimeoutError, ConnectionError) as error:
            reason = getattr(error, "reason", error)
            raise ServiceSilent(f"The service at {url} doesn't answer: {reason}.") from error

    async def sent(method: str, path: str, body: bytes) -> Reply:
        return await asyncio.to_thread(send, method, path, body)

    return sent


def _local(app: FastAPI) -> Send:
    async def sent(method: str, path: str, body: bytes) -> Reply:
        bare, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(bare),
            "raw_path": bare.encode("ascii"),
            "query_string": query.encode("ascii"),
            "root_path": "",
            "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
            "server": ("localhost", 80),
            "client": None,
            "state": {"person": LOCAL},  # whoever may write the data directory may do all
        }
        status, parts = 500, []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        await app(scope, receive, send)
        return Reply(status, b"".join(parts))

    return sent


def _error(status: int, answer: Any) -> MonitorError:
    detail = answer.get("detail", answer) if isinstance(answer, dict) else answer
    code = answer.get("code", "") if isinstance(answer, dict) else ""
    if isinstance(detail, list):  # parameters that are refused, one by one
        detail = "; ".join(f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in detail)
    kinds = {kind.code: kind for kind in reversed(_all(errors.MonitorError))}  # the highest of those that share a code
    problems = answer.get("problems", []) if isinstance(answer, dict) else []
    more = "".join(
        f"\n  {p['line']}:{p['column']}: {p['reason']}" + (f"; {p['mend']}" if p["mend"] else "") for p in problems[1:]
    )
    return kinds.get(code, OperatorError)(f"{detail or f'answer {status}'}{more}")


def _all(kind: type[MonitorError]) -> list[type[MonitorError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in _all(child))]
