"""`room-monitor top`: asks a running service once a second and shows what it says."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live

from monitor.commands.common import Config, out
from monitor.config import load
from monitor.config_access import TOKEN_VARIABLE, token_for_commands
from monitor.errors import OperatorError, ServiceSilent
from monitor.top.keys import keys
from monitor.top.moment import Moment, Service
from monitor.top.screen import Screen
from monitor.top.view import View
from monitor.top.watcher import Watcher
from monitor.web import address

BLINK = 0.1
"""Seconds after which something new is shown at the latest."""


def top(
    config: Config = None,
    url: Annotated[
        str | None, typer.Option(help="A service that runs elsewhere; default: the one on this data directory")
    ] = None,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Show one screen and end, as without a terminal")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line at each look; with --once a single one")
    ] = False,
) -> None:
    """Watch a running service in the terminal: rooms, lag, load, effort, gaps, alerts. `q` ends it, `s` sorts rooms,
    `p` pauses, arrows scroll. Goes on when the service is gone and comes back."""
    data = load(config).storage.data
    service = _find(data, url)
    try:
        if out.is_terminal and not (as_json or once):
            first = _look(service)
            _watch(first, Watcher(first, service, lambda: _find(data, url), every))  # it closes what it asks
            return
        with closing(service):
            if as_json:
                _lines(service, every, once)
            else:
                out.print(Screen(_look(service)))
    except KeyboardInterrupt:
        return


def _find(data: Path, url: str | None) -> Service:
    """Raises ServiceSilent where none runs."""
    there = url or address.found(data)
    if there is None:
        raise ServiceSilent(
            "No service runs on this data directory. `room-monitor run` starts one; --url names another."
        )
    return Service(there, token_for_commands() if url else address.key(data))


def _look(service: Service) -> Moment:
    try:
        return service.look()
    except ServiceSilent:
        raise
    except OperatorError as error:
        raise OperatorError(f"{error} [{TOKEN_VARIABLE}]") from error


def _lines(service: Service, every: float, once: bool) -> None:
    while True:
        typer.echo(json.dumps(_look(service).as_json()))
        if once:
            return
        time.sleep(every)


def _watch(first: Moment, watcher: Watcher) -> None:
    view, shown = View(), watcher.seen
    with keys() as pressed, Live(Screen(first, view, keys=True), console=out, screen=True, auto_refresh=False) as live:
        drawn: object = None
        while not view.over:
            view = view.key(pressed(BLINK), len(shown.moment.rooms))
            shown = shown if view.paused else watcher.seen
            silent_for = time.monotonic() - shown.since if shown.trouble else 0.0
            picture = (view, shown, int(silent_for), out.size)
            if picture != drawn:
                drawn = picture
                live.update(Screen(shown.moment, view, shown.trouble, silent_for, keys=True), refresh=True)
    watcher.stop()
