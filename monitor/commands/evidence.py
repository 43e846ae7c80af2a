"""`room-monitor retention | erase | hold … | evidence …`: through the running service, or on its files."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from monitor.commands.common import Config, out
from monitor.config import Settings, load
from monitor.config_access import token_for_commands
from monitor.errors import ConfigInvalid
from monitor.running import run_expected

if TYPE_CHECKING:
    from fastapi import FastAPI

    from monitor.desk import Desk

evidence = typer.Typer(help="Evidence: visits to rooms with their keys, and receipts.", no_args_is_help=True)
hold = typer.Typer(help="Legal holds: what stays whatever retention says.", no_args_is_help=True)

Url = Annotated[
    str | None, typer.Option(help="A service that runs elsewhere; default: the one on this data directory, or none")
]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text")]
Reason = Annotated[str, typer.Option(help="One line; kept for good, so name nobody")]
InRoom = Annotated[str, typer.Option("--room", help="Of a speaker: only in this room; default: in all")]
Subject = Annotated[str, typer.Argument(metavar="ID", help="Its id")]


class What(StrEnum):
    ROOM = "room"
    SPEAKER = "speaker"
    SESSION = "session"
    ALERT = "alert"


def retention(
    now: Annotated[bool, typer.Option("--now/--dry-run", help="Let it go now; else say what would")] = False,
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Say what has had its time, or let it go now. The service does that every hour."""
    found = _ask(lambda desk: desk.ask("POST" if now else "GET", "/api/retention"), config, url)
    if as_json:
        print(json.dumps(found))
        return
    table = Table("Alert", "Room", "Severity", "Raised", "Why", "", box=None, header_style="bold")
    for each in found["going"]:
        kept = f"[yellow]kept by hold {each['hold']}[/]" if each["hold"] else ""
        table.add_row(each["alert"], each["room"], each["severity"], _moment(each["raised_at"]), each["why"], kept)
    if found["going"]:
        out.print(table)
    out.print(
        f"{'Gone' if now else 'Would go now'}: {found['alerts']} alerts with their clips, {found['utterances']} "
        f"utterances, {found['events']} messages of the feed, the keys of {found['sessions']} visits. "
        f"On hold: {found['held']} alerts.",
        highlight=False,
        soft_wrap=True,
    )


