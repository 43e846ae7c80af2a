"""Vault and keeping as the settings want them: for the service, and for commands where no service runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from monitor.audit.trail import Trail
from monitor.config import Settings, secret
from monitor.errors import ConfigInvalid
from monitor.evidence.files import Files
from monitor.evidence.master import CommandMaster, Master, from_text
from monitor.evidence.retention import Terms
from monitor.evidence.ring import Ring
from monitor.keeping import Keeping
from monitor.store.store import Store
from monitor.vault import Plan, Vault
from monitor.vault_start import begin, own_masters, settle_rotation

DIRECTORY = "evidence"


def make_keeping(
    settings: Settings, data: Path, store: Store, ring: Ring, trail: Trail, clock: Callable[[], float]
) -> Keeping:
    """Blocking: reads, or makes, the master key. Raises ConfigInvalid."""
    kept, retained = settings.evidence, settings.retention
    files = Files(data / DIRECTORY)
    vault = Vault(
        store=store,
        ring=ring,
        files=files,
        masters=masters(settings, data),
        plan=Plan(before=kept.before, after=kept.after, ring=kept.ring, longest=kept.session_hours * 3600),
        trail=trail,
        clock=clock,
    )
    terms = Terms(retained.by_severity, retained.right, retained.wrong, record=settings.storage.keep_days)
    return Keeping(store=store, vault=vault, files=files, trail=trail, terms=terms, clock=clock)


@asynccontextmanager
async def ready(keeping: Keeping, data: Path, clock: Callable[[], float]) -> AsyncIterator[None]:
    """Mended after a crash before it is used; within, clips can be kept; afterwards all of them are complete."""
    await begin(keeping.vault, keeping.store, keeping.files, data / "clips", clock)
    await settle_rotation(keeping.store, data / DIRECTORY)
    yield
    await keeping.vault.end()


def masters(settings: Settings, data: Path) -> list[Master]:
    """The master key that the settings name; without any, a file in the data directory, made at the first start."""
    if settings.evidence.kms:
        return [CommandMaster(settings.evidence.kms)]
    if settings.evidence.master_key:
        return [from_text(secret(settings.evidence.master_key), settings.evidence.master_key)]
    return own_masters(data / DIRECTORY)


def old_master(reference: str) -> Master:
    """The key that wrapped until now. Raises ConfigInvalid."""
    if not reference.startswith(("env:", "file:")):
        raise ConfigInvalid(f"{reference}: say where the old master key is as env:NAME or file:PATH")
    return from_text(secret(reference), reference)
