"""A text connection to one client, seen from a room: what the web server gives and a room server takes.

Below the layers, because the web server and the rooms may not import each other.
"""

from __future__ import annotations

from typing import Protocol


class WireClosed(Exception):
    """The other side is gone, or the service stops. Raised by `send` and `receive`, never by `close`."""


class Wire(Protocol):
    """One websocket. `send` may be called by several tasks, `receive` by one."""

    async def send(self, text: str) -> None:
        """Send one text message, waiting while the client doesn't read. Raises WireClosed."""
        ...

    async def receive(self) -> str:
        """The next text message. Raises WireClosed."""
        ...

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """End the connection. Closing twice is allowed. `reason` is at most 123 bytes of UTF-8 (RFC 6455)."""
        ...
