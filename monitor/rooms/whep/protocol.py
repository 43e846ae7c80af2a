"""What a WHEP server's answers mean. Pure.

HTTP statuses are read by what they mean in general, never as the one cause that a specification names (RFC 9725 §4.1):
4xx says that this request makes no sense as it is, 5xx that it may later. Three are read more closely, because servers
use them for a stream that nobody publishes now: 404 and 410 (which can also be a wrong address), and 409.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from monitor.errors import ConnectionLost, Refused, Step
from monitor.rooms.servers import NOTHING, Ice, Server, server

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
LONGEST_WAIT = 300.0
"""Seconds of a Retry-After that are believed."""
SERVERS = 8
"""STUN and TURN servers of one answer that are taken; each costs a request at least."""

_LINK = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s;,\"]+))?)*)")
_PARAMETER = re.compile(r";\s*([\w!#$&+.^`|~*-]+)(?:\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;,\"]+)))?")


@dataclass(frozen=True, slots=True)
class Stream:
    """One endpoint, and who is heard there."""

    url: str
    speaker: str
    token: str = field(default="", repr=False)  # bearer token; empty: none is sent


@dataclass(frozen=True, slots=True)
class Place:
    """What makes up a room, and how to look for a path to its media."""

    streams: tuple[Stream, ...]
    ice: Ice = NOTHING


class Later(ConnectionLost):
    """Not now; and not before so many seconds, where the server says so."""

    def __init__(self, message: str, *, step: Step | None = None, after: float | None = None) -> None:
        super().__init__(message, step=step)
        self.after = after


class NotLive(Later):
    """Nobody publishes the stream now, as far as the server tells."""

    def __init__(self, message: str, *, known: bool, after: float | None = None) -> None:
        """`known`: the server knows the stream (409); with 404 it may as well be a wrong address."""
        super().__init__(message, step=Step.ROOM, after=after)
        self.known = known


def failure(status: int, host: str, text: str = "", after: float | None = None) -> ConnectionLost | Refused:
    """What an answer without a description means. `text`: what the server says of it; `after`: see `retry_after`."""
    said = f"{host} answered {status}" + (f" ({text})" if text else "")
    match status:
        case 401 | 403:
            return Refused(f"{said}: the token is missing, wrong or no longer good", step=Step.PERMISSION)
        case 404 | 410:
            return NotLive(f"{said}: nobody publishes there now, or the address is wrong", known=False, after=after)
        case 409:
            return NotLive(f"{said}: nobody publishes there now", known=True, after=after)
        case 406:
            return Refused(f"{said}: it can't send the stream as Opus", step=Step.MEDIA)
        case 408 | 425 | 429:
            return Later(said, step=Step.SIGNALLING, after=after)
        case _ if 300 <= status < 500:
            return Refused(f"{said}: is it the address of a WHEP endpoint?", step=Step.ROOM)
        case _:
            return Later(said, step=Step.SIGNALLING, after=after)


def retry_after(value: str, now: float) -> float | None:
    """Seconds to wait by a Retry-After header (RFC 9110 §10.2.3): a number, or a date against `now` (wall time)."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), LONGEST_WAIT)
    try:
        seconds = parsedate_to_datetime(value).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, seconds), LONGEST_WAIT)


def media_type(value: str) -> str:
    """A Content-Type without its parameters."""
    return value.partition(";")[0].strip().lower()


def ice_servers(links: Iterable[str]) -> tuple[Server, ...]:
    """The STUN and TURN servers that Link headers name (RFC 9725 §4.6); what can't be used is left out."""
    found: list[Server] = []
    for header in links:
        for target, parameters in _LINK.findall(header):
            named = _parameters(parameters)
            if named.get("rel", "").lower() != "ice-server" or named.get("credential-type", "password") != "password":
                continue
            try:
                found.append(server(target.strip(), named.get("username", ""), named.get("credential", "")))
            except ValueError:
                continue
    return tuple(dict.fromkeys(found))[:SERVERS]


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(text):
        found.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or plain)
    return found


def fragment(offer: str, candidates: Iterable[str]) -> str:
    """The body of a PATCH that adds candidates to an offer of ours with one m-line (RFC 8840 §4.4).

    `candidates` without `candidate:`, as aioice writes them."""
    lines = offer.splitlines()
    media = next(line for line in lines if line.startswith("m="))
    own = [line for line in lines if line.startswith(("a=ice-ufrag:", "a=ice-pwd:"))][:2]
    mid = next(line for line in lines if line.startswith("a=mid:"))
    added = [f"a=candidate:{candidate}" for candidate in candidates]
    return "\r\n".join([*own, f"a=group:BUNDLE {mid[6:]}", media, mid, *added, "a=end-of-candidates", ""])


def mux_only(offer: str) -> str:
    """The offer with `rtcp-mux-only` (RFC 8858 §3), which WHEP asks for and aiortc doesn't write."""
    return offer.replace("a=rtcp-mux\r\n", "a=rtcp-mux\r\na=rtcp-mux-only\r\n")
