"""`room-monitor users …` on a data directory, and commands that ask a running service where all have to sign in."""

from __future__ import annotations

import asyncio
import json
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from monitor.access.roles import Role
from monitor.cli import app
from monitor.config import Web
from monitor.errors import (
    AccountConflict,
    AccountsMissing,
    AccountUnknown,
    MonitorError,
    OperatorError,
    PasswordWeak,
    SignInNeeded,
)
from monitor.web import address
from tests.helpers.staff import signed_in, visitor
from tests.helpers.whole import whole_service

GOOD = "four brown otters\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "monitor.toml"
    (tmp_path / "lists").mkdir()
    path.write_text('[storage]\ndata = "data"\n[keywords]\nlists = "lists"\n', "utf-8")
    return path


def said(config: Path, *words: str, stdin: str = "", env: dict[str, str] | None = None) -> Result:
    """Raises the MonitorError that the command ends with."""
    done = CliRunner().invoke(app, [*words, "--config", str(config)], input=stdin, env=env)
    if isinstance(done.exception, MonitorError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def users(config: Path) -> dict[str, dict[str, object]]:
    found = json.loads(said(config, "users", "list", "--json").stdout)["users"]
    return {one["name"]: one for one in found}


def test_accounts_are_made_and_changed_on_the_data_directory(config: Path) -> None:
    with pytest.raises(AccountConflict, match="has to be an admin's"):
        said(config, "users", "add", "ann", "--role", "viewer", "--make-up")
    with pytest.raises(PasswordWeak):
        said(config, "users", "add", "ann", "--role", "admin", "--password-stdin", stdin="short\n")
    with pytest.raises(OperatorError, match="--password-stdin"):
        said(config, "users", "add", "ann", "--role", "admin")  # there is no terminal to ask
    said(config, "users", "add", "ann", "--role", "admin", "--password-stdin", "--shown-name", "Ann", stdin=GOOD)
    made_up = said(config, "users", "add", "ben", "--role", "viewer", "--role", "listener", "--make-up")
    assert len(made_up.stdout.splitlines()[-1]) >= 12
    said(config, "users", "roles", "ben", "--role", "ops")
    said(config, "users", "disable", "ben")
    known = users(config)
    assert (known["ann"]["shown_name"], known["ann"]["roles"]) == ("Ann", ["admin"])
    assert (known["ben"]["roles"], known["ben"]["disabled"]) == (["ops"], True)
    with pytest.raises(AccountConflict, match="last one"):
        said(config, "users", "disable", "ann")
    with pytest.raises(AccountUnknown):
        said(config, "users", "passwd", "cleo", "--make-up")
    entries = said(config, "audit", "show").stdout
    assert "account.made" in entries
    assert "account.changed" in entries


def test_tokens_are_shown_once_and_can_be_revoked(config: Path) -> None:
    said(config, "users", "add", "ann", "--role", "admin", "--make-up")
    secret = said(config, "users", "tokens", "add", "ann", "--for", "graphs", "--scope", "health").stdout.split()[-1]
    assert secret.startswith("rm_")
    said(config, "users", "tokens", "revoke", "ann", "1")
    (token,) = json.loads(said(config, "users", "tokens", "list", "ann", "--json").stdout)["tokens"]
    assert (token["name"], token["scopes"], token["revoked_at"] is None) == ("graphs", ["health"], False)
    database = config.parent / "data" / "monitor.db"
    assert secret.encode() not in database.read_bytes()


def test_what_a_command_logs_is_not_in_what_it_prints(config: Path) -> None:
    here = [
        sys.executable,
        "-c",
        "import structlog; from monitor.cli import app\ntry: app()\nfinally: structlog.get_logger().warning('logged')",
    ]
    line = [*here, "users", "list", "--json", "--config", str(config)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout)["users"] == []
    assert "logged" in done.stderr


async def test_commands_ask_a_running_service_with_the_key_of_its_data_directory(config: Path) -> None:
    async with whole_service(config.parent / "x") as it:

        def commands() -> None:
            config.write_text(f'[storage]\ndata = "{it.data}"\n', "utf-8")
            assert stat.S_IMODE((it.data / address.KEY).stat().st_mode) == 0o600
            said(config, "users", "add", "ann", "--role", "viewer", "--password-stdin", stdin=GOOD)
            assert users(config)["ann"]["roles"] == ["viewer"]
            assert "lobby" in said(config, "rooms", "list").stdout.lower()
            assert "Recogniser" in said(config, "top", "--once").stdout
            said(config, "users", "disable", "ann")
            said(config, "users", "enable", "ann")
            assert "ann" in said(config, "users", "list").stdout
            elsewhere = ("rooms", "list", "--url", it.url)
            with pytest.raises(SignInNeeded):
                said(config, *elsewhere)
            token = it.tokens[Role.OPS]
            assert "lobby" in said(config, *elsewhere, env={"ROOM_MONITOR_TOKEN": token}).stdout.lower()
            with pytest.raises(OperatorError, match="ROOM_MONITOR_TOKEN"):
                said(config, "top", "--once", "--url", it.url)
            said(config, "top", "--once", "--url", it.url, env={"ROOM_MONITOR_TOKEN": token})

        await asyncio.to_thread(commands)
        async with signed_in(it.url, "ann", GOOD.strip()) as ann:
            assert (await ann.get("/api/alerts")).status_code == 200
    assert not (it.data / address.KEY).exists()


@pytest.mark.parametrize("web", [Web(host="0.0.0.0", port=0), Web(port=0, allowed_hosts=("monitor.example",))])
async def test_it_refuses_to_be_reached_by_others_without_accounts(tmp_path: Path, web: Web) -> None:
    with pytest.raises(BaseExceptionGroup) as refused:
        async with whole_service(tmp_path, web=web, staff=False):
            pass
    missing = refused.value.subgroup(AccountsMissing)
    assert missing is not None
    assert "room-monitor users add" in repr(missing.exceptions)


async def test_with_accounts_it_may_be_reached_by_others(tmp_path: Path) -> None:
    async with whole_service(tmp_path, web=Web(host="0.0.0.0", port=0)) as it, visitor(it.url) as client:
        assert (await client.get("/api/alerts")).status_code == 401
        headers = {"Authorization": f"Bearer {it.tokens[Role.VIEWER]}"}
        assert (await client.get("/api/alerts", headers=headers)).status_code == 200


def test_a_service_that_is_not_there_is_no_open_door(tmp_path: Path) -> None:
    assert address.key(tmp_path) == ""
    with address.announced(tmp_path, "http://127.0.0.1:1", "k"):
        assert (address.key(tmp_path), address.found(tmp_path)) == ("k", "http://127.0.0.1:1")
        with httpx.Client(headers=address.authorized("k")) as client:
            assert client.headers["Authorization"] == "Bearer k"
    assert address.authorized("") == {}
