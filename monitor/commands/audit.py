"""`room-monitor audit …`: who did what, and whether the log of it is what was written."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from monitor.commands.common import Config, err, out
from monitor.config import load
from monitor.errors import ConfigInvalid
from monitor.running import run_expected

if TYPE_CHECKING:
    from monitor.audit.chain import Fault
    from monitor.audit.head import Mark
    from monitor.model import AuditEntry
    from monitor.store.audit_records import AuditRecords

app = typer.Typer(help="The audit log: who did what, and whether it is whole.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table")]


@app.command("verify")
def audit_verify(
    head: Annotated[
        str | None, typer.Option(help="A head that was written down elsewhere (NUMBER:HASH), to compare with")
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Read the whole audit log, and name each entry that was changed, moved, left out or cut off.

    Works on the files, also while the service runs. Prints the head: write it down elsewhere, and give it to **--head**
    later. Exit code 1 when something is wrong.
    """
    data = load(config).storage.data
    last, faults = run_expected(_verified(data, _mark(head)))
    newest = f"{last.number}:{last.hash}" if last else ""
    if as_json:
        print(json.dumps({"whole": not faults, "head": newest, "faults": [asdict(fault) for fault in faults]}))
    else:
        for fault in faults:
            out.print(f"[bold red]{fault.kind}[/]", end=" ")
            out.print(fault.what, markup=False, highlight=False, soft_wrap=True)
        count = last.number if last else 0
        out.print(f"{count} entries, {'the log is whole' if not faults else f'{len(faults)} faults'}.", highlight=False)
        out.print(f"head {newest}", highlight=False, soft_wrap=True)
    raise typer.Exit(1 if faults else 0)


@app.command("show")
def audit_show(
    subject: Annotated[
        str | None, typer.Option(help="Only what was done to this: id of an alert, name of a list")
    ] = None,
    room: Annotated[str | None, typer.Option(help="Only of this room")] = None,
    who: Annotated[str | None, typer.Option(help="Only of this person")] = None,
    action: Annotated[
        str | None, typer.Option(help='Only this, or with a dot at its end all of a kind: "evidence."')
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most")] = 50,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Who did what, newest last."""
    from monitor.store.audit_records import AuditRecords

    wanted = partial(AuditRecords.audit, limit=limit, subject=subject, room=room, who=who, action=action)
    found = run_expected(_found(load(config).storage.data, wanted))
    if as_json:
        for entry in found:
            print(_line(entry))
        return
    table = Table("No.", "When", "Who", "What", "To", "Room", "Detail", box=None, header_style="bold")
    for entry in found:
        when = f"{datetime.fromtimestamp(entry.at):%Y-%m-%d %H:%M:%S}"
        cells = (entry.who, entry.action, entry.subject, entry.room, _detail(entry))
        table.add_row(str(entry.number), when, *(cell.replace("[", "\\[") for cell in cells))
    out.print(table)


@app.command("export")
def audit_export(
    file: Annotated[Path, typer.Argument(help="JSON lines; `-` is the standard output", allow_dash=True)],
    config: Config = None,
) -> None:
    """Write the whole log to a file: one entry a line with its hashes, so that others can keep and check it."""
    count = run_expected(_written(load(config).storage.data, file))
    err.print(f"{count} entries written", highlight=False)


async def _verified(data: Path, elsewhere: Mark | None) -> tuple[AuditEntry | None, list[Fault]]:
    from monitor.audit.head import Head
    from monitor.audit.trail import verify

    async with _records(data) as records:
        return await records.last_audit(), await verify(records, Head(data), elsewhere)


async def _found(data: Path, wanted: Callable[[AuditRecords], Awaitable[list[AuditEntry]]]) -> list[AuditEntry]:
    async with _records(data) as records:
        return (await wanted(records))[::-1]


async def _written(data: Path, file: Path) -> int:
    count = 0
    async with _records(data) as records:
        with contextlib.nullcontext(sys.stdout) if str(file) == "-" else file.open("w", encoding="utf-8") as lines:
            async for entry in records.audit_entries():
                lines.write(_line(entry) + "\n")
                count += 1
    return count


@asynccontextmanager
async def _records(data: Path) -> AsyncIterator[AuditRecords]:
    """Reads only: the service may run meanwhile."""
    from monitor.store.audit_records import AuditRecords
    from monitor.store.engines import reading
    from monitor.store.schema import check_schema

    path = data / "monitor.db"
    check_schema(path)
    engine = reading(path)
    try:
        yield AuditRecords(engine)
    finally:
        await engine.dispose()


def _line(entry: AuditEntry) -> str:
    return json.dumps(asdict(entry), ensure_ascii=False)


def _detail(entry: AuditEntry) -> str:
    try:
        said: dict[str, Any] = json.loads(entry.detail)
        return ", ".join(f"{key}: {value}" for key, value in said.items())
    except (ValueError, AttributeError):
        return entry.detail


def _mark(text: str | None) -> Mark | None:
    from monitor.audit.head import Mark

    if text is None:
        return None
    try:
        return Mark.parse(text)
    except ValueError as error:
        raise ConfigInvalid(f"--head: {error}, as `room-monitor audit verify` prints it") from None
