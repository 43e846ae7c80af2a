"""`room-monitor rooms list|add|remove|retry`: through the running service, or written down for its next start."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from monitor.commands.common import Config, out
from monitor.commands.rooms import app
from monitor.config import load
from monitor.config_access import token_for_commands
from monitor.errors import ConfigInvalid
from monitor.running import run_expected

if TYPE_CHECKING:
    from monitor.desk import Desk

__all__ = ["app"]

Url = Annotated[
    str | None, typer.Option(help="A service that runs elsewhere; default: the one on this data directory, or none")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table")]
Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the room")]
_STYLES = {"live": "green", "failed": "red", "waiting": "yellow"}


@app.command("list")
def rooms_list(as_json: Json = False, config: Config = None, url: Url = None) -> None:
    """The rooms, where each comes from, and how it is there now."""

    async def work(asked: Desk) -> tuple[Any, Any]:
        return await asked.get("/api/room-settings"), await asked.get("/api/rooms")

    entries, views = _ask(work, config, url)
    now = {view["id"]: view for view in views["rooms"]}
    rows = [{**entry, **_now(now.get(entry["room"]["id"]))} for entry in entries["rooms"]]
    if as_json:
        print(json.dumps({"rooms": rows}, ensure_ascii=False))
        return
    table = Table("Room", "Kind", "From", "State", "Speakers", box=None, header_style="bold")
    for row in rows:
        state, detail = row["state"], f"  {row['detail']}" if row["detail"] else ""
        told = f"[{_STYLES.get(state, 'dim')}]{state or 'not running'}[/]{escape(detail)}"
        table.add_row(row["room"]["id"], row["room"]["kind"], row["origin"], told, str(row["speakers"]))
    out.print(table)


@app.command("add")
def rooms_add(
    room: Id,
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SETTING=VALUE]...", help="As in the settings file, such as address=wss://… room=1234"),
    ] = None,
    kind: Annotated[str, typer.Option(help="Kind of room: see the settings' reference")] = "builtin",
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Monitor one more room, from now on and after every start.

    Secrets are references: **pin=env:ROOM_MONITOR_SECRET_PIN**, or **pin=file:NAME** for a file in the directory
    `secrets` of the data directory; nothing else may be named.
    """
    fields = {"id": room, "kind": kind, **fields_of(settings or [])}
    _show(_ask(lambda asked: asked.ask("POST", "/api/rooms", fields), config, url), "added", as_json)


@app.command("remove")
def rooms_remove(room: Id, as_json: Json = False, config: Config = None, url: Url = None) -> None:
    """Leave a room that was added at run time. What was heard there stays on the record."""
    _show(_ask(lambda asked: asked.ask("DELETE", f"/api/rooms/{room}"), config, url), "removed", as_json)


@app.command("retry")
def rooms_retry(room: Id, config: Config = None, url: Url = None) -> None:
    """Try again now to join a room that waits or was refused; else that is done every few minutes."""
    _ask(lambda asked: asked.ask("POST", f"/api/rooms/{room}/retry"), config, url)
    out.print(f"{room}: tried again now; `room-monitor rooms list` says what came of it", highlight=False)


def fields_of(said: list[str]) -> dict[str, Any]:
    """Settings of a room from `name=value`; the value as TOML where it is some, else as text. `ice.ipv6=true` sets
    a field of a table. Raises ConfigInvalid."""
    fields: dict[str, Any] = {}
    for one in said:
        name, given, value = one.partition("=")
        if not given:
            raise ConfigInvalid(f"{one}: a setting is said as NAME=VALUE")
        *tables, last = name.split(".")
        inner = fields
        for table in tables:
            inner = inner.setdefault(table, {})
            if not isinstance(inner, dict):
                raise ConfigInvalid(f"{one}: {table} has a value already")
        inner[last] = _value(value)
    return fields


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _now(view: dict[str, Any] | None) -> dict[str, Any]:
    if view is None:
        return {"state": "", "detail": "", "speakers": 0}
    return {"state": view["state"], "detail": view["detail"], "speakers": len(view["speakers"])}


def _show(entry: Any, what: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps(entry, ensure_ascii=False))
    else:
        out.print(f"{entry['room']['id']} ({entry['room']['kind']}): {what}", highlight=False)


def _ask(work: Callable[[Desk], Awaitable[Any]], config: Path | None, url: str | None) -> Any:
    from monitor.room_desk import room_desk  # here, as it takes a second that `--help` need not wait for

    settings = load(config)

    async def run() -> Any:
        async with room_desk(settings, url, token_for_commands()) as asked:
            return await work(asked)

    return run_expected(run())
