"""Who is let in: the accounts of a service as its settings want them, and the desk for the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from monitor.access import keys
from monitor.access.accounts import Accounts
from monitor.access.book import Limits, Note
from monitor.access.oidc import Plan, Provider
from monitor.access.passwords import Passwords
from monitor.audit.trail import Trail
from monitor.config import Settings, secret
from monitor.desk import Desk, door
from monitor.errors import AccountsMissing
from monitor.store.access_records import accounts_in
from monitor.store.schema import migrate, schema_version
from monitor.store.store import Store
from monitor.web.auth_users import users
from monitor.web.refusals import refuse_in_words
from monitor.web.server import Door

KEEPING = 30.0
"""Seconds between two writings of who was seen."""
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Admission:
    accounts: Accounts
    provider: Provider | None  # None: passwords alone
    key: str  # opens all, for this service's own use and whoever may read the data directory

    async def keep(self) -> None:
        """For a task of its own."""
        while True:
            await asyncio.sleep(KEEPING)
            await self.accounts.keep()


async def admission(settings: Settings, store: Store, note: Note) -> Admission:
    """Raises AccountsMissing."""
    refuse_without_accounts(settings)
    key = keys.new_token()
    always = bool(reached_by_others(settings) or settings.oidc.issuer)
    accounts = Accounts(store, Passwords.recommended(), note, _limits(settings), own_key=key, always=always)
    await accounts.begin()
    return Admission(accounts, _provider(settings), key)


def refuse_without_accounts(settings: Settings) -> None:
    """Raises AccountsMissing where others could reach the service and nobody could sign in."""
    beyond = reached_by_others(settings)
    if beyond and not settings.oidc.issuer and not accounts_in(settings.storage.data / "monitor.db"):
        raise AccountsMissing(
            f"Others would reach this service ({beyond}), and nobody has an account. Make the first one: "
            "room-monitor users add NAME --role admin (with the same --config)."
        )


def reached_by_others(settings: Settings) -> str:
    """The setting by which others than this machine reach the service; empty: none."""
    web = settings.web
    if web.host not in _LOOPBACK:
        return f"[web] host = {web.host!r}"
    if web.allowed_hosts:
        return f"[web] allowed_hosts = {list(web.allowed_hosts)}"
    return "[web] proxies" if web.proxies else ""


def door_of(settings: Settings) -> Door:
    web = settings.web
    return Door(web.tls_cert, web.tls_key, tuple(str(network) for network in web.proxies))


def access_desk(settings: Settings, url: str | None = None, token: str = "") -> AbstractAsyncContextManager[Desk]:
    """For accounts. `url`: of a service that runs elsewhere, with a `token` for it."""
    return door(settings.storage.data, url, lambda: _own(settings), token)


@asynccontextmanager
async def _own(settings: Settings) -> AsyncIterator[FastAPI]:
    data = settings.storage.data
    database = data / "monitor.db"
    if schema_version(database) is None:
        await asyncio.to_thread(migrate, database)
    async with Store.open(database, lambda _: None) as store:
        trail = Trail(store, data)
        await trail.begin()
        accounts = Accounts(store, Passwords.recommended(), trail.note, _limits(settings))
        await accounts.begin()
        app = FastAPI()
        refuse_in_words(app)
        app.include_router(users(accounts))
        yield app


def _limits(settings: Settings) -> Limits:
    access = settings.access
    return Limits(access.idle_hours * 3600, access.longest_hours * 3600, access.token_days * 86400)


def _provider(settings: Settings) -> Provider | None:
    oidc = settings.oidc
    if not oidc.issuer:
        return None
    plan = Plan(
        issuer=oidc.issuer,
        client_id=oidc.client_id,
        name=oidc.name,
        scopes=oidc.scopes,
        claim=oidc.claim,
        roles={role.value: values for role, values in oidc.roles.items()},
        everyone=tuple(role.value for role in oidc.everyone),
        address=oidc.address,
    )
    return Provider(plan, lambda: secret(oidc.client_secret))
