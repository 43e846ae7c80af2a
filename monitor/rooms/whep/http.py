"""The HTTP side of one WHEP stream: begin a session, add candidates, end it.

The bearer token goes wherever the endpoint sends us, to another host as well: it has the token already, and balancing
by redirects is what the specification describes. It never goes from https to http.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from monitor import __version__
from monitor.errors import ConnectionLost, Refused, Step
from monitor.rooms import progress
from monitor.rooms.servers import Server
from monitor.rooms.whep.protocol import FRAGMENT, SDP, Stream, failure, ice_servers, media_type, retry_after
from monitor.rooms.whole import whole

ANSWER_SECONDS = 10.0
"""In which a server must have answered."""
CONNECT_SECONDS = 5.0
LEAVE_SECONDS = 2.0
"""In which a server must have taken our leaving; after that it has to notice by itself."""
CANCELLED_SECONDS = 1.0
"""For which a join that is cancelled waits for the answer on its way, to end the session that it has just begun."""
LIMIT = 1 << 18
"""Bytes of an answer."""
REDIRECTS = 5
SAID = 200
"""Characters of what a server says of an error."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that the server has begun."""

    url: str  # of the session; empty: the server has named none
    etag: str  # of its ICE session; empty: none
    sdp: str
    countered: bool = False  # `sdp` is an offer of the server's that wants an answer, instead of an answer
    servers: tuple[Server, ...] = ()


def client() -> httpx.AsyncClient:
    """For all streams of one visit. Close it."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,  # httpx makes a GET of a redirected POST
        trust_env=False,  # media goes straight to the server: signalling through somebody else's proxy is no help
        headers={"User-Agent": f"RoomMonitor/{__version__}", "Accept-Encoding": "identity"},
    )


class Door:
    """One stream's endpoint."""

    def __init__(self, http: httpx.AsyncClient, stream: Callable[[], Stream]) -> None:
        """`stream` is asked at each request, so that a renewed token counts; it may raise Refused."""
        self._http = http
        self._stream = stream

    async def open(self, offer: str) -> Opened:
        """Begin a session. Raises NotLive, Later, ConnectionLost, Refused. Cancelled, it leaves no session behind."""
        opening = asyncio.get_running_loop().create_task(self._open(offer))  # its parent is this call
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            await whole(self._undo(opening))
            raise

    async def add(self, opened: Opened, fragment: str) -> bool:
        """Tell the server of more candidates; whether it took them. Raises nothing."""
        try:
            status, _, _ = await self._ask("PATCH", opened.url, fragment, FRAGMENT, {"If-Match": opened.etag or "*"})
        except (ConnectionLost, Refused):
            return False
        return 200 <= status < 300

    async def answer(self, opened: Opened, sdp: str) -> None:
        """Answer the server's own offer. Raises ConnectionLost, Refused."""
        status, _, text = await self._ask("PATCH", opened.url, sdp, SDP)
        if not 200 <= status < 300:
            raise failure(status, _host(opened.url), text[:SAID])

    async def close(self, opened: Opened, seconds: float = LEAVE_SECONDS) -> None:
        """End the session, if the server lets us. Raises nothing."""
        if not opened.url:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._ask("DELETE", opened.url)
        except (ConnectionLost, Refused, TimeoutError):
            return

    async def _undo(self, opening: asyncio.Task[Opened]) -> None:
        await asyncio.wait([opening], timeout=CANCELLED_SECONDS)
        opening.cancel()
        await asyncio.wait([opening])
        if not opening.cancelled() and opening.exception() is None:
            await self.close(opening.result())

    async def _open(self, offer: str) -> Opened:
        first = url = self._stream().url
        for _ in range(REDIRECTS + 1):
            status, headers, text = await self._ask("POST", url, offer, SDP)
            progress.reached(Step.SIGNALLING, _host(url))
            if status not in (301, 302, 307, 308) or "location" not in headers:
                return await self._opened(url, status, headers, text)
            url = self._elsewhere(url, headers["location"])
        raise Refused(f"{_host(first)} sends us on again and again", step=Step.SIGNALLING)

    async def _opened(self, url: str, status: int, headers: httpx.Headers, text: str) -> Opened:
        made = 200 <= status < 300
        kind = media_type(headers.get("content-type", ""))
        location = headers.get("location", "")
        session = self._elsewhere(url, location) if location and (made or status == 406) else ""
        opened = Opened(session, headers.get("etag", ""), text, status == 406, ice_servers(headers.get_list("link")))
        if kind == SDP and text and (made or (status == 406 and session)):
            return opened
        if made:
            await self.close(opened)
            what = kind or "an answer of no type"
            raise Refused(f"{_host(url)} answered with {what} and not {SDP}: is it a WHEP endpoint?", step=Step.ROOM)
        plain = text[:SAID].strip() if kind in ("text/plain", "application/json", "application/problem+json") else ""
        raise failure(status, _host(url), plain, retry_after(headers.get("retry-after", ""), time.time()))

    def _elsewhere(self, url: str, location: str) -> str:
        """A Location, absolute. Raises Refused where it can't be followed."""
        try:
            there = httpx.URL(url).join(location)
        except (httpx.InvalidURL, ValueError) as error:
            raise Refused(f"{_host(url)} sends us to an address that is none", step=Step.SIGNALLING) from error
        if there.scheme not in ("http", "https") or not there.host:
            raise Refused(f"{_host(url)} sends us to an address that is none of HTTP's", step=Step.SIGNALLING)
        if there.scheme == "http" and httpx.URL(url).scheme == "https":
            raise Refused(f"{_host(url)} sends us from https to http: not followed", step=Step.SIGNALLING)
        return str(there)

    async def _ask(
        self, method: str, url: str, body: str = "", kind: str = "", more: Mapping[str, str] | None = None
    ) -> tuple[int, httpx.Headers, str]:
        """Status, headers and text of the answer. Raises ConnectionLost where none comes, Refused for no address."""
        headers = {**(more or {}), **({"Content-Type": kind, "Accept": SDP} if kind else {})}
        if token := self._stream().token:
            headers["Authorization"] = f"Bearer {token}"
        host = _host(url)
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                self._http.stream(method, url, content=body.encode() or None, headers=headers) as answer,
            ):
                return answer.status_code, answer.headers, await _text(answer)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError) as error:
            raise Refused(f"{host} can't be asked: {error}", step=Step.SIGNALLING) from error
        except (httpx.TimeoutException, TimeoutError) as error:
            raise ConnectionLost(f"{host} does not answer", step=Step.SIGNALLING) from error
        except (httpx.HTTPError, OSError) as error:
            raise ConnectionLost(f"{host} can't be reached: {error}", step=Step.SIGNALLING) from error


async def _text(answer: httpx.Response) -> str:
    """Raises ConnectionLost for one without end."""
    size, pieces = 0, []
    async for piece in answer.aiter_raw():
        size += len(piece)
        if size > LIMIT:
            raise ConnectionLost("the server's answer is too long for a description", step=Step.SIGNALLING)
        pieces.append(piece)
    return b"".join(pieces).decode("utf-8", "replace")


def _host(url: str) -> str:
    """For messages: scheme, host and port. Paths and queries can be secrets."""
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL:
        return "the address"
    return f"{found.scheme}://{found.netloc.decode('ascii', 'replace').rpartition('@')[2]}"
