"""`room-monitor export …` where no service runs, and `room-monitor webhooks …` with one elsewhere and with none."""

from __future__ import annotations

import asyncio
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import Result
from fastapi import FastAPI, Request, Response
from typer.testing import CliRunner

from monitor.access.roles import LOCAL, Role
from monitor.cli import app
from monitor.config_access import TOKEN_VARIABLE
from monitor.config_webhooks import SignedWebhook
from monitor.errors import EvidenceUnknown, HookUnknown, ServiceSilent, SignInNeeded
from monitor.store.store import Store
from monitor.web.server import serve
from tests.helpers.alerted import filled
from tests.helpers.whole import whole_service

SECRET = "a-secret-of-twenty-four-b"


def run(directory: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--config", str(directory / "monitor.toml")])


def ran(directory: Path, *words: str) -> str:
    done = run(directory, *words)
    assert done.exit_code == 0, done.output or done.exception
    return done.stdout


@pytest.mark.parametrize("words", [("alert", "new"), ("incident", "1")])
def test_an_export_needs_no_service_and_can_be_verified(tmp_path: Path, words: tuple[str, str]) -> None:
    asyncio.run(filled(tmp_path))
    file = tmp_path / "it.zip"
    ran(tmp_path, "export", *words, "--reason", "a report", "--out", str(file))
    assert file.stat().st_mode & 0o077 == 0, "it holds what somebody said"
    key = ran(tmp_path, "export", "key").splitlines()[0]
    done = CliRunner().invoke(app, ["verify", str(file), "--key", key])
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(file) as archive:
        sound = archive.read("alerts/new/clip.wav")
    assert sound[:4] == b"RIFF", "whoever has the files may hear them"
    assert asyncio.run(_noted(tmp_path)) == [(LOCAL.name, words[1])]


def test_what_is_not_there_is_said_and_leaves_no_file(tmp_path: Path) -> None:
    asyncio.run(filled(tmp_path))
    for words in (("alert", "gone"), ("incident", "99")):
        done = run(tmp_path, "export", *words, "--reason", "a report", "--out", str(tmp_path / "it.zip"))
        assert isinstance(done.exception, EvidenceUnknown)
    assert not (tmp_path / "it.zip").exists()
    assert asyncio.run(_noted(tmp_path)) == []


async def _noted(directory: Path) -> list[tuple[str, str]]:
    async with Store.open(directory / "data" / "monitor.db", lambda _: None) as store:
        return [(entry.who, entry.subject) for entry in await store.audit(action="evidence.exported")]


@pytest.mark.parametrize("words", [("list",), ("dead",), ("replay", "desk"), ("drop", "desk"), ("test", "desk")])
def test_without_a_service_no_webhook_is_sent_and_that_is_said(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "monitor.toml").write_text('[storage]\ndata = "data"\n')
    (tmp_path / "data").mkdir()
    done = run(tmp_path, "webhooks", *words)
    assert isinstance(done.exception, ServiceSilent)
    assert "only a service sends webhooks" in str(done.exception)


class Receiver:
    """Keeps the kinds of what it got; refuses for good as long as it is told to."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.gone = False

    async def take(self, request: Request) -> Response:
        if not self.gone:
            self.got.append(json.loads(await request.body())["type"])
        return Response(status_code=410 if self.gone else 204)


async def until(store: Store, **wanted: int) -> None:
    """The webhook stands so."""
    async with asyncio.timeout(60):
        while True:
            state = await store.hook_state("desk")
            if all(getattr(state, name) == value for name, value in wanted.items()):
                return
            await asyncio.sleep(0.02)


async def test_the_commands_ask_a_service_elsewhere_with_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "monitor.toml").write_text('[storage]\ndata = "elsewhere"\n')
    (tmp_path / "secret").write_text(SECRET)
    there, door = Receiver(), FastAPI()
    door.add_api_route("/hook", there.take, methods=["POST"])
    async with serve(door, "127.0.0.1", 0) as server:
        hook = SignedWebhook(
            name="desk", kind="signed", url=f"{server.url}/hook", secret=f"file:{tmp_path / 'secret'}", private=True
        )
        async with whole_service(tmp_path, webhooks=(hook,)) as whole:

            async def asked(*words: str) -> Result:
                return await asyncio.to_thread(run, tmp_path, *words, "--url", whole.url)

            assert isinstance((await asked("webhooks", "list")).exception, SignInNeeded)
            monkeypatch.setenv(TOKEN_VARIABLE, whole.tokens[Role.OPS])
            assert isinstance((await asked("webhooks", "test", "none")).exception, HookUnknown)
            there.gone = True
            assert (await asked("webhooks", "test", "desk")).stdout == "on its way\n"
            await until(whole.house.store, dead=1)
            dead = json.loads((await asked("webhooks", "dead", "--json")).stdout)
            assert [(one["webhook"], one["kind"]) for one in dead] == [("desk", "test")]
            assert "test" in (await asked("webhooks", "dead", "desk")).stdout
            there.gone = False
            assert (
                await asked("webhooks", "replay", "desk", "--letter", str(dead[0]["id"]))
            ).stdout == "1 letters wait again\n"
            await until(whole.house.store, sent=1)
            (standing,) = json.loads((await asked("webhooks", "list", "--json")).stdout)
            assert (standing["name"], standing["sent"], standing["dead"], there.got) == ("desk", 1, 0, ["test"])
            assert (await asked("webhooks", "drop", "desk")).stdout == "0 letters forgotten\n"
            assert "desk" in (await asked("webhooks", "list")).stdout

            monkeypatch.setenv(TOKEN_VARIABLE, whole.tokens[Role.ADMIN])
            assert json.loads((await asked("evidence", "receipts", "--json")).stdout)["receipts"] == []
            export = await asked("export", "alert", "gone", "--reason", "a report")
            assert isinstance(export.exception, EvidenceUnknown)
