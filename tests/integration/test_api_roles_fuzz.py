"""Whatever anybody sends, nothing falls over and nobody gets beyond their role.

FUZZ_EXAMPLES=50 sends more, and each request by all roles; without it each is sent by nobody and by two roles in turn
(test_api_roles.py tries all of them on every route).
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from monitor.access.roles import PERMISSIONS, Permission, Role
from tests.helpers.staff import STAFF
from tests.helpers.whole import Whole, whole_service

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
"""Requests of a kind for each operation; 0: one, and not by all roles."""
GENERATED = settings(
    max_examples=EXAMPLES or 1,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
OWN_REFUSALS = frozenset({"POST /api/login", "POST /api/me/password"})
"""Whose 401 says that a password was wrong."""
SELF_ENDING = frozenset({"DELETE /api/me/tokens/{token}", "DELETE /api/users/{name}/tokens/{token}"})
"""May hit the token that it is asked with, so these come last."""
FRAMES = 120


def fuzz(url: str, tokens: Mapping[Role, str]) -> tuple[Counter[int], list[str]]:
    """How often each status came, and what was wrong."""
    answers: Counter[int] = Counter()
    wrong: list[str] = []
    callers: dict[Role | None, dict[str, str]] = {None: {}}
    callers |= {role: {"Authorization": f"Bearer {tokens[role]}"} for role in STAFF}
    turns = itertools.cycle(itertools.combinations(STAFF, 2))

    def ask(case: schemathesis.Case) -> None:
        label = case.operation.label
        permission = Permission(case.operation.definition.raw["x-permission"])
        for role in (None, *(STAFF if EXAMPLES else next(turns))):
            status = case.call(headers=callers[role], timeout=30).status_code
            answers[status] += 1
            may = permission is Permission.PUBLIC or (role is not None and permission in PERMISSIONS[role])
            if status >= 500 and (label, status) != ("GET /healthz", 503):
                wrong.append(f"{role}: {label}: {status}")
            if not may and status != (403 if role else 401) and not malformed(status):
                wrong.append(f"{role}: {label} asks for {permission}, and answers {status}")
            if may and status in (401, 403) and label not in OWN_REFUSALS | SELF_ENDING:
                wrong.append(f"{role}: {label} is refused: {status}")

    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", timeout=120)
    operations = [result.ok() for result in schema.get_all_operations()]
    for operation in sorted(operations, key=lambda one: one.label in SELF_ENDING):
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            with suppress(Unsatisfiable):  # one without parameters can't be asked wrongly
                GENERATED(given(case=operation.as_strategy(generation_mode=mode))(ask))()
    return answers, wrong


def malformed(status: int) -> bool:
    """No such address (a path that no route takes), no such method, no JSON, or too long: whoever asks."""
    return status in (400, 404, 405, 413, 422)


@pytest.mark.filterwarnings("default")  # what its libraries deprecate is no affair of ours
async def test_whatever_each_role_sends_nothing_breaks_and_nobody_gets_further(tmp_path: Path) -> None:
    async with whole_service(tmp_path) as it:
        answers, wrong = await asyncio.to_thread(fuzz, it.url, it.tokens)
        assert wrong == []
        assert answers[200] > 50
        assert answers[401] > 100
        assert answers[403] > 50


async def test_a_fuzzed_websocket_takes_nothing_down(tmp_path: Path) -> None:
    chance = random.Random(7)
    async with whole_service(tmp_path) as it:
        for n in range(FRAMES):
            if n % 4 == 0:
                await garbage(it, chance)
            else:
                await frames(it, chance, "/feed" if n % 2 else "/rooms/lobby/ws")
        url = it.url.replace("http", "ws", 1)
        async with connect(f"{url}/feed", additional_headers=shown(it), proxy=None) as feed:
            assert '"type":"hello"' in str(await asyncio.wait_for(feed.recv(), 20))
        async with httpx.AsyncClient(base_url=it.url, trust_env=False, headers=shown(it)) as client:
            (room,) = (await client.get("/api/rooms")).json()["rooms"]
            assert room["state"] == "live"  # the monitor itself is still in the room


def shown(it: Whole) -> dict[str, str]:
    return {"Authorization": f"Bearer {it.tokens[Role.VIEWER]}"}


async def frames(it: Whole, chance: random.Random, path: str) -> None:
    """A client that says what no client says."""
    url = it.url.replace("http", "ws", 1)
    query = chance.choice(["", "?after=0", "?after=-1", "?after=%00", f"?after={'9' * 400}", "?after=1&after=2"])
    headers: dict[str, Any] = shown(it) if chance.random() < 0.9 else {}
    with suppress(WebSocketException, OSError, TimeoutError):
        async with asyncio.timeout(5), connect(url + path + query, additional_headers=headers, proxy=None) as socket:
            for _ in range(chance.randrange(1, 6)):
                await socket.send(message(chance))
            if chance.random() < 0.5:
                socket.transport.abort()


def message(chance: random.Random) -> str | bytes:
    kinds = ("join", "offer", "answer", "mute", "signal", "leave", "", None, 7)
    return chance.choice(
        [
            lambda: chance.randbytes(chance.randrange(0, 2000)),
            lambda: "".join(chr(chance.randrange(1, 0xD7FF)) for _ in range(chance.randrange(300))),
            lambda: "[" * 100_000,
            lambda: "x" * 300_000,  # longer than any message may be
            lambda: f'{{"type":"{chance.choice(kinds)}","name":null,"sdp":"v=0\\r\\n{"a=x" * 50}","token":[]}}',
            lambda: f'{{"type":"join","name":"{"n" * chance.randrange(200)}"}}',
            lambda: '{"type":"join","name":"\\ud800"}',
            lambda: "null",
        ]
    )()


async def garbage(it: Whole, chance: random.Random) -> None:
    """Bytes that are no websocket's, after a handshake that is one's, or instead of it."""
    parts = urlsplit(it.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = (
        f"GET /{chance.choice(['feed', 'rooms/lobby/ws', 'rooms/%ff/ws'])} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: Bearer {it.tokens[Role.VIEWER]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {chance.choice(['dGhlIHNhbXBsZSBub25jZQ==', 'no', ''])}\r\n"
        f"Sec-WebSocket-Version: {chance.choice(['13', '8', 'x'])}\r\n\r\n"
    )
    with suppress(OSError, TimeoutError):
        writer.write(head.encode() if chance.random() < 0.8 else chance.randbytes(200))
        writer.write(chance.randbytes(chance.randrange(2000)))
        await writer.drain()
        async with asyncio.timeout(0.2):
            await reader.read(2000)
    writer.transport.abort()
