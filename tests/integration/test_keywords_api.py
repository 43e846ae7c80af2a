"""The keywords part of the HTTP API: real server, real files, real database."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from monitor.model import NearMiss
from tests.helpers.catalogs import SCAMS
from tests.helpers.keyword_site import keyword_site
from tests.helpers.site import Site
from tests.helpers.storing import alert, hit, transcript

SIGNED = {"who": "ann", "why": "a test"}
LIST = "/api/keywords/lists/scams-en"


class Answer:
    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def _ask(method: str, url: str, body: Any, headers: dict[str, str]) -> Answer:
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **headers}
    try:
        with urlopen(Request(url, data, headers, method=method), timeout=30) as response:
            return Answer(response.status, response.headers, response.read())
    except HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


async def ask(it: Site, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    return await asyncio.to_thread(_ask, method, it.url + path, body, headers)


async def found(it: Site, text: str) -> list[str]:
    answer = await ask(it, "POST", "/api/keywords/test", {"text": text, "language": "en"})
    return [one["hit"]["phrase"] for one in answer.json["hits"]]


async def test_an_editor_can_read_change_and_take_back_a_list(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as it:
        (row,) = (await ask(it, "GET", "/api/keywords/lists")).json["lists"]
        assert (row["name"], row["rules"], row["state"]) == ("scams-en", 2, "live")
        seen = (await ask(it, "GET", LIST)).json
        assert seen["content"] == SCAMS
        assert [rule["severity"] for rule in seen["rules"]] == ["high", "critical"]
        content = SCAMS.replace('"free money",', '"free money", "easy cash",')
        put = await ask(it, "PUT", LIST, {"content": content, "base": seen["etag"], **SIGNED})
        assert (put.status, put.json["difference"]["added"]) == (200, ["easy cash"])
        assert await found(it, "easy cash") == ["easy cash"]
        history = (await ask(it, "GET", f"{LIST}/history")).json["versions"]
        assert (history[0]["who"], history[0]["why"]) == ("ann", "a test")
        difference = (await ask(it, "GET", f"{LIST}/difference?before={history[1]['version']}")).json
        assert difference["added"] == ["easy cash"]
        back = await ask(it, "POST", f"{LIST}/rollback", SIGNED)
        assert back.json["version"] == row["version"]
        assert await found(it, "easy cash") == []
        old = await ask(it, "GET", f"{LIST}/versions/{put.json['version']}")
        assert old.json["content"] == content


async def test_what_cant_be_used_is_refused_with_its_place_and_changes_nothing(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as it:
        etag = (await ask(it, "GET", LIST)).json["etag"]
        broken = SCAMS.replace('severity = "high"', 'severity = "hihg"')
        answer = await ask(it, "PUT", LIST, {"content": broken, "base": etag, **SIGNED})
        assert (answer.status, answer.json["code"]) == (400, "keyword-list-invalid")
        (problem,) = answer.json["problems"]
        assert (problem["line"], problem["column"]) == (5, 12)
        assert "high" in problem["mend"]
        report = (await ask(it, "POST", "/api/keywords/lint", {"content": broken})).json
        assert report["problems"] == [problem]
        assert (await ask(it, "GET", LIST)).json["etag"] == etag


async def test_a_list_that_changed_meanwhile_is_a_conflict(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as it:
        answer = await ask(it, "PUT", LIST, {"content": SCAMS, "base": "0" * 16, **SIGNED})
        assert (answer.status, answer.json["code"]) == (409, "keyword-list-conflict")


async def test_states_of_lists_and_rules_are_set_and_told(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as it:
        rule = {"rule": "free money", "state": "shadow", **SIGNED}
        assert (await ask(it, "PUT", f"{LIST}/rules/state", rule)).json["state"] == "shadow"
        shown = (await ask(it, "GET", LIST)).json["rules"][0]
        assert (shown["state"], shown["own_state"]) == ("shadow", "shadow")
        assert (await ask(it, "PUT", f"{LIST}/state", {"state": "retired", **SIGNED})).json["state"] == "retired"
        assert await found(it, "free money") == []
        log = (await ask(it, "GET", f"{LIST}/history")).json["states"]
        assert [(entry["rule"], entry["who"]) for entry in log] == [("", "ann"), ("free money", "ann")]
        events = [event for event in await it.store.events(0, 100) if event.type == "rule_state"]  # type: ignore[attr-defined]
        assert len(events) == 2


async def test_rules_and_exceptions_can_be_added_and_removed(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as it:
        rule = {"label": "wire", "near": ["wire", "money"], "not": ["bank"], "seconds": 5}
        assert (await ask(it, "POST", f"{LIST}/rules", {"rule": rule, **SIGNED})).status == 200
        assert await found(it, "wire me money") == ["wire"]
        removed = await ask(it, "DELETE", f"{LIST}/rules?rule=wire&who=ann&why=no")
        assert removed.json["difference"]["removed"] == ["wire"]
        added = await ask(it, "POST", f"{LIST}/exceptions", {"text": "free money market", **SIGNED})
        assert added.json["difference"]["exceptions_added"] == ["free money market"]
        assert (await ask(it, "DELETE", f"{LIST}/exceptions?text=free+money+market&who=ann&why=no")).status == 200
        assert (await ask(it, "DELETE", f"{LIST}/exceptions?text=nope&who=ann&why=no")).status == 404


async def test_lists_go_out_and_come_back(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as it:
        table = await ask(it, "GET", f"{LIST}/export?format=csv")
        assert table.headers["Content-Type"].startswith("text/csv")
        etag = (await ask(it, "GET", LIST)).json["etag"]
        body = {"format": "csv", "content": table.body.decode(), "base": etag, "dry_run": True, **SIGNED}
        back = await ask(it, "POST", f"{LIST}/import", body)
        assert (back.json["difference"]["added"], back.json["version"]) == ([], back.json["before"])
        assert (await ask(it, "GET", f"{LIST}/export")).body.decode() == SCAMS


async def test_verdicts_become_precision(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as it:
        one = replace(hit(), list_name="scams-en")
        await it.store.add_alert(alert("a1", hits=(one,)))
        await it.store.add_hits([one, one], transcript("u1"), ["a1", ""])
        said = await ask(it, "POST", "/api/alerts/a1/verdict", {"verdict": "wrong", "who": "ann", "note": "a joke"})
        assert (said.status, said.json["rule"]) == (200, "free money")
        await ask(it, "POST", "/api/alerts/a1/verdict", {"verdict": "right", "who": "ann"})
        hits = (await ask(it, "GET", "/api/keywords/hits?list=scams-en")).json["hits"]
        (bare,) = [row for row in hits if not row["alert"]]
        await ask(it, "POST", f"/api/keywords/hits/{bare['id']}/verdict", {"verdict": "wrong", "who": "bob"})
        (rule,) = (await ask(it, "GET", "/api/keywords/precision")).json["rules"]
        assert (rule["right"], rule["wrong"], rule["value"], rule["state"]) == (1, 1, 0.5, "live")
        assert 0 < rule["low"] < 0.5 < rule["high"] < 1
        verdicts = (await ask(it, "GET", "/api/alerts/a1/verdicts")).json["verdicts"]
        assert [(v["verdict"], v["note"]) for v in verdicts] == [("right", ""), ("wrong", "a joke")]
        (count,) = (await ask(it, "GET", "/api/keywords/counts")).json["counts"]
        assert (count["hits"], count["alerted"]) == (2, 1)
        gone = await ask(it, "POST", "/api/alerts/nope/verdict", {"verdict": "wrong", "who": "ann"})
        assert (gone.status, gone.json["detail"][:11]) == (404, "There is no")


async def test_a_near_miss_becomes_a_rule_with_one_request(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as it:
        miss = NearMiss("scams-en", "1", "gift card", "gift guard", "a", "now", 0.0, 1.0, 0.78, 0.85, "sounds alike")
        await it.store.add_near_misses([miss], transcript("u1"))
        (row,) = (await ask(it, "GET", "/api/keywords/near-misses?list=scams-en")).json["near_misses"]
        assert (row["likeness"], row["wanted"], row["cause"]) == (0.78, 0.85, "sounds alike")
        answer = await ask(it, "POST", f"/api/keywords/near-misses/{row['id']}/rule", SIGNED)
        assert answer.json["difference"]["added"] == ["gift guard"]
        assert await found(it, "a gift guard") == ["gift guard"]


async def test_a_backtest_tells_what_a_draft_would_have_found(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as it:
        heard = transcript("u1")
        await it.store.add_heard(heard, heard.words)  # "free money"
        draft = SCAMS.replace('"free money",', '"money",')
        body = {"name": "scams-en", "content": draft, "since": 0}
        started = await ask(it, "POST", "/api/keywords/backtests", body)
        assert started.status == 202
        trial = started.json
        async with asyncio.timeout(60):
            while trial["state"] == "running":
                await asyncio.sleep(0.05)
                trial = (await ask(it, "GET", f"/api/keywords/backtests/{trial['id']}")).json
        report = trial["report"]
        assert (trial["state"], report["utterances"], report["gained"], report["lost"]) == ("done", 1, 1, 1)
        assert {(e["change"], e["rule"]) for e in report["examples"]} == {("gained", "money"), ("lost", "free money")}
        again = await ask(it, "DELETE", f"/api/keywords/backtests/{trial['id']}")
        assert again.json["state"] == "done"
        assert (await ask(it, "GET", "/api/keywords/backtests/nope")).status == 404
        missing = await ask(it, "POST", "/api/keywords/backtests", {"name": "nope", "since": 0})
        assert missing.status == 404


@pytest.mark.parametrize("path", [LIST, f"{LIST}/history", f"{LIST}/export", f"{LIST}/suggestions"])
async def test_a_list_that_is_not_there_is_404(tmp_path: Path, path: str) -> None:
    async with keyword_site(tmp_path) as it:
        answer = await ask(it, "GET", path.replace("scams-en", "nope"))
        assert (answer.status, answer.json["code"]) == (404, "keyword-list-unknown")


async def test_pages_of_other_sites_change_nothing(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as it:
        body = {"state": "retired", **SIGNED}
        for origin in ("http://evil.example", "null", it.url + "1"):
            assert (await ask(it, "PUT", f"{LIST}/state", body, Origin=origin)).status == 403
        assert (await ask(it, "PUT", f"{LIST}/state", body, Host="evil.example")).status == 403
        assert await found(it, "free money") == ["free money"]
        assert (await ask(it, "PUT", f"{LIST}/state", body, Origin=it.url)).status == 200


async def test_who_and_why_are_needed(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as it:
        for signed in ({}, {"who": " ", "why": "x"}, {"who": "a"}, {"who": "a\x1b[2J", "why": "x"}):
            answer = await ask(it, "PUT", f"{LIST}/state", {"state": "shadow", **signed})
            assert answer.status == 422
            assert "input" not in answer.json["detail"][0]


async def test_a_body_that_is_too_long_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as it:
        answer = await ask(it, "PUT", LIST, b'{"content": "' + b"x" * (21 * 1024 * 1024) + b'"}')
        assert answer.status == 413
