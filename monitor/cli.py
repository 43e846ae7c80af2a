"""The command line: `room-monitor --help`."""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from monitor import __version__
from monitor.commands.audit import app as audit
from monitor.commands.bench import app as bench
from monitor.commands.common import Config, err, fetch_model, fetch_recordings, out, start_log
from monitor.commands.evidence import erase, evidence, hold, retention
from monitor.commands.export import app as export
from monitor.commands.hosts import app as hosts
from monitor.commands.keywords_try import app as keywords
from monitor.commands.models import app as models
from monitor.commands.rooms_change import app as rooms
from monitor.commands.top import top
from monitor.commands.users import app as users
from monitor.commands.verify import verify
from monitor.commands.voices import app as voices
from monitor.commands.webhooks import app as webhooks
from monitor.config import Settings, load
from monitor.config_access import token_for_commands
from monitor.errors import MonitorError
from monitor.running import run_expected
from monitor.show import alert_row, alert_table, file_progress, print_finding, print_summary
from monitor.telemetry.logs import configure

app = typer.Typer(
    name="room-monitor",
    help="Hears live audio rooms as a visible listener, and shows what matters with its evidence.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.add_typer(models, name="models")
app.add_typer(keywords, name="keywords")
app.add_typer(rooms, name="rooms")
app.add_typer(hosts, name="hosts")
app.add_typer(voices, name="voices")
app.add_typer(users, name="users")
app.add_typer(bench, name="bench")
app.add_typer(audit, name="audit")
app.add_typer(export, name="export")
app.add_typer(evidence, name="evidence")
app.add_typer(hold, name="hold")
app.command("retention")(retention)
app.command("erase")(erase)
app.command("verify")(verify)
app.add_typer(webhooks, name="webhooks")

Trust = Annotated[bool, typer.Option("--trust", help="Accept a model file whose digest is not known")]
Files = Annotated[list[Path], typer.Argument(help="Audio or video files, anything that FFmpeg reads")]


def main() -> None:
    """Entry point: expected errors become one clear message and exit code 2."""
    try:
        app()
    except MonitorError as error:
        err.print(f"[bold red]{error.code}[/]", end=": ")
        err.print(str(error), markup=False, highlight=False)
        sys.exit(2)


def _version(wanted: bool) -> None:
    if wanted:
        out.print(__version__, highlight=False)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version")
    ] = False,
) -> None:
    # Before any command: an unconfigured log goes to standard output, into what `--json` prints.
    if not structlog.is_configured():
        configure(level=logging.WARNING)


@app.command()
def run(config: Config = None, trust: Trust = False) -> None:
    """Run the service: join the configured rooms, serve the dashboard, until Ctrl-C.

    Start from **config/monitor.toml**: it shows every setting.
    """
    from monitor.app import Service
    from monitor.registered import Register

    settings = _speech(load(config), trust=trust)
    start_log(settings)
    _warn_if_plain(settings)
    if not Register(settings.storage.data, settings.rooms).all_ready:
        err.print(
            "No rooms are configured: the dashboard will be empty. Add a \\[\\[rooms]] table to the settings file, "
            "or use `room-monitor rooms add`."
        )

    async def say(url: str) -> None:
        out.print(f"Room Monitor is running: {url}/   Ctrl-C stops it")

    run_expected(Service(settings).run(say))


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Port of the dashboard; when in use, a free one is taken")] = 8080,
    data: Annotated[
        Path | None,
        typer.Option(help="Where the demo keeps its database and clips; default: the user's data directory"),
    ] = None,
    model: Annotated[str, typer.Option(help="Whisper model")] = "base",
    trust: Trust = False,
    config: Config = None,
) -> None:
    """The whole product in one process: a live room, recorded people who speak in it, the dashboard.

    The first run fetches the model (133 MB) and the recordings (50 MB, of which 2 are kept).
    """
    from monitor import demo as demos

    base = _speech(load(config), model, trust)
    base = base.model_copy(update={"web": base.web.model_copy(update={"port": port})})
    settings = demos.settings_for(base, data or base.storage.data / "demo")
    start_log(settings, logging.WARNING)
    fetch_model(model, trust)
    recordings = fetch_recordings()

    def ready(url: str, speakers: list[str]) -> None:
        out.print(f"\n[bold]Room Monitor[/] is running. In the room: {', '.join(speakers)}, and the monitor.")
        out.print(f"  Dashboard   [link={url}/]{url}/[/]")
        out.print(f"  The room    [link={url}/rooms/demo]{url}/rooms/demo[/]   join with your microphone")
        out.print("  Ctrl-C      stops it\n", highlight=False)

    run_expected(demos.run(settings, recordings, ready))


