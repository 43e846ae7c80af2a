"""Accounts over a real database, with hashes that are quick to make, and clients that have signed in."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import argon2
import httpx

from monitor.access.accounts import Accounts
from monitor.access.book import Limits
from monitor.access.passwords import Passwords
from monitor.access.roles import Role
from monitor.store.store import Store

PASSWORD = "seven grey herons"
STAFF = (Role.ADMIN, Role.VIEWER, Role.REVIEWER, Role.LISTENER, Role.OPS)
"""Each has an account of the role's name."""


def quick_passwords() -> Passwords:
    return Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Notes:
    """What would be in the audit log."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, str, dict[str, Any]]] = []

    async def note(self, who: str, action: str, subject: str = "", room: str = "", **detail: Any) -> None:
        self.entries.append((who, action, subject, detail))

    @property
    def actions(self) -> list[str]:
        return [action for _, action, _, _ in self.entries]


async def accounts_over(
    store: Store,
    *,
    staff: tuple[Role, ...] = STAFF,
    limits: Limits | None = None,
    clock: Callable[[], float] = time.time,
    notes: Notes | None = None,
    **more: Any,
) -> Accounts:
    made = Accounts(store, quick_passwords(), (notes or Notes()).note, limits or Limits(), clock=clock, **more)
    await made.begin()
    for role in staff:
        await made.add(role.value, [role], PASSWORD, by="test")
    return made


@asynccontextmanager
async def visitor(url: str, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client that has not signed in."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20, **more) as client:
        yield client


@asynccontextmanager
async def signed_in(url: str, name: str, password: str = PASSWORD) -> AsyncIterator[httpx.AsyncClient]:
    """A client as a page of the service is one: with the session's cookie and its own Origin."""
    async with visitor(url, headers={"Origin": url}) as client:
        answer = await client.post("/api/login", json={"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        yield client
