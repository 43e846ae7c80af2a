"""The reference of the HTTP API has every request that the service answers."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.helpers.whole import whole_service

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"


async def test_each_request_that_the_service_answers_is_in_the_reference(tmp_path: Path) -> None:
    async with whole_service(tmp_path) as whole, httpx.AsyncClient(base_url=whole.url) as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
    text = REFERENCE.read_text("utf-8")
    asked = [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]
    assert len(asked) > 50
    assert [one for one in asked if f"`{one}`" not in text] == []
