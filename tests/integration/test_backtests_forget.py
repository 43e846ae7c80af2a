"""What was erased isn't quoted by backtests that are over, nor by one that has read it already."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx

from monitor.access.roles import Role
from tests.helpers.storing import transcript
from tests.helpers.whole import whole_service

TRIALS = "/api/keywords/backtests"


async def tried(client: httpx.AsyncClient) -> dict[str, Any]:
    trial: dict[str, Any] = (await client.post(TRIALS, json={"name": "test-en", "since": 0})).json()
    async with asyncio.timeout(60):
        while trial["state"] == "running":
            await asyncio.sleep(0.05)
            trial = (await client.get(f"{TRIALS}/{trial['id']}")).json()
    return trial


async def test_a_backtest_quotes_nothing_that_was_erased(tmp_path: Path) -> None:
    async with whole_service(tmp_path) as whole, httpx.AsyncClient(base_url=whole.url) as client:
        client.headers["Authorization"] = f"Bearer {whole.tokens[Role.ADMIN]}"
        for utterance, room in (("u1", "lobby"), ("u2", "annex")):
            said = transcript(utterance, room_id=room, track=f"t-{room}")
            await whole.house.store.add_heard(said, said.words)  # "free money"
        trial = await tried(client)
        assert {one["room"] for one in trial["report"]["examples"]} == {"lobby", "annex"}
        about = {"kind": "room", "subject": "annex", "reason": "asked"}
        assert (await client.post("/api/erasures", json=about)).status_code == 201
        report = (await client.get(f"{TRIALS}/{trial['id']}")).json()["report"]
        assert [one["room"] for one in report["examples"]] == ["lobby"]
        assert report["gained"] == trial["report"]["gained"], "the counts name nobody and stay"
