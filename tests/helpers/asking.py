"""A request to a running site, and the JSON that comes back."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen


class Place(Protocol):
    url: str


async def ask(it: Place, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    """Status and answer; None where it is empty."""
    return await asyncio.to_thread(_ask, it.url + path, method, body, headers)


def _ask(url: str, method: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json", **headers}, method=method)
    try:
        with urlopen(request, timeout=30) as response:
            return response.status, _read(response.read())
    except HTTPError as error:
        with error:
            return error.code, _read(error.read())


def _read(text: bytes) -> Any:
    return json.loads(text) if text else None
