"""`room-monitor retention | erase | hold | evidence …` on the files, and the same over HTTP."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from click.testing import Result
from typer.testing import CliRunner

from monitor.cli import app
from monitor.config import load
from monitor.errors import EvidenceHeld, EvidenceUnknown
from monitor.evidence.ring import Ring
from monitor.keeping_house import make_keeping
from monitor.store.store import Store
from tests.helpers.alerted import SOUND, filled
from tests.helpers.site import Site, site
from tests.helpers.storing import alert, transcript
from tests.helpers.trails import trail_of


def run(directory: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--config", str(directory / "monitor.toml")])


def answer(directory: Path, *words: str) -> Any:
    done = run(directory, *words, "--json")
    assert done.exit_code == 0, done.output or done.exception
    return json.loads(done.stdout)


def test_retention_says_what_would_go_and_then_does_it(tmp_path: Path) -> None:
    session = asyncio.run(filled(tmp_path))
    for _ in range(2):
        found = answer(tmp_path, "retention", "--dry-run")
        assert [(each["alert"], each["why"]) for each in found["going"]] == [("old", "high: 60 days")]
    text = run(tmp_path, "retention").stdout
    assert "Would go now: 1 alerts with their clips" in text
    assert "high: 60 days" in text
    assert answer(tmp_path, "retention", "--now")["alerts"] == 1
    assert answer(tmp_path, "retention")["alerts"] == 0
    (there,) = answer(tmp_path, "evidence", "sessions")["sessions"]
    assert (there["id"], there["key"], there["clips"]) == (session, "kept", 1)
    (receipt,) = answer(tmp_path, "evidence", "receipts")["receipts"]
    assert (receipt["kind"], receipt["subject"], receipt["why"]) == ("clip", "old", "high: 60 days")


def test_an_erasure_asks_first_and_proves_itself(tmp_path: Path) -> None:
    session = asyncio.run(filled(tmp_path))
    words = ("erase", "session", session, "--reason", "asked")
    assert run(tmp_path, *words).exit_code == 1, "nobody said yes"
    assert len(answer(tmp_path, "evidence", "sessions")["sessions"]) == 1
    done = run(tmp_path, *words, "--yes")
    assert done.exit_code == 0, done.output
    assert "Tried to open 2 clips: 0 opened" in done.stdout
    assert list((tmp_path / "data" / "evidence" / "clips").iterdir()) == []
    receipts = answer(tmp_path, "evidence", "receipts")["receipts"]
    assert [each["kind"] for each in receipts] == ["erasure", "session"]
    assert answer(tmp_path, "evidence", "check", str(receipts[0]["id"]))["holds"]
    assert isinstance(run(tmp_path, *words, "--yes").exception, EvidenceUnknown)
    assert isinstance(run(tmp_path, "evidence", "check", "99").exception, EvidenceUnknown)


def test_a_hold_is_made_listed_and_released(tmp_path: Path) -> None:
    asyncio.run(filled(tmp_path))
    made = answer(tmp_path, "hold", "add", "alert", "old", "--reason", "case 7", "--until", "2999-01-01")
    assert (made["id"], made["kind"], made["who"]) == (1, "alert", "local")
    found = answer(tmp_path, "retention", "--now")
    assert (found["alerts"], found["held"]) == (0, 1)
    assert isinstance(run(tmp_path, "erase", "alert", "old", "--reason", "x", "--yes").exception, EvidenceHeld)
    assert run(tmp_path, "hold", "release", "1", "--reason", "closed").exit_code == 0
    assert "closed" in run(tmp_path, "hold", "list").stdout
    assert answer(tmp_path, "retention", "--now")["alerts"] == 1
    refused = run(tmp_path, "hold", "add", "alert", "gone", "--reason", "x", "--until", "2999-01-01")
    assert isinstance(refused.exception, EvidenceUnknown)


def test_the_master_key_is_rotated_in_place_or_to_another_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(filled(tmp_path))
    path = tmp_path / "data" / "evidence" / "master.key"
    before = path.read_text()
    assert run(tmp_path, "evidence", "rotate").exit_code == 0
    assert path.read_text() != before
    monkeypatch.setenv("NEW_KEY", "07" * 32)
    (tmp_path / "monitor.toml").write_text('[storage]\ndata = "data"\n[evidence]\nmaster_key = "env:NEW_KEY"\n')
    assert "--old" in str(run(tmp_path, "retention").exception)
    assert "--old" in str(run(tmp_path, "evidence", "rotate").exception)
    assert run(tmp_path, "evidence", "rotate", "--old", f"file:{path}").exit_code == 0
    assert answer(tmp_path, "retention")["alerts"] == 1
    assert asyncio.run(_audio(tmp_path))[:4] == b"RIFF"


async def _audio(directory: Path) -> bytes:
    settings = load(directory / "monitor.toml")
    data = settings.storage.data
    async with Store.open(data / "monitor.db", lambda _: None) as store:
        keeping = make_keeping(settings, data, store, Ring(), await trail_of(store, data), time.time)
        return await keeping.vault.wav("new")


# over HTTP


async def ask(it: Site, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    def send() -> tuple[int, Any]:
        sent = None if body is None else json.dumps(body).encode()
        request = Request(it.url + path, sent, {"Content-Type": "application/json"}, method=method)
        try:
            with urlopen(request, timeout=30) as reply:
                return reply.status, json.loads(reply.read())
        except HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    return await asyncio.to_thread(send)


async def test_the_api_erases_and_tells_everybody(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        assert it.deps.keeping is not None
        speech = transcript("u1")
        clip = await it.deps.keeping.vault.keep_parts("a1", speech.utterance, [SOUND])
        await it.store.add_heard(speech, speech.words)
        await it.store.add_alert(alert("a1", clip=clip, utterance="u1"))
        about = {"kind": "speaker", "subject": "s1", "room": "lobby", "reason": "asked"}
        status, held = await ask(it, "POST", "/api/holds", {**about, "until": time.time() + 60})
        assert (status, held["kind"]) == (201, "speaker")
        status, refused = await ask(it, "POST", "/api/erasures", about)
        assert (status, refused["code"]) == (409, "evidence-held")
        status, holds = await ask(it, "POST", f"/api/holds/{held['id']}/release", {"reason": "closed"})
        assert [each["released_by"] for each in holds["holds"]] == ["local"]
        status, receipt = await ask(it, "POST", "/api/erasures", about)
        assert (status, receipt["detail"]["rows"]["alerts"], receipt["detail"]["opened"]) == (201, 1, 0)
        assert (await ask(it, "GET", "/api/clips/a1"))[0] == 404
        assert (await ask(it, "GET", "/api/utterances"))[1]["utterances"] == []
        (event,) = [event for event in await it.store.events(0, 99) if type(event).__name__ == "EvidenceErased"]
        assert event.model_dump(include={"rooms", "alerts"}) == {"rooms": ["lobby"], "alerts": ["a1"]}
        status, checked = await ask(it, "GET", f"/api/receipts/{receipt['id']}/check")
        assert checked == {"id": receipt["id"], "holds": True, "wrong": []}
        assert (await ask(it, "GET", f"/api/receipts/{receipt['id']}"))[1] == receipt
        assert (await ask(it, "GET", "/api/receipts?kind=erasure"))[1]["receipts"] == [receipt]
        assert (await ask(it, "GET", "/api/receipts/99"))[0] == 404
        noted = [entry.action async for entry in it.store.audit_entries()]
        assert noted == ["evidence.held", "evidence.released", "evidence.erased"]


async def test_the_api_refuses_what_makes_no_sense(tmp_path: Path) -> None:
    async with site(tmp_path) as it:
        for path, body in (
            ("/api/erasures", {"kind": "planet", "subject": "x", "reason": "y"}),
            ("/api/erasures", {"kind": "room", "subject": "x", "reason": ""}),
            ("/api/holds", {"kind": "room", "subject": "x", "reason": "two\nlines", "until": 1e10}),
        ):
            assert (await ask(it, "POST", path, body))[0] == 422
        nothing = {"kind": "room", "subject": "nowhere", "reason": "y"}
        assert (await ask(it, "POST", "/api/erasures", nothing))[0] == 404
        assert (await ask(it, "POST", "/api/holds", {**nothing, "until": 1e10}))[0] == 404
        assert (await ask(it, "POST", "/api/holds/7/release", {"reason": "y"}))[0] == 404
        assert (await ask(it, "POST", "/api/retention"))[1]["alerts"] == 0
