"""The audit log of a store in a directory of the test's, ready to be written."""

from __future__ import annotations

from pathlib import Path

from monitor.audit.trail import Trail
from monitor.store.store import Store


async def trail_of(store: Store, directory: Path) -> Trail:
    trail = Trail(store, directory)
    await trail.begin()
    return trail
