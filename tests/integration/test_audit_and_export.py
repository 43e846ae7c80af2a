"""Revealing, exporting and the audit log, over HTTP and on the command line, with a real database."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from typer.testing import CliRunner

from monitor.access.roles import Permission, Person, Role
from monitor.audit.bundle import check
from monitor.audit.signing import Signer
from monitor.audit.trail import Trail
from monitor.cli import app as command_line
from monitor.errors import EvidenceUnknown
from monitor.exporting import Exporter
from monitor.model import Alert, Word
from monitor.store.store import Store
from monitor.web.audit import audit, exports
from monitor.web.refusals import refuse_in_words
from tests.helpers.keyword_site import keyword_site
from tests.helpers.storing import alert, database, hit, transcript
from tests.helpers.trails import trail_of

REVIEWER = Person("rita", frozenset({Role.REVIEWER}))
LISTENER = Person("lee", frozenset({Role.REVIEWER, Role.LISTENER}))
VIEWER = Person("vic", frozenset({Role.VIEWER}))
ADMIN = Person("ada", frozenset({Role.ADMIN}))
WHY = {"reason": "a report by the room's host"}
CLIP = b"RIFF----WAVE"
NUMBER = "202-456-1414"


@dataclass
class Place:
    app: FastAPI
    store: Store
    trail: Trail

    async def ask(self, who: Person, method: str, path: str, body: object = None) -> httpx.Response:
        async def as_person(scope: Scope, receive: Receive, send: Send) -> None:
            await self.app({**scope, "state": {"person": who}}, receive, send)

        served: ASGIApp = as_person
        async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://localhost") as client:
            return await client.request(method, path, json=body)


@asynccontextmanager
async def place(directory: Path) -> AsyncIterator[Place]:
    async def clip(alert_id: str) -> bytes:
        if alert_id != "a1":
            raise EvidenceUnknown(f"the clip of {alert_id} was erased")
        return CLIP

    async with Store.open(database(directory), lambda _: None) as store:
        trail = await trail_of(store, directory)
        app = FastAPI()
        refuse_in_words(app)
        app.include_router(audit(store, trail))
        app.include_router(exports(Exporter(store, trail, directory, clip)))
        yield Place(app, store, trail)


async def something_said(store: Store) -> None:
    words = (Word(" call", 10.5, 10.8, 0.9), Word(f" {NUMBER}", 10.8, 11.5, 0.9))
    said = replace(transcript("u1"), words=words)
    await store.add_heard(said, said.words)
    await store.add_version("scam", "abc123", "name = 'scam' # as it was", "ada", "first")
    for made in (_alert("a1"), _alert("a2")):
        await store.add_alert(made)


def _alert(name: str) -> Alert:
    return alert(name, clip=f"{name}.clip", hits=(replace(hit(), after=f"call {NUMBER}"),))


async def last_entry(place: Place) -> tuple[str, str, str]:
    last = await place.store.last_audit()
    assert last is not None
    return last.who, last.action, last.subject


async def test_personal_data_is_shown_with_a_reason_that_is_recorded(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        await something_said(here.store)
        answer = await here.ask(REVIEWER, "POST", "/api/alerts/a1/reveal", WHY)
        assert answer.status_code == 200
        assert answer.json()["alert"]["hits"][0]["after"] == f"call {NUMBER}"
        assert answer.json()["utterances"][0]["text"] == f"call {NUMBER}"
        assert await last_entry(here) == ("rita", "evidence.revealed", "a1")
        entry = await here.store.last_audit()
        assert entry is not None
        assert json.loads(entry.detail) == WHY


@pytest.mark.parametrize("path", ["/api/alerts/a1/reveal", "/api/alerts/a1/export"])
@pytest.mark.parametrize(("who", "body", "status"), [(VIEWER, WHY, 403), (REVIEWER, {"reason": ""}, 422)])
async def test_without_right_or_reason_nothing_is_shown_and_nothing_noted(
    tmp_path: Path, path: str, who: Person, body: object, status: int
) -> None:
    async with place(tmp_path) as here:
        await something_said(here.store)
        answer = await here.ask(who, "POST", path, body)
        assert answer.status_code == status
        assert NUMBER not in answer.text
        assert await here.store.last_audit() is None


@pytest.mark.parametrize("path", ["/api/alerts/none/reveal", "/api/alerts/none/export", "/api/incidents/77/export"])
async def test_what_is_not_there_is_404(tmp_path: Path, path: str) -> None:
    async with place(tmp_path) as here:
        assert (await here.ask(LISTENER, "POST", path, WHY)).status_code == 404


async def exported(here: Place, who: Person, path: str, file: Path) -> dict[str, bytes]:
    answer = await here.ask(who, "POST", path, WHY)
    assert answer.status_code == 200, answer.text
    return await asyncio.to_thread(unpacked, file, answer.content)


def unpacked(file: Path, content: bytes) -> dict[str, bytes]:
    file.write_bytes(content)
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def test_an_export_has_all_that_is_needed_and_is_signed(tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    async with place(tmp_path) as here:
        await something_said(here.store)
        parts = await exported(here, LISTENER, "/api/alerts/a1/export", file)
        assert await last_entry(here) == ("lee", "evidence.exported", "a1")
    assert parts["alerts/a1/clip.wav"] == CLIP
    assert json.loads(parts["alerts/a1/alert.json"])["alert"]["hits"][0]["list_version"] == "abc123"
    assert json.loads(parts["alerts/a1/transcript.json"])["utterances"][0]["text"] == f"call {NUMBER}"
    assert parts["rules/scam@abc123.toml"] == b"name = 'scam' # as it was"
    assert [entry["action"] for entry in json.loads(parts["audit.json"])["entries"]] == ["evidence.exported"]
    assert "decisions.json" in parts
    checked = check(file, Signer(tmp_path).public)
    assert checked.good
    assert (checked.manifest["made_by"], checked.manifest["reason"]) == ("lee", WHY["reason"])


async def test_who_may_not_listen_gets_no_audio_and_the_manifest_says_so(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        await something_said(here.store)
        parts = await exported(here, REVIEWER, "/api/alerts/a1/export", tmp_path / "export.zip")
    assert not [name for name in parts if name.endswith(".wav")]
    assert CLIP not in b"".join(parts.values())
    assert "may not hear audio" in json.loads(parts["manifest.json"])["left_out"][0]


async def test_who_may_not_see_personal_data_gets_it_masked(tmp_path: Path) -> None:
    token = replace(LISTENER, scopes=frozenset({Permission.SEE, Permission.EXPORT, Permission.LISTEN}))
    async with place(tmp_path) as here:
        await something_said(here.store)
        parts = await exported(here, token, "/api/alerts/a1/export", tmp_path / "export.zip")
    assert NUMBER.encode() not in b"".join(parts.values())
    assert json.loads(parts["alerts/a1/transcript.json"])["utterances"][0]["text"] == "call [phone]"


async def test_a_clip_that_is_gone_is_left_out_and_the_rest_is_there(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        await something_said(here.store)
        found = await here.store.alert("a2")
        assert found is not None
        if found.incident is None:
            pytest.fail("alerts have no incidents")
        parts = await exported(here, LISTENER, f"/api/incidents/{found.incident}/export", tmp_path / "export.zip")
    assert parts["alerts/a1/clip.wav"] == CLIP
    assert "alerts/a2/alert.json" in parts
    assert json.loads(parts["manifest.json"])["left_out"] == ["the clip of alert a2: the clip of a2 was erased"]


async def test_the_log_is_read_page_by_page_and_checked(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        for number in range(5):
            await here.trail.note("rita", "evidence.heard", f"a{number}", "lobby", reason="to decide")
        page = (await here.ask(ADMIN, "GET", "/api/audit?limit=3")).json()
        assert [entry["number"] for entry in page["entries"]] == [5, 4, 3]
        assert page["entries"][0]["detail"] == {"reason": "to decide"}
        page = (await here.ask(ADMIN, "GET", f"/api/audit?limit=3&before={page['before']}")).json()
        assert ([entry["number"] for entry in page["entries"]], page["before"]) == ([2, 1], None)
        assert (await here.ask(ADMIN, "GET", "/api/audit?subject=a2")).json()["entries"][0]["number"] == 3
        verdict = (await here.ask(ADMIN, "GET", "/api/audit/verify")).json()
        assert (verdict["whole"], verdict["entries"]) == (True, 5)
        assert (await here.ask(REVIEWER, "GET", "/api/audit")).status_code == 403


async def filled(directory: Path) -> None:
    async with place(directory) as here:
        await something_said(here.store)
        await here.ask(REVIEWER, "POST", "/api/alerts/a1/reveal", WHY)
        await exported(here, LISTENER, "/api/alerts/a1/export", directory / "export.zip")


def run(directory: Path, *words: str) -> tuple[int, str]:
    (directory / "monitor.toml").write_text('[storage]\ndata = "."\n', "utf-8")
    done = CliRunner().invoke(command_line, [*words, "--config", str(directory / "monitor.toml")])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout


def test_the_commands_show_and_check_the_log(tmp_path: Path) -> None:
    asyncio.run(filled(tmp_path))
    code, said = run(tmp_path, "audit", "verify")
    assert (code, said.splitlines()[0]) == (0, "2 entries, the log is whole.")
    head = said.splitlines()[1].removeprefix("head ")
    assert run(tmp_path, "audit", "verify", "--head", head)[0] == 0
    number, _, digest = head.partition(":")
    code, said = run(tmp_path, "audit", "verify", "--head", f"{int(number) + 1}:{digest}", "--json")
    assert code == 1
    assert [fault["kind"] for fault in json.loads(said)["faults"]] == ["cut"]
    shown = [json.loads(line) for line in run(tmp_path, "audit", "show", "--who", "rita", "--json")[1].splitlines()]
    assert [entry["action"] for entry in shown] == ["evidence.revealed"]
    assert run(tmp_path, "audit", "export", str(tmp_path / "log.jsonl"))[0] == 0
    lines = (tmp_path / "log.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2]


def test_the_command_checks_an_export_offline_and_says_what_fails(tmp_path: Path) -> None:
    asyncio.run(filled(tmp_path))
    file = tmp_path / "export.zip"
    key = run(tmp_path, "export", "key")[1].splitlines()[0]
    done = CliRunner().invoke(command_line, ["verify", str(file), "--key", key])
    assert done.exit_code == 0, done.stdout
    assert "WRONG" not in done.stdout
    content = bytearray(file.read_bytes())
    at = content.index(b"PK\x03\x04", 2000) + 60  # somewhere in the second half of the archive's files
    content[at] ^= 1
    file.write_bytes(content)
    done = CliRunner().invoke(command_line, ["verify", str(file), "--key", key])
    assert done.exit_code == 1
    assert "WRONG" in done.stdout


async def test_a_verdict_on_an_alert_is_in_the_log(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as site, httpx.AsyncClient(base_url=site.url) as client:
        await site.store.add_alert(alert("a1"))
        given = {"verdict": "right", "who": "rita"}
        assert (await client.post("/api/alerts/a1/verdict", json=given)).status_code == 200
        assert (await client.post("/api/alerts/none/verdict", json=given)).status_code == 404
        entries = await site.store.audit(action="alert.")
        assert [(entry.who, entry.action, entry.subject) for entry in entries] == [("rita", "alert.decided", "a1")]


async def test_changes_of_lists_are_in_the_log_before_they_are_made(tmp_path: Path) -> None:
    async with keyword_site(tmp_path) as site, httpx.AsyncClient(base_url=site.url) as client:
        present = (await client.get("/api/keywords/lists/scams-en")).json()
        body = {
            "content": present["content"].replace("free money", "free gold"),
            "who": "ada",
            "why": "a new one",
            "base": present["etag"],
        }
        put = await client.put("/api/keywords/lists/scams-en", json=body)
        assert put.status_code == 200, put.text
        entries = await site.store.audit(action="list.saved", subject="scams-en")
        assert [(entry.who, json.loads(entry.detail)["why"]) for entry in entries] == [("ada", "a new one")]
