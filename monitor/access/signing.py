"""Signing in and out, and passwords."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from typing import Any

import structlog

from monitor.access import keys
from monitor.access.book import Book
from monitor.access.passwords import check
from monitor.access.throttle import Throttle
from monitor.account_model import Account, SignedIn
from monitor.errors import AccountConflict, AccountUnknown, SignInFailed, TooManyTries

log = structlog.get_logger()

SESSIONS = 30
"""Sessions of one account; beyond, the one that was seen longest ago ends."""
_AGENT = 200
_WRONG = "The name or the password is wrong, or the account is disabled."


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an identity provider says that somebody is."""

    provider: str  # issuer
    subject: str
    name: str  # what an account may be called
    shown_name: str
    roles: tuple[str, ...]


class Signing(Book):
    """The part of Accounts that people meet."""

    def __init__(self, *parts: Any, **more: Any) -> None:
        """As Book."""
        super().__init__(*parts, **more)
        self._by_pair = Throttle(free=5)
        self._by_name = Throttle(free=50)
        self._by_address = Throttle(free=30)

    async def sign_in(self, name: str, password: str, address: str, agent: str) -> str:
        """The cookie of a new session. Raises SignInFailed, TooManyTries, Overloaded.

        A wrong name takes as long as a wrong password and says the same.
        """
        name = name.strip().lower()
        now = self._clock()
        near = near_address(address)
        pair = f"{name} {near}"
        places = ((self._by_pair, pair), (self._by_name, name), (self._by_address, near))
        if wait := max(throttle.wait(key, now) for throttle, key in places):
            raise TooManyTries(f"Too many tries: wait {wait:.0f} seconds before the next one.", wait=wait)
        for throttle, key in places:
            throttle.take(key, now)
        account = self._accounts.get(name)
        encoded = account.password if account is not None and not account.disabled else ""
        if not await self._passwords.fits(password, encoded) or account is None:
            log.warning("sign-in refused", known=account is not None, pii_name=name, pii_address=address)
            raise SignInFailed(_WRONG)
        self._by_pair.forgive(pair)
        self._by_name.give_back(name)
        self._by_address.give_back(near)
        if self._passwords.outdated(encoded):
            account = replace(account, password=await self._passwords.hash(password))
        return await self._begin_session(account, address, agent)

    async def sign_in_as(self, identity: Identity, address: str, agent: str) -> str:
        """The cookie of a new session of whom an identity provider vouches for. Raises SignInFailed.

        The account is made at the first time. Its roles are those that the provider's claims give, at each time.
        """
        if not identity.roles:
            raise SignInFailed(f"{identity.shown_name} is known there, but has no role here. Ask whoever runs this.")
        known = next((a for a in self._accounts.values() if _same(a, identity)), None)
        if known is None:
            name = self._free_name(identity.name)
            known = Account(
                name, identity.shown_name, (), self._clock(), provider=identity.provider, subject=identity.subject
            )
        elif known.disabled:
            raise SignInFailed(_WRONG)
        if known.roles and set(known.roles) != set(identity.roles):
            await self._note(
                known.name, "account.changed", known.name, roles=",".join(identity.roles), by=known.provider
            )
            await self._end(self._sessions_of(known.name))  # others of this person still have the rights of before
        account = replace(known, roles=identity.roles, shown_name=identity.shown_name)
        return await self._begin_session(account, address, agent)

    async def sign_out(self, cookie: str, *, everywhere: bool = False) -> None:
        """End the session, or all of its account. One that is over already is as good."""
        found = self._sessions.get(keys.digest(cookie))
        if found is not None:
            await self._note(found.account, "session.ended", found.account, everywhere=everywhere)
            await self._end(self._sessions_of(found.account) if everywhere else [found.digest])

    async def end_sessions(self, name: str, by: str, only: str = "", spare: str = "") -> int:
        """How many of the account's sessions ended. `only`: the id of one; `spare`: a cookie. Raises AccountUnknown."""
        account = self.account(name)
        spared = keys.digest(spare) if spare else ""
        gone = [
            digest
            for digest in self._sessions_of(account.name)
            if digest != spared and (not only or self._sessions[digest].id == only)
        ]
        if only and not gone:
            raise AccountUnknown(f"{name} has no session {only!r}; it may have ended meanwhile.")
        if gone:
            await self._note(by, "session.ended", account.name, sessions=len(gone))
        await self._end(gone)
        return len(gone)

    async def _begin_session(self, account: Account, address: str, agent: str) -> str:
        now = self._clock()
        account = replace(account, last_at=now)
        await self._note(account.name, "session.began", account.name, address=address)
        await self._put(account)
        cookie = keys.new_cookie()
        session = SignedIn(keys.digest(cookie), account.name, now, now, address, agent[:_AGENT])
        await self._records.put_sign_in(session)
        self._sessions[session.digest] = session
        mine = sorted(self._sessions_of(account.name), key=lambda digest: self._sessions[digest].seen_at)
        await self._end(mine[:-SESSIONS])
        return cookie

    def _free_name(self, wanted: str) -> str:
        number, name = 1, wanted
        while name in self._accounts:
            number += 1
            name = f"{wanted}-{number}"
        return name

    # passwords

    async def set_password(self, name: str, password: str, by: str, spare: str = "") -> None:
        """A new password; the account's sessions end, but for the one with the cookie `spare`.

        Raises AccountUnknown, AccountConflict, PasswordWeak, Overloaded.
        """
        account = self.account(name)
        if account.provider:
            raise AccountConflict(f"{account.name} signs in at {account.provider}; the password is there.")
        encoded = await self._passwords.hash(check(password, account.name))
        await self._note(by, "account.password", account.name)
        await self._put(replace(self.account(name), password=encoded))
        await self.end_sessions(name, by, spare=spare)

    async def change_password(self, name: str, old: str, new: str, address: str, spare: str) -> None:
        """The same by its owner, who knows the old one. Raises SignInFailed, TooManyTries, too."""
        account = self.account(name)
        key, now = f"{account.name} {near_address(address)}", self._clock()
        if wait := self._by_pair.wait(key, now):
            raise TooManyTries(f"Too many tries: wait {wait:.0f} seconds before the next one.", wait=wait)
        self._by_pair.take(key, now)
        if not await self._passwords.fits(old, account.password):
            raise SignInFailed("The old password is wrong.")
        self._by_pair.forgive(key)
        await self.set_password(name, new, account.name, spare=spare)


def near_address(address: str) -> str:
    """What counts as one place: an IPv4 address, or the /64 that one household has of IPv6."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else address


def _same(account: Account, identity: Identity) -> bool:
    return (account.provider, account.subject) == (identity.provider, identity.subject)
