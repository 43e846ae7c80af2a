"""What the web server needs from the rest, as plain values and functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fastapi import APIRouter

from monitor.access.accounts import Accounts
from monitor.access.oidc import Provider
from monitor.alerts.feed import Feed
from monitor.audit.trail import Trail
from monitor.catalog.backtests import Backtests
from monitor.catalog.catalog import Catalog
from monitor.exporting import Exporter
from monitor.hearing.coverage import Unfinished
from monitor.keeping import Keeping
from monitor.messages import CanaryRan, Hello
from monitor.reviewing import PLAN, ReviewPlan
from monitor.store.store import Store
from monitor.telemetry.metrics import Metrics
from monitor.web.standing import Standing
from monitor.wire import Wire

STATIC = Path(__file__).parent / "static"
"""Where the package's build puts the console."""


class Canary(Protocol):
    """See monitor/canary.py."""

    last: CanaryRan | None

    async def ask(self) -> CanaryRan:
        """Raises Busy, OperatorError."""
        ...


@dataclass(frozen=True, slots=True)
class WebDeps:
    store: Store
    feed: Feed
    hello: Callable[[], Hello]  # the present state; seq, after and truncated are filled in for each client
    health: Callable[[], list[str]]  # what is wrong now, in plain words; empty: nothing
    metrics: Metrics
    trail: Trail  # the audit log: `await deps.trail.note(who.name, "evidence.heard", alert, room)`, before it is done
    keeping: Keeping | None = None  # the evidence: clips, holds, retention, erasure; None: not over this server
    catalog: Catalog | None = None  # keyword lists as things that people change; None: not over this server
    backtests: Backtests | None = None
    # Serves one participant of a built-in room until it leaves; None: there are no such rooms.
    serve_room: Callable[[str, Wire], Awaitable[None]] | None = None
    # "name", "notice" and "participants" of a built-in room; None: no such room.
    room_info: Callable[[str], Mapping[str, Any] | None] = lambda _: None
    canary: Canary | None = None  # None: it is off
    unfinished: Callable[[], Sequence[Unfinished]] = lambda: ()  # tracks under way, for time lines
    standing: Callable[[], Standing] | None = None  # what the service knows of itself; None: nothing measures it
    access: Accounts | None = None  # accounts, sessions and tokens; None: only this machine is served
    provider: Provider | None = None  # the company's identity provider; None: passwords alone
    routes: Sequence[APIRouter] = ()  # more of the API, from above the web
    exporter: Exporter | None = None  # signed archives of alerts and incidents; None: not over this server
    heartbeat: float = 5.0  # seconds
    review: ReviewPlan = PLAN  # how long claims hold, and what the console offers
    history: int = 200  # events that a client gets who doesn't say after which one
    static: Path = STATIC
    # Host names beside localhost that are accepted on a loopback address (a proxy on the same machine sends its own).
    allowed_hosts: tuple[str, ...] = ()
