"""The real web server over real accounts: one of each role, whose password is PASSWORD."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from monitor.access.accounts import Accounts
from monitor.web.app import WebDeps
from tests.helpers.site import Site, site
from tests.helpers.staff import Notes, accounts_over


@dataclass
class AccessSite(Site):
    accounts: Accounts
    notes: Notes


@asynccontextmanager
async def access_site(
    directory: Path, *, parts: dict[str, Any] | None = None, **about: Any
) -> AsyncIterator[AccessSite]:
    """`parts`: fields of WebDeps; `about` is for `accounts_over`."""
    notes = Notes()

    async def prepare(deps: WebDeps) -> WebDeps:
        return replace(deps, access=await accounts_over(deps.store, notes=notes, **about))

    async with site(directory, prepare=prepare, **(parts or {})) as it:
        assert it.deps.access is not None
        yield AccessSite(it.store, it.feed, it.deps, it.url, it.deps.access, notes)
