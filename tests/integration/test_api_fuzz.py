"""Whatever is sent to the HTTP API, it doesn't fall over, and answers as its OpenAPI document says."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from monitor.model import NearMiss
from tests.helpers.keyword_site import keyword_site
from tests.helpers.site import Site
from tests.helpers.storing import alert, hit, transcript

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 3
"""Requests of a kind for each operation: good ones, ones that break the schema, and good ones about what is there."""


async def furnish(it: Site) -> None:
    """Something to find: an alert, hits, a near miss, an utterance."""
    one = replace(hit(), list_name="scams-en")
    await it.store.add_alert(alert("a1", hits=(one,)))
    await it.store.add_hits([one, one], transcript("u1"), ["a1", ""])
    heard = transcript("u1")
    await it.store.add_heard(heard, heard.words)
    miss = NearMiss("scams-en", "1", "gift card", "gift guard", "a", "now", 0.0, 1.0, 0.78, 0.85, "sounds alike")
    await it.store.add_near_misses([miss], transcript("u1"))


# With ids of the furniture, or most requests would end at "there is no such thing".
KNOWN = {"name": "scams-en", "alert": "a1", "room": "lobby", "number": 1, "hit": 1}
GENERATED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def fuzz(url: str) -> tuple[Counter[str], Counter[int]]:
    """How often each operation was tried, and each status came. Raises what schemathesis finds wrong."""
    tried: Counter[str] = Counter()
    answers: Counter[int] = Counter()

    def ask(case: schemathesis.Case) -> None:
        tried[case.operation.label] += 1
        answers[case.call_and_validate(checks=CHECKS, timeout=20).status_code] += 1

    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    for operation in operations:
        GENERATED(given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))(ask))()
    for operation in operations:
        names = {parameter.name for parameter in operation.path_parameters}
        known = {name: value for name, value in KNOWN.items() if name in names}
        if known.keys() == names != set():
            GENERATED(given(case=operation.as_strategy(path_parameters=known))(ask))()
    for operation in operations:
        with suppress(Unsatisfiable):  # one without parameters can't be asked wrongly
            GENERATED(given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))(ask))()
    return tried, answers


@pytest.mark.filterwarnings("default")  # what its libraries deprecate is no affair of ours
async def test_whatever_is_sent_the_answer_is_as_promised(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as it:
        await furnish(it)
        tried, answers = await asyncio.to_thread(fuzz, it.url)
        asked = {"PUT /api/keywords/lists/{name}", "POST /api/alerts/{alert}/verdict", "GET /api/alerts"}
        assert asked | {"POST /api/rooms", "DELETE /api/rooms/{room}"} <= tried.keys()
        assert answers[200] > 50
        assert answers[404] > 10
        assert answers[422] > 20
        assert not [status for status in answers if status >= 500]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/keywords/test", b'{"text": "\\ud800"}'),  # half of a character
        ("POST", "/api/keywords/test", b'{"text": "\\u0000 \\u202e"}'),
        ("POST", "/api/keywords/test", b"\xff\xfe"),
        ("POST", "/api/keywords/lint", b'{"content": "\\ud800"}'),
        ("POST", "/api/alerts/a1/verdict", b'{"verdict": "right", "who": "\\ud800"}'),
        ("PUT", "/api/keywords/lists/scams-en", b'{"content": "\\ud800", "who": "a", "why": "b"}'),
        ("GET", "/api/alerts?before=99999999999999999999999", None),
        ("GET", "/api/keywords/hits?before=99999999999999999999999", None),
        ("GET", "/api/keywords/hits?rule=%ED%A0%80", None),
        ("POST", "/api/keywords/hits/99999999999999999999/verdict", b'{"verdict": "right", "who": "a"}'),
        ("POST", "/api/rooms", b'{"id": "a", "name": "\\ud800"}'),
        ("POST", "/api/rooms", b'["a"]'),
        ("POST", "/api/keywords/backtests", b'{"name": "scams-en", "since": 1e400}'),
    ],
)
async def test_what_broke_other_services_is_refused(tmp_path: Path, method: str, path: str, body: bytes | None) -> None:
    async with keyword_site(tmp_path) as it:
        await furnish(it)
        request = Request(it.url + path, body, {"Content-Type": "application/json"}, method=method)
        assert await asyncio.to_thread(status, request) in (200, 400, 422)


def status(request: Request) -> int:
    try:
        with urlopen(request, timeout=20) as response:
            return int(response.status)
    except HTTPError as error:
        with error:
            return error.code
