"""STUN and TURN servers: their addresses and credentials. Pure.

RFC 7064 (stun:), RFC 7065 (turn:, turns:). aiortc's own reading of them has no IPv6 addresses.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

URL = re.compile(
    r"(?P<scheme>stun|turn|turns):(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:?/@\s]+)(?::(?P<port>\d{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?"
)
TTL = 86400
"""Seconds for which a credential made of a shared secret is good: it must outlast the request for an allocation, not
the stay; a new one is made at each join."""


@dataclass(frozen=True, slots=True)
class Server:
    """One STUN or TURN server, made by `server`."""

    url: str  # as it was given
    kind: Literal["stun", "turn"]
    host: str  # without brackets
    port: int
    transport: Literal["udp", "tcp", "tls"]
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Ice:
    """How to look for a path."""

    servers: tuple[Server, ...] = ()
    relay_only: bool = False  # nothing but TURN
    ipv6: bool = True

    def adding(self, servers: Iterable[Server]) -> Ice:
        """With servers that a room's own server has named, after ours."""
        return replace(self, servers=(*self.servers, *servers))


NOTHING = Ice()
"""No server is asked: this machine's addresses only."""


def server(url: str, username: str = "", password: str = "") -> Server:
    """Raises ValueError where the address can't be used, with the reason."""
    found = URL.fullmatch(url)
    if found is None:
        raise ValueError(
            f"{url!r} is not stun:HOST, turn:HOST or turns:HOST, with :PORT and, for TURN, ?transport=udp|tcp"
        )
    scheme, secure = found["scheme"], found["scheme"] == "turns"
    if scheme == "stun" and found["transport"]:
        raise ValueError(f"{url!r}: STUN is asked over UDP, and its address has no transport")
    if secure and found["transport"] == "udp":
        raise ValueError(f"{url!r}: TURN over DTLS is not supported; TLS over TCP is (?transport=tcp)")
    port = int(found["port"] or (5349 if secure else 3478))
    if not 0 < port < 65536:
        raise ValueError(f"{url!r}: no such port")
    transport: Literal["udp", "tcp", "tls"] = "tls" if secure else "tcp" if found["transport"] == "tcp" else "udp"
    kind: Literal["stun", "turn"] = "stun" if scheme == "stun" else "turn"
    return Server(url, kind, found["host"].strip("[]"), port, transport, username, password)


def for_a_while(secret: str, name: str, now: float) -> tuple[str, str]:
    """Username and password that a server with this shared secret takes until `now` (wall time) + TTL.

    "A REST API For Access To TURN Services" (draft-uberti-behave-turn-rest): what coturn calls use-auth-secret.
    """
    username = f"{int(now) + TTL}:{name}" if name else str(int(now) + TTL)
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()
