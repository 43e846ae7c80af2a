"""`room-monitor users …`: accounts and API tokens, through the running service or on its data directory."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.table import Table

from monitor.access.roles import Permission, Role
from monitor.commands.common import Config, err, out
from monitor.config import load
from monitor.config_access import token_for_commands
from monitor.errors import OperatorError, PasswordWeak
from monitor.running import run_expected

if TYPE_CHECKING:
    from monitor.desk import Desk

app = typer.Typer(help="Accounts: who may sign in, in which roles, and tokens for programs.", no_args_is_help=True)
tokens = typer.Typer(help="API tokens: for programs.", no_args_is_help=True)
app.add_typer(tokens, name="tokens")

Url = Annotated[
    str | None,
    typer.Option(help="A service that runs elsewhere (needs ROOM_MONITOR_TOKEN); default: this data directory"),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the account: small letters, digits, . _ @ -")]
Roles = Annotated[list[Role], typer.Option("--role", help="Role; can be said several times")]
Stdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input: its first line")]
MadeUp = Annotated[bool, typer.Option("--make-up", help="Make up a password and print it")]


@app.command("add")
def users_add(
    name: Name,
    role: Roles,
    shown_name: Annotated[str, typer.Option(help="As people call them")] = "",
    password_stdin: Stdin = False,
    make_up: MadeUp = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Make an account. The first one has to be an admin's; from then on everybody has to sign in."""
    body = {"name": name, "roles": role, "shown_name": shown_name, "password": _password(password_stdin, make_up)}
    made = _ask(lambda asked: asked.ask("POST", "/api/users", body), config, url)
    out.print(f"{name}: may sign in as {', '.join(role)}", highlight=False)
    _tell(made["password"])


@app.command("list")
def users_list(as_json: Json = False, config: Config = None, url: Url = None) -> None:
    """The accounts, their roles, and when they signed in last."""
    found = _ask(lambda asked: asked.get("/api/users"), config, url)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    table = Table("Name", "Roles", "Signs in", "Last", "Sessions", "Tokens", box=None, header_style="bold")
    for user in found["users"]:
        way = "[red]disabled[/]" if user["disabled"] else escape(user["provider"]) or "password"
        counts = str(user["sessions"]), str(user["tokens"])
        table.add_row(user["name"], ", ".join(user["roles"]), way, _time(user["last_at"]), *counts)
    out.print(table)


@app.command("passwd")
def users_passwd(
    name: Name, password_stdin: Stdin = False, make_up: MadeUp = False, config: Config = None, url: Url = None
) -> None:
    """Give an account another password. All its sessions end."""
    body = {"password": _password(password_stdin, make_up)}
    made = _ask(lambda asked: asked.ask("POST", f"{_path(name)}/password", body), config, url)
    out.print(f"{name}: has another password; all sessions have ended", highlight=False)
    _tell(made["password"])


@app.command("roles")
def users_roles(name: Name, role: Roles, config: Config = None, url: Url = None) -> None:
    """Give an account these roles in place of those that it has. Its sessions end."""
    _ask(lambda asked: asked.ask("PATCH", _path(name), {"roles": role}), config, url)
    out.print(f"{name}: {', '.join(role)}", highlight=False)


@app.command("disable")
def users_disable(name: Name, config: Config = None, url: Url = None) -> None:
    """Nobody can sign in with it any more; its sessions and tokens are over at once. Accounts are never removed."""
    _ask(lambda asked: asked.ask("PATCH", _path(name), {"disabled": True}), config, url)
    out.print(f"{name}: disabled", highlight=False)


@app.command("enable")
def users_enable(name: Name, config: Config = None, url: Url = None) -> None:
    """A disabled account may sign in again, and its tokens open again what they did."""
    _ask(lambda asked: asked.ask("PATCH", _path(name), {"disabled": False}), config, url)
    out.print(f"{name}: enabled", highlight=False)


@app.command("logout")
def users_logout(name: Name, config: Config = None, url: Url = None) -> None:
    """End all sessions of an account."""
    ended = _ask(lambda asked: asked.ask("DELETE", f"{_path(name)}/sessions"), config, url)
    out.print(f"{name}: {ended['ended']} sessions ended", highlight=False)


@tokens.command("add")
def tokens_add(
    name: Name,
    what_for: Annotated[str, typer.Option("--for", help="What it is for")],
    scope: Annotated[
        list[Permission] | None, typer.Option(help="Permission; several are possible; default: all of the account's")
    ] = None,
    days: Annotated[float, typer.Option(min=0.01, help="Until it ends")] = 90.0,
    config: Config = None,
    url: Url = None,
) -> None:
    """Make a token for a program. It is printed this once; programs send `Authorization: Bearer TOKEN`."""
    body = {"name": what_for, "scopes": scope or None, "days": days}
    made = _ask(lambda asked: asked.ask("POST", f"{_path(name)}/tokens", body), config, url)
    err.print(f"Token {made['token']['id']} of {name}, until {_time(made['token']['ends_at'])}:", highlight=False)
    print(made["secret"])


@tokens.command("list")
def tokens_list(name: Name, as_json: Json = False, config: Config = None, url: Url = None) -> None:
    """The tokens of an account, also those that have ended."""
    found = _ask(lambda asked: asked.get(f"{_path(name)}/tokens"), config, url)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    table = Table("Number", "For", "May", "Until", "Used", "Revoked", box=None, header_style="bold")
    for token in found["tokens"]:
        may = "all of the account's" if token["scopes"] is None else ", ".join(token["scopes"])
        times = (_time(token[name]) for name in ("ends_at", "used_at", "revoked_at"))
        table.add_row(str(token["id"]), escape(token["name"]), may, *times)
    out.print(table)


@tokens.command("revoke")
def tokens_revoke(
    name: Name,
    number: Annotated[int, typer.Argument(help="Number of the token, from `users tokens list`")],
    config: Config = None,
    url: Url = None,
) -> None:
    """From now on the token opens nothing."""
    _ask(lambda asked: asked.ask("DELETE", f"{_path(name)}/tokens/{number}"), config, url)
    out.print(f"{name}: token {number} is revoked", highlight=False)


def _path(name: str) -> str:
    return f"/api/users/{quote(name, safe='')}"


def _time(at: float | None) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M") if at else ""


def _tell(made_up: str) -> None:
    if made_up:
        err.print("The password, shown this once:")
        print(made_up)


def _password(from_stdin: bool, make_up: bool) -> str | None:
    """None: the service makes one up."""
    if make_up:
        return None
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise OperatorError("No terminal to ask for the password: use --password-stdin or --make-up.")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise PasswordWeak("The two are not the same.")
    return password


def _ask(work: Callable[[Desk], Awaitable[Any]], config: Path | None, url: str | None) -> Any:
    from monitor.admission import access_desk  # here, as it takes a second that `--help` need not wait for

    settings = load(config)

    async def run() -> Any:
        async with access_desk(settings, url, token_for_commands()) as asked:
            return await work(asked)

    return run_expected(run())
