"""A real vault over a real database, with a master key of the test's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from monitor.audit.trail import Trail
from monitor.evidence.files import Files
from monitor.evidence.master import key_master
from monitor.evidence.retention import Terms
from monitor.evidence.ring import Ring
from monitor.evidence_model import Found
from monitor.keeping import Keeping
from monitor.model import Severity
from monitor.store.store import Store
from monitor.vault import Plan, Vault

MASTER = key_master(bytes(range(32)))
PLAN = Plan(before=2.0, after=1.0, ring=60.0, longest=86400.0)
DAYS = {Severity.CRITICAL: 90.0, Severity.HIGH: 60.0, Severity.MEDIUM: 30.0, Severity.LOW: 14.0, Severity.INFO: 7.0}
TERMS = Terms(DAYS, right=180.0, wrong=3.0, record=30.0)


def keeping_of(
    store: Store,
    directory: Path,
    trail: Trail,
    ring: Ring | None = None,
    clock: Callable[[], float] = time.time,
    *,
    plan: Plan = PLAN,
    forget: Callable[[Found], None] = lambda _: None,
) -> Keeping:
    """As monitor/house.py puts it together."""
    files = Files(directory / "evidence")
    vault = Vault(
        store=store,
        ring=Ring() if ring is None else ring,
        files=files,
        masters=[MASTER],
        plan=plan,
        trail=trail,
        clock=clock,
    )
    return Keeping(store=store, vault=vault, files=files, trail=trail, terms=TERMS, clock=clock, forget=forget)
