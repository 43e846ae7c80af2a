"""`room-monitor hosts …`: links with which hosts decide on monitoring, and what rooms have agreed to."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from rich.table import Table

from monitor.commands.common import Config, err, out
from monitor.config import load
from monitor.config_access import token_for_commands
from monitor.running import run_expected

if TYPE_CHECKING:
    from monitor.desk import Desk

app = typer.Typer(help="Hosts: links to switch monitoring on and off, and what rooms agreed to.", no_args_is_help=True)

Url = Annotated[
    str | None,
    typer.Option(help="A service that runs elsewhere (needs ROOM_MONITOR_TOKEN); default: this data directory"),
]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text")]
Room = Annotated[str, typer.Argument(metavar="ROOM", help="Id of a room")]


@app.command("link")
def hosts_link(
    room: Room,
    note: Annotated[
        str, typer.Option("--for", help="For whom it is: on the record with all that is done over it")
    ] = "",
    days: Annotated[float | None, typer.Option(min=0, help="Days that it is good for; default: as set")] = None,
    address: Annotated[str, typer.Option(help="Where hosts reach the service, such as https://monitor.example")] = "",
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Make a link for a room's host, and print it: this once, as nobody can read it again.

    Whoever has it may switch monitoring of this one room on and off, leave speakers out, see the receipt, and have all
    erased. Send it to the host alone.
    """
    body = {"note": note} | ({} if days is None else {"days": days})
    made = _ask(lambda desk: desk.ask("POST", f"/api/rooms/{quote(room, safe='')}/host-links", body), config, url)
    web = load(config).web
    base = address or url or f"http://{web.host}:{web.port}"
    if as_json:
        print(json.dumps({**made, "url": base.rstrip("/") + made["path"]}))
        return
    err.print(f"Link {made['link']['id']}, good until {_moment(made['link']['expires_at'])}:", highlight=False)
    print(base.rstrip("/") + made["path"])


@app.command("links")
def hosts_links(
    room: Annotated[str | None, typer.Option(help="Only this room's")] = None,
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Hosts' links, newest first, also those that open nothing any more."""
    found = _ask(lambda desk: desk.get("/api/host-links", room=room), config, url)
    if as_json:
        print(json.dumps(found))
        return
    table = Table("Link", "Room", "For", "Made", "Good until", "Used", "", box=None, header_style="bold")
    for link in found["links"]:
        state = "" if link["good"] else "revoked" if link["revoked_at"] else "expired"
        times = (_moment(link[name]) for name in ("made_at", "expires_at", "used_at"))
        table.add_row(link["id"], link["room"], link["note"], *times, state)
    out.print(table)


@app.command("revoke")
def hosts_revoke(
    link: Annotated[str, typer.Argument(metavar="LINK", help="Id of a link, from `hosts links`")],
    config: Config = None,
    url: Url = None,
) -> None:
    """Put a link out of force for good. What was said over it stays in force."""
    gone = _ask(lambda desk: desk.ask("DELETE", f"/api/host-links/{quote(link, safe='')}"), config, url)
    out.print(f"{gone['id']} ({gone['room']}): opens nothing any more", highlight=False)


@app.command("show")
def hosts_show(room: Room, as_json: Json = False, config: Config = None, url: Url = None) -> None:
    """What a room has agreed to, on whose word, and how that came to be."""

    async def work(desk: Desk) -> tuple[Any, Any]:
        path = f"/api/rooms/{quote(room, safe='')}/consent"
        return await desk.get(path), await desk.get(f"{path}/entries", limit=200)

    now, past = _ask(work, config, url)
    if as_json:
        print(json.dumps({**now, "entries": past["entries"]}, ensure_ascii=False))
        return
    basis = {"policy": "the operator's policy", "host": "a host", "": "nobody yet"}[now["basis"]]
    out.print(f"{now['room']}: [bold]{now['state']}[/], on the word of {basis}")
    if left_out := [speaker["name"] for speaker in now["speakers"] if not speaker["listen"]]:
        out.print("left out: " + ", ".join(left_out), markup=False, highlight=False)
    table = Table("When", "What", "Who", "Basis", "", box=None, header_style="bold")
    for entry in past["entries"]:
        detail = entry["speaker"] or entry["way"] or entry["notice"]
        table.add_row(_moment(entry["at"]), entry["act"], entry["who"], entry["basis"], detail)
    out.print(table)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M") if at else ""


def _ask(work: Callable[[Desk], Awaitable[Any]], config: Path | None, url: str | None) -> Any:
    from monitor.host_desk import host_desk  # here, as it takes a second that `--help` need not wait for

    settings = load(config)

    async def run() -> Any:
        async with host_desk(settings, url, token_for_commands()) as asked:
            return await work(asked)

    return run_expected(run())
