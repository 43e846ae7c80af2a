"""`room-monitor top`: asks a running service once a second and shows what it says."""

from __future__ import annotations

import time
from typing import Annotated

import httpx
import typer
from rich.live import Live

from monitor.commands.common import Config, out
from monitor.config import load
from monitor.config_access import TOKEN_VARIABLE, token_for_commands
from monitor.errors import OperatorError, ServiceSilent
from monitor.top import Moment, samples, screen
from monitor.web import address

PATIENCE = 5.0
"""Seconds that an answer may take: a service under load answers late and is worth watching."""


def top(
    config: Config = None,
    url: Annotated[
        str | None, typer.Option(help="A service that runs elsewhere; default: the one on this data directory")
    ] = None,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Show one screen and end, as without a terminal")] = False,
) -> None:
    """Watch a running service in the terminal: rooms, lag, load, alerts. Ctrl-C ends it."""
    data = load(config).storage.data
    there = url or address.found(data)
    if there is None:
        raise ServiceSilent(
            "No service runs on this data directory. `room-monitor run` starts one; --url names another."
        )
    # Straight to the service: it is on this machine or named by hand, never behind a proxy.
    shown = address.authorized(token_for_commands() if url else address.key(data))
    with httpx.Client(base_url=there, headers=shown, timeout=PATIENCE, trust_env=False) as client:
        before = _look(client)
        if once or not out.is_terminal:
            out.print(screen(before, None))
            return
        try:
            with Live(screen(before, None), console=out, screen=True, auto_refresh=False) as live:
                while True:
                    time.sleep(every)
                    now = _look(client)
                    live.update(screen(now, before), refresh=True)
                    before = now
        except KeyboardInterrupt:
            return


def _look(client: httpx.Client) -> Moment:
    """Raises ServiceSilent."""
    try:
        texts = [client.get(path) for path in ("/metrics", "/api/rooms", "/api/alerts?limit=8", "/healthz")]
        metrics, rooms, alerts, health = texts
        if refused := next((answer for answer in texts if answer.status_code in (401, 403)), None):
            raise OperatorError(f"{client.base_url}: {refused.json()['detail']} [{TOKEN_VARIABLE}]")
        return Moment(
            time.time(),
            samples(metrics.text),
            rooms.json()["rooms"],
            alerts.json()["alerts"],
            health.json()["reasons"],
        )
    except (httpx.HTTPError, ValueError, KeyError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ServiceSilent(f"The service at {client.base_url} doesn't answer as one: {reason}.") from error
