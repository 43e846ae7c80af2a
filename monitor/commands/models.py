"""`room-monitor models list|fetch|verify|use`: model files, and which of them hears what."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from monitor.commands.common import Config, err, fetch_model, out
from monitor.config import load
from monitor.config_access import token_for_commands
from monitor.running import run_expected

app = typer.Typer(
    help="Model files: what is known, what is here, fetch and verify; and another one in the running service.",
    no_args_is_help=True,
)
Trust = Annotated[bool, typer.Option("--trust", help="Accept a model file whose digest is not known")]
Url = Annotated[str | None, typer.Option(help="A service that runs elsewhere; default: the one on this data directory")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table")]


@app.command("list")
def models_list(
    url: Url = None,
    running: Annotated[bool, typer.Option("--running", help="Only what the running service has loaded")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """The models that are known, and whether they are here; with **--running** those that hear now, and what."""
    if running:
        _running(url, as_json, config)
        return
    from monitor.errors import ModelMissing, ModelUntrusted
    from monitor.speech.weights import find, list_known

    table = Table("Model", "Languages", "Size", "Here", box=None, header_style="bold")
    rows: list[dict[str, Any]] = []
    for known in list_known():
        try:
            here = path = str(find(known.name).path)
        except ModelMissing:
            here, path = "[dim]no[/]", ""
        except ModelUntrusted:
            here, path = "[yellow]yes, but nobody has published its digest: --trust[/]", ""
        languages = "99" if known.multilingual else "English"
        rows.append({"model": known.name, "multilingual": known.multilingual, "bytes": known.size, "path": path})
        table.add_row(known.name, languages, f"{known.size / 1e6:.0f} MB" if known.size else "?", here)
    if as_json:
        print(json.dumps({"models": rows}))
    else:
        out.print(table)
        out.print("[dim]room-monitor models fetch NAME gets one that isn't here[/]", highlight=False)


@app.command("fetch")
def models_fetch(
    name: Annotated[str, typer.Argument(help="Name from `models list`")] = "base", trust: Trust = False
) -> None:
    """Fetch a model into the cache and verify it."""
    out.print(str(fetch_model(name, trust)), soft_wrap=True, highlight=False)


@app.command("verify")
def models_verify(
    name: Annotated[str, typer.Argument(help="Name from `models list`, or a model directory")] = "base",
    trust: Trust = False,
) -> None:
    """Compare a model file with its known SHA-256."""
    from monitor.speech.weights import find, verify

    path = find(name, trust=trust).path
    known = verify(path, trust=trust, anew=True)
    word = f"{known.name}, as published" if known else "unknown digest, trusted because you say so"
    out.print(f"{path}: {word}", soft_wrap=True, highlight=False)


@app.command("use")
def models_use(
    name: Annotated[str, typer.Argument(help="Name from `models list`, or one that the settings name")],
    language: Annotated[
        str, typer.Option(help="Only for this language (ISO 639-1); default: all that has no model of its own")
    ] = "",
    url: Url = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Have the running service hear with another model, without a stop and without losing a word.

    It is loaded beside the one in use, tried, and takes over between two utterances; if it fails, the old one goes on.
    It holds until the service stops: what the settings say counts at the next start.
    """
    if not as_json:
        err.print(f"Loading {escape(name)} in the running service …", highlight=False)
    used = _ask("PUT", url, config, {"model": name, "language": language})
    if as_json:
        print(json.dumps(used))
        return
    what = language or "all languages without a model of their own"
    out.print(f"{used['model']} hears {what} now ({used['took']:g} s; before: {used['before']})", highlight=False)
    if used["trial"]:
        out.print(f"  {used['trial']}", highlight=False)
    place = f'models = {{ {language} = "{name}" }}' if language else f'model = "{name}"'
    out.print(f"  until the service stops; to keep it: [speech] {place}", markup=False, highlight=False)


def _running(url: str | None, as_json: bool, config: Any) -> None:
    found = _ask("GET", url, config)["models"]
    if as_json:
        print(json.dumps({"models": found}))
        return
    table = Table("Model", "Hears", "Knows", box=None, header_style="bold")
    for one in found:
        table.add_row(escape(one["model"]), ", ".join(one["uses"]), "English" if one["english"] else "99 languages")
    out.print(table)


def _ask(method: str, url: str | None, config: Any, body: Any = None) -> Any:
    from monitor.desk import Desk, door
    from monitor.errors import ServiceSilent

    settings = load(config)

    def nobody() -> Any:
        raise ServiceSilent("No service runs on this data directory: set [speech] model and models, and start one.")

    async def ask() -> Any:
        desk: Desk
        async with door(settings.storage.data, url, nobody, token_for_commands()) as desk:
            return await desk.ask(method, "/api/models", body)

    return run_expected(ask())
