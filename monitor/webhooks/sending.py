"""Handing a message over: signed JSON by POST, or a notice through Apprise. One try; the outbox tries again.

Where signed messages may go: https to addresses of the public internet, unless the webhook is marked `private`. The
name is resolved here, each of its addresses is looked at, and the connection goes to one that was looked at: a name
that changes its mind in between (DNS rebinding) gains nothing. Redirects are not followed, proxies of the environment
are not used, and of the answer nothing but the status counts.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import quote, urlsplit, urlunsplit

import apprise
import httpx

from monitor.errors import ConfigInvalid
from monitor.webhooks.signing import headers

TIMEOUT = 15.0
"""Seconds for one try."""
Tone = Literal["info", "warning", "failure", "success"]


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one webhook."""

    id: str  # the same through all tries
    at: float  # wall time of this try
    body: bytes  # JSON
    title: str  # for notices; plain text
    text: str
    tone: Tone
    about: str  # what it is about, the same for all messages about it: services join them


class Undelivered(Exception):
    """It was not taken. `final`: no use in trying again."""

    def __init__(self, reason: str, *, after: float = 0.0, final: bool = False) -> None:
        super().__init__(reason)
        self.after = after  # seconds that the server asks to wait
        self.final = final


class Way(Protocol):
    """How a webhook's messages are handed over."""

    async def send(self, letter: Letter) -> None:
        """Raises Undelivered."""
        ...


class Signed:
    """JSON by POST, signed. `secret` is read for each try: a file that was changed counts at once."""

    def __init__(self, url: str, secret: Callable[[], str], private: bool = False) -> None:
        self._url = url
        self._secret = secret
        self._private = private

    async def send(self, letter: Letter) -> None:
        """Raises Undelivered."""
        try:
            signed = headers(self._secret(), letter.id, letter.at, letter.body)
            url, host = await self._checked()
            async with (
                asyncio.timeout(TIMEOUT),
                httpx.AsyncClient(trust_env=False, timeout=TIMEOUT) as client,
                client.stream(
                    "POST",
                    url,
                    content=letter.body,
                    headers=signed | {"Host": host, "Content-Type": "application/json", "User-Agent": "room-monitor"},
                    extensions={"sni_hostname": urlsplit(self._url).hostname},
                ) as answer,
            ):
                _judge(answer)
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            raise Undelivered(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from error
        except (ConfigInvalid, ValueError) as error:
            raise Undelivered(str(error)) from error

    async def _checked(self) -> tuple[str, str]:
        """The address with the host as a number, and the Host header. Raises Undelivered, OSError."""
        parts = urlsplit(self._url)
        name = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme != "https" and not self._private:
            raise Undelivered("only https is accepted; `private = true` allows http")
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]) for one in found]
        if not self._private and (inside := [address for address in addresses if not _public(address)]):
            what = f"{name} is {inside[0]}, an address inside a network; `private = true` allows it"
            raise Undelivered(what)
        number = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
        return urlunsplit((parts.scheme, f"{number}:{port}", parts.path or "/", parts.query, "")), parts.netloc


class Notice:
    """A notice through Apprise, which knows the forms of Slack, PagerDuty and others. `address` is read each time."""

    def __init__(self, address: Callable[[], str]) -> None:
        self._address = address

    async def send(self, letter: Letter) -> None:
        """Raises Undelivered."""
        try:
            address = self._address()
        except ConfigInvalid as error:
            raise Undelivered(str(error)) from error
        if address.startswith("pagerduty://"):  # messages about one thing are one incident there, and end it
            address += ("&" if "?" in address else "?") + f"dedup={quote(letter.about, safe='')}&action=map"
        service = apprise.Apprise.instantiate(address, suppress_exceptions=True)
        if not isinstance(service, apprise.NotifyBase):
            raise Undelivered("its address is none that Apprise understands")
        try:
            async with asyncio.timeout(TIMEOUT * 2):
                taken = await asyncio.to_thread(
                    service.notify, body=letter.text, title=letter.title, notify_type=apprise.NotifyType(letter.tone)
                )
        except (TimeoutError, OSError, TypeError, ValueError) as error:
            raise Undelivered(f"{type(error).__name__}: {error}") from error
        if not taken:
            raise Undelivered(f"{service.service_name} did not take it")


def _judge(answer: httpx.Response) -> None:
    if 200 <= answer.status_code < 300:
        return
    asked = answer.headers.get("Retry-After", "")
    after = float(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else 0.0
    what = f"it answered {answer.status_code}" + (", a redirect, which is not followed" if answer.is_redirect else "")
    raise Undelivered(what, after=after, final=answer.status_code == httpx.codes.GONE)


def _public(address: str) -> bool:
    number = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(number, "ipv4_mapped", None)
    return (mapped or number).is_global and not number.is_multicast
