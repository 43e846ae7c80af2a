"""`room-monitor rooms …`: the rooms that are monitored, and whether they can be."""

from __future__ import annotations

import json
import logging
from typing import Annotated

import typer

from monitor.commands.common import Config, err, out, start_log
from monitor.commands.rooms_show import as_object, print_report
from monitor.config import load
from monitor.errors import ConfigInvalid
from monitor.registered import Register
from monitor.running import run_expected

app = typer.Typer(help="The rooms that are monitored, and whether they can be.", no_args_is_help=True)


@app.command("probe")
def rooms_probe(
    room: Annotated[str, typer.Argument(help="Id of a room")],
    seconds: Annotated[float, typer.Option(min=1, help="Listen for at most so long; somebody should talk there")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON")] = False,
    config: Config = None,
) -> None:
    """Join a room for a few seconds, and say step by step how far that comes, and what to do about what fails.

    Visible to the participants as a member of its own; nothing that is heard is kept. A built-in room is probed in the
    service that runs on the data directory. Exit code 1 when a step failed, 0 when none did, also where nobody spoke.
    """
    from monitor.probing import probe_room

    settings = load(config)
    start_log(settings, logging.ERROR)
    rooms = Register(settings.storage.data, settings.rooms).all_ready
    chosen = next((one for one in rooms if one.id == room), None)
    if chosen is None:
        known = ", ".join(one.id for one in rooms) or "none"
        raise ConfigInvalid(f"no room {room!r} in the settings or added at run time; there are: {known}")
    if not as_json:
        err.print(f"Joining {room} ({chosen.kind}) …", highlight=False)
    report = run_expected(probe_room(chosen, settings, seconds))
    print(json.dumps(as_object(report, room), ensure_ascii=False)) if as_json else print_report(out, report)
    raise typer.Exit(1 if report.failed else 0)