def erase(
    what: Annotated[What, typer.Argument(help="What to erase")],
    subject: Subject,
    reason: Reason,
    room: InRoom = "",
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask")] = False,
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Erase everything about a room, speaker, session or alert: audio, words, alerts, messages, names. For good.

    Afterwards it is tried to open what was erased, and looked for in the file of the database: the receipt says what
    came of it. Exit code 1 when anything is left.
    """
    if not yes:
        typer.confirm(f"Erase all of {what.value} {subject}? It can't be had back.", abort=True)
    body = {"kind": what.value, "subject": subject, "room": room, "reason": reason}
    receipt = _ask(lambda desk: desk.ask("POST", "/api/erasures", body), config, url)
    detail = receipt["detail"]
    left = detail["opened"] or detail["files_left"] or detail["found_in_database_file"] or not detail["log_emptied"]
    if as_json:
        print(json.dumps(receipt))
    else:
        rows = ", ".join(f"{count} {name}" for name, count in sorted(detail["rows"].items())) or "nothing in rows"
        out.print(f"Receipt {receipt['id']}: {rows}.", highlight=False, soft_wrap=True)
        out.print(
            f"Tried to open {detail['tried']} clips: {detail['opened']} opened. Files left: {detail['files_left']}. "
            f"Ids and keys found in the database's file: {detail['found_in_database_file']}. "
            f"Its log is {'empty' if detail['log_emptied'] else 'not empty: somebody reads all the time'}.",
            highlight=False,
            soft_wrap=True,
        )
    raise typer.Exit(1 if left else 0)


@hold.command("add")
def hold_add(
    what: Annotated[What, typer.Argument(help="What to hold")],
    subject: Subject,
    reason: Reason,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="When it runs out")],
    room: InRoom = "",
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Keep a room, speaker, session or alert until a day, whatever retention says. Nobody can erase it then."""
    body = {"kind": what.value, "subject": subject, "room": room, "reason": reason, "until": until.timestamp()}
    made = _ask(lambda desk: desk.ask("POST", "/api/holds", body), config, url)
    print(json.dumps(made)) if as_json else out.print(f"Hold {made['id']}, until {_moment(made['until'])}")


@hold.command("list")
def hold_list(as_json: Json = False, config: Config = None, url: Url = None) -> None:
    """All holds, newest first."""
    found = _ask(lambda desk: desk.ask("GET", "/api/holds"), config, url)["holds"]
    if as_json:
        print(json.dumps({"holds": found}))
        return
    table = Table("Hold", "Of", "Until", "By", "Reason", "", box=None, header_style="bold")
    for each in found:
        over = f"released by {each['released_by']}: {each['release_reason']}" if each["released_at"] else ""
        over = over or ("run out" if each["until"] <= time.time() else "")
        named = f"{each['kind']} {each['subject']}" + (f" in {each['room']}" if each["room"] else "")
        table.add_row(str(each["id"]), named, _moment(each["until"]), each["who"], each["reason"], over)
    out.print(table)


@hold.command("release")
def hold_release(
    number: Annotated[int, typer.Argument(metavar="HOLD", min=1)],
    reason: Reason,
    config: Config = None,
    url: Url = None,
) -> None:
    """End a hold before its time."""
    _ask(lambda desk: desk.ask("POST", f"/api/holds/{number}/release", {"reason": reason}), config, url)
    out.print(f"Hold {number} is released.", highlight=False)


@evidence.command("sessions")
def evidence_sessions(
    room: Annotated[str | None, typer.Option(help="Only of this room")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most")] = 50,
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Visits to rooms, newest first: whether each one's key is still there, and for how many clips."""
    found = _ask(lambda desk: desk.get("/api/sessions", room=room, limit=limit), config, url)["sessions"]
    if as_json:
        print(json.dumps({"sessions": found}))
        return
    table = Table("Session", "Room", "From", "To", "Key", "Clips", box=None, header_style="bold")
    for each in found:
        to = _moment(each["closed_at"]) if each["closed_at"] else "goes on"
        table.add_row(each["id"], each["room"], _moment(each["opened_at"]), to, each["key"], str(each["clips"]))
    out.print(table)


@evidence.command("receipts")
def evidence_receipts(
    room: Annotated[str | None, typer.Option(help="Only of this room")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most")] = 50,
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """What was destroyed, newest first."""
    found = _ask(lambda desk: desk.get("/api/receipts", room=room, limit=limit), config, url)["receipts"]
    if as_json:
        print(json.dumps({"receipts": found}))
        return
    table = Table("Receipt", "When", "What", "By", "Why", box=None, header_style="bold")
    for each in found:
        table.add_row(
            str(each["id"]), _moment(each["at"]), f"{each['kind']}: {each['subject']}", each["who"], each["why"]
        )
    out.print(table)


@evidence.command("check")
def evidence_check(
    receipt: Annotated[int, typer.Argument(metavar="RECEIPT", min=1)],
    as_json: Json = False,
    config: Config = None,
    url: Url = None,
) -> None:
    """Try again whether what a receipt says is destroyed can be found or opened. Exit code 1 if so."""
    found = _ask(lambda desk: desk.get(f"/api/receipts/{receipt}/check"), config, url)
    if as_json:
        print(json.dumps(found))
    else:
        text = "holds: nothing of it can be found or opened" if found["holds"] else "; ".join(found["wrong"])
        out.print(f"Receipt {receipt}: {text}", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if found["holds"] else 1)


@evidence.command("rotate")
def evidence_rotate(
    old: Annotated[
        str,
        typer.Option(help="Where the master key was until now, if the settings name another: env:NAME, file:PATH"),
    ] = "",
    config: Config = None,
) -> None:
    """Wrap all keys with a new master key; stop the service first. No clip is written anew.

    A key in the data directory is replaced by a new one. Keys from elsewhere: set the new one, and name the **--old**.
    """
    count, named = run_expected(_rotate(load(config), old))
    out.print(f"The keys of {count} visits are wrapped by the master key {named} now.", highlight=False)


async def _rotate(settings: Settings, old: str) -> tuple[int, str]:
    from monitor.audit.trail import Trail
    from monitor.evidence import master
    from monitor.evidence.ring import Ring
    from monitor.keeping_house import DIRECTORY, make_keeping, old_master
    from monitor.store.lock import owned
    from monitor.store.store import Store
    from monitor.vault_start import KEY_FILE, rotate

    data = settings.storage.data
    own = not (settings.evidence.kms or settings.evidence.master_key)
    if not own and not old:
        raise ConfigInvalid("The settings name the new master key; say where the old one is: --old env:NAME|file:PATH")
    with owned(data):
        async with Store.open(data / "monitor.db", lambda _: None) as store:
            trail = Trail(store, data)
            await trail.begin()
            keeping = await asyncio.to_thread(make_keeping, settings, data, store, Ring(), trail, time.time)
            sessions, path = keeping.vault.sessions, data / DIRECTORY / KEY_FILE
            if own and not old:
                sessions.wrap_with(await asyncio.to_thread(master.make_next, path))
            new = sessions.wrapper
            if old:
                sessions.wrap_with(await asyncio.to_thread(old_master, old))
            count = await rotate(keeping.vault, store, trail, new)
            if own and not old:
                await asyncio.to_thread(master.promote, path)
            return count, new.id


def _ask(work: Callable[[Desk], Awaitable[Any]], config: Path | None, url: str | None) -> Any:
    from monitor.desk import door  # here, as it takes a second that `--help` need not wait for

    settings = load(config)

    async def run() -> Any:
        async with door(settings.storage.data, url, lambda: _own(settings), token_for_commands()) as desk:
            return await work(desk)

    return run_expected(run())


@asynccontextmanager
async def _own(settings: Settings) -> AsyncIterator[FastAPI]:
    """The API for the moment, where no service runs."""
    from fastapi import FastAPI

    from monitor.audit.trail import Trail
    from monitor.evidence.ring import Ring
    from monitor.keeping_house import make_keeping, ready
    from monitor.store.store import Store
    from monitor.web.keeping import keeping
    from monitor.web.refusals import refuse_in_words

    data = settings.storage.data
    async with Store.open(data / "monitor.db", lambda _: None) as store:
        trail = Trail(store, data)
        await trail.begin()
        keeper = await asyncio.to_thread(make_keeping, settings, data, store, Ring(), trail, time.time)
        async with ready(keeper, data, time.time):
            app = FastAPI()
            refuse_in_words(app)
            app.include_router(keeping(keeper))
            yield app


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M")