@app.command()
def replay(
    files: Files,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of a table")] = False,
    split: Annotated[bool, typer.Option("--split-channels", help="Each channel is a speaker of its own")] = False,
    language: Annotated[str | None, typer.Option(help="Language spoken (ISO 639-1); default: detected")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Cut as in a live room, for delay; default: whole sentences")
    ] = False,
    model: Annotated[str | None, typer.Option(help="Whisper model")] = None,
    second: Annotated[str | None, typer.Option(help="Bigger model that hears the hits again; default: as set")] = None,
    trust: Trust = False,
    config: Config = None,
) -> None:
    """Drive the live pipeline from files, as fast as it can, and print the alerts.

    Exit code 1 when a file could not be read (the others are done all the same).
    """
    from monitor.replay import replay as run_replay
    from monitor.replay import summary

    settings = _speech(load(config), model, trust)
    start_log(settings)
    if second:
        settings = settings.model_copy(update={"speech": settings.speech.model_copy(update={"second": second})})
    for name in filter(None, (settings.speech.model, *settings.speech.models.values(), settings.speech.second)):
        fetch_model(name, settings.speech.trust)
    table = alert_table()

    def emit(row: dict[str, Any]) -> None:
        if as_json:
            print(json.dumps(row, ensure_ascii=False), flush=True)
        elif row["type"] in ("alert", "second", "voice"):
            table.add_row(*alert_row(row))
        elif row["type"] == "problem":
            err.print(row["message"], style="red", markup=False)

    begun = time.monotonic()
    with file_progress(err, files) as progress:
        tally = run_expected(run_replay(files, settings, emit, progress, split=split, language=language, live=live))
    closing = summary(tally, time.monotonic() - begun, settings.speech.model)
    if as_json:
        print(json.dumps(closing, ensure_ascii=False))
    else:
        print_summary(out, table, tally.coverage, closing)
    raise typer.Exit(1 if tally.unreadable else 0)


@app.command()
def check(
    measure: Annotated[
        bool, typer.Option("--measure/--no-measure", help="Hear something for a few seconds, to propose workers")
    ] = True,
    config: Config = None,
) -> None:
    """Say what is missing or wrong, and how to mend it. Exit code 1 when the service would not run.

    It measures how much speech this machine hears in a second, by workers and threads: some seconds on all cores, so
    not while a service runs on this data directory.
    """
    from monitor.check import findings

    wrong = False
    for finding in findings(config, measure):
        print_finding(out, finding.grade, finding.what, finding.found, finding.mend)
        wrong = wrong or finding.grade == "wrong"
    raise typer.Exit(1 if wrong else 0)


@app.command()
def canary(
    url: Annotated[
        str | None, typer.Option(help="A service that runs elsewhere; default: the one on this data directory")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON")] = False,
    config: Config = None,
) -> None:
    """Let the running service speak its known phrase now, and say whether its alert came in time.

    It must be on: **[canary] enabled = true**. Exit code 1 when the phrase was missed, was late or could not be spoken.
    """
    from monitor.canary import request
    from monitor.show import print_canary

    ran = request(load(config), url, token_for_commands())
    print(ran.model_dump_json()) if as_json else print_canary(out, ran)
    raise typer.Exit(0 if ran.outcome == "heard" else 1)


app.command("top")(top)


@app.command()
def migrate(config: Config = None) -> None:
    """Bring the database to the schema of this version. Safe to repeat; stop the service first."""
    from monitor.store.schema import migrate as run_migrate

    path = load(config).storage.data / "monitor.db"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    run_migrate(path)
    out.print(f"{path}: up to date")


@app.command("feed-schema")
def feed_schema() -> None:
    """Print the JSON Schema of the websocket feed."""
    from monitor.messages import FEED

    print(json.dumps(FEED.json_schema(mode="serialization"), indent=2, ensure_ascii=False))


# shared by the commands


def _speech(settings: Settings, model: str | None = None, trust: bool = False) -> Settings:
    """The settings with what the command line says of the model."""
    said: dict[str, Any] = ({"model": model} if model else {}) | ({"trust": True} if trust else {})
    return settings.model_copy(update={"speech": settings.speech.model_copy(update=said)})


def _warn_if_plain(settings: Settings) -> None:
    web = settings.web
    if web.host not in ("127.0.0.1", "localhost", "::1") and web.tls_cert is None and not web.proxies:
        err.print(
            f"[yellow]The service listens on {web.host} without TLS:[/] passwords, cookies and words can be read "
            "on the way. Set \\[web] tls_cert and tls_key, or put a proxy with TLS in front and name it in proxies."
        )
