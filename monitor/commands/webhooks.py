"""`room-monitor webhooks …`: who else is told of alerts, and letters that were given up."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from monitor.commands.common import Config, out
from monitor.config import Settings, load
from monitor.config_access import token_for_commands
from monitor.errors import ServiceSilent
from monitor.running import run_expected

app = typer.Typer(help="Webhooks: how they stand, dead letters, a test.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name in the settings")]
Url = Annotated[str | None, typer.Option(help="A service that runs elsewhere; default: the one on this data directory")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table")]


@app.command("list")
def webhooks_list(url: Url = None, as_json: AsJson = False, config: Config = None) -> None:
    """How each webhook stands: what was taken, what waits, what was given up."""
    found = _ask(load(config), "GET", "/api/webhooks", url)["webhooks"]
    if as_json:
        print(json.dumps(found))
        return
    table = Table("Webhook", "Sent", "Last", "Waiting", "Dead", "Trouble", box=None, header_style="bold")
    for one in found:
        figures = (str(one["sent"]), _when(one["sent_at"]), str(one["waiting"]), str(one["dead"]))
        table.add_row(one["name"], *figures, one["error"].replace("[", "\\["))
    out.print(table)


@app.command("dead")
def webhooks_dead(
    name: Annotated[str | None, typer.Argument(help="Only of this webhook")] = None,
    url: Url = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Letters that nobody took in all their tries, newest first."""
    found = _ask(load(config), "GET", "/api/webhooks/dead", url, webhook=name, limit=1000)["letters"]
    if as_json:
        print(json.dumps(found))
        return
    table = Table("Id", "Webhook", "Made", "What", "About", "Tries", "Error", box=None, header_style="bold")
    for one in found:
        cells = (str(one["id"]), one["webhook"], _when(one["made_at"]), one["kind"], one["subject"], str(one["tries"]))
        table.add_row(*cells, one["error"].replace("[", "\\["))
    out.print(table)


@app.command("replay")
def webhooks_replay(
    name: Name,
    letter: Annotated[int | None, typer.Option(min=0, help="Only this one; default: all of the webhook")] = None,
    url: Url = None,
    config: Config = None,
) -> None:
    """Try letters that were given up again, now."""
    done = _ask(load(config), "POST", f"/api/webhooks/{name}/replay", url, letter=letter)
    out.print(f"{done['letters']} letters wait again", highlight=False)


@app.command("drop")
def webhooks_drop(name: Name, url: Url = None, config: Config = None) -> None:
    """Forget letters that were given up."""
    done = _ask(load(config), "DELETE", f"/api/webhooks/{name}/dead", url)
    out.print(f"{done['letters']} letters forgotten", highlight=False)


@app.command("test")
def webhooks_test(name: Name, url: Url = None, config: Config = None) -> None:
    """Send a letter that says it is a test; `webhooks list` says what became of it."""
    _ask(load(config), "POST", f"/api/webhooks/{name}/test", url)
    out.print("on its way", highlight=False)


def _ask(settings: Settings, method: str, path: str, url: str | None, **query: Any) -> Any:
    from monitor.desk import Desk, door

    def nobody() -> Any:
        raise ServiceSilent("No service runs on this data directory, and only a service sends webhooks.")

    async def ask() -> Any:
        desk: Desk
        async with door(settings.storage.data, url, nobody, token_for_commands()) as desk:
            return await desk.ask(method, path, query=query)

    return run_expected(ask())


def _when(at: float) -> str:
    return f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M:%S}" if at else "never"
