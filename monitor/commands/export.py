"""`room-monitor export …`: an alert or an incident as one signed archive."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from monitor.commands.common import Config, out
from monitor.config import Settings, load
from monitor.config_access import token_for_commands
from monitor.running import run_expected

if TYPE_CHECKING:
    from fastapi import FastAPI

app = typer.Typer(help="An alert or an incident as a signed archive: `verify` checks it.", no_args_is_help=True)

Reason = Annotated[str, typer.Option(help="Why it is needed; it goes into the audit log", prompt=True)]
To = Annotated[Path | None, typer.Option("--out", "-o", help="The file; default: named after what it is about")]
Url = Annotated[str | None, typer.Option(help="A service that runs elsewhere; default: the one on this data directory")]


@app.command("alert")
def export_alert(
    alert: Annotated[str, typer.Argument(help="Id of the alert")],
    reason: Reason,
    file: To = None,
    url: Url = None,
    config: Config = None,
) -> None:
    """Write an alert with its clip, transcript, rules, decisions and audit log into one signed archive."""
    _export(
        f"/api/alerts/{quote(alert, safe='')}/export",
        reason,
        file or Path(f"alert-{Path(alert).name}.zip"),
        url,
        config,
    )


@app.command("incident")
def export_incident(
    incident: Annotated[int, typer.Argument(min=0, help="Number of the incident")],
    reason: Reason,
    file: To = None,
    url: Url = None,
    config: Config = None,
) -> None:
    """The same for all alerts of an incident."""
    _export(f"/api/incidents/{incident}/export", reason, file or Path(f"incident-{incident}.zip"), url, config)


@app.command("key")
def export_key(config: Config = None) -> None:
    """Print the public key that exports are signed with: give it to whoever will check them."""
    from monitor.audit.signing import Signer, fingerprint, written

    data = load(config).storage.data
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    public = Signer(data).public
    out.print(f"{written(public)}\nfingerprint {fingerprint(public)}", highlight=False, soft_wrap=True)


def _export(path: str, reason: str, file: Path, url: str | None, config: Path | None) -> None:
    content = run_expected(_fetched(load(config), path, reason, url))
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it holds what somebody said
    with os.fdopen(descriptor, "wb") as written:
        written.write(content)
    out.print(
        f"{file}: {len(content)} bytes. Check it with room-monitor verify {file}", highlight=False, soft_wrap=True
    )


async def _fetched(settings: Settings, path: str, reason: str, url: str | None) -> bytes:
    from monitor.desk import door

    async with door(settings.storage.data, url, lambda: _own(settings), token_for_commands()) as desk:
        return await desk.fetch("POST", path, {"reason": reason})


@asynccontextmanager
async def _own(settings: Settings) -> AsyncIterator[FastAPI]:
    """The API for the moment, where no service runs."""
    from fastapi import FastAPI

    from monitor.audit.trail import Trail
    from monitor.evidence.ring import Ring
    from monitor.exporting import Exporter
    from monitor.keeping_house import make_keeping
    from monitor.store.store import Store
    from monitor.web.audit import exports
    from monitor.web.refusals import refuse_in_words

    data = settings.storage.data
    async with Store.open(data / "monitor.db", lambda _: None) as store:
        trail = Trail(store, data)
        await trail.begin()
        vault = make_keeping(settings, data, store, Ring(), trail, time.time).vault
        app = FastAPI()
        refuse_in_words(app)
        app.include_router(exports(Exporter(store, trail, data, vault.wav)))
        yield app
