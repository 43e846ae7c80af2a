"""Accounts, sessions and API tokens as the service knows them: who asks, and until when.

All is held in memory and written down before it counts: one process owns the data directory, so what it knows is what
is so, and a session that ends ends at once, also for those who follow the feed.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from monitor.access import keys
from monitor.access.leases import Leases
from monitor.access.passwords import Passwords
from monitor.access.roles import LOCAL, Permission, Person, Role, permitted
from monitor.account_model import Account, ApiToken, SignedIn
from monitor.errors import AccountUnknown

Note = Callable[..., Awaitable[Any]]
"""`await note(who, action, subject, **detail)`: writes it into the audit log, before it is done."""

SEEN = 60.0
"""Seconds between two writings of when a session or token was used last."""


class Records(Protocol):
    """What is kept. See monitor/store/access_records.py."""

    async def accounts(self) -> list[Account]: ...
    async def sign_ins(self) -> list[SignedIn]: ...
    async def api_tokens(self) -> list[ApiToken]: ...
    async def put_account(self, account: Account) -> None: ...
    async def put_sign_in(self, session: SignedIn) -> None: ...
    async def end_sign_ins(self, digests: Iterable[str]) -> None: ...
    async def add_api_token(self, token: ApiToken) -> int: ...
    async def put_api_token(self, token: ApiToken) -> None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what holds. Seconds."""

    idle: float = 8 * 3600.0
    longest: float = 7 * 86400.0
    token: float = 365 * 86400.0


class Book:
    """`begin` first. Methods that change something raise StoreFailed, upon which nothing has changed."""

    def __init__(
        self,
        records: Records,
        passwords: Passwords,
        note: Note,
        limits: Limits = Limits(),
        own_key: str = "",
        always: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`own_key`: a token that opens all to whoever may read the data directory; empty: none.

        `always`: nobody may do anything without an account, also while there is none.
        """
        self._records = records
        self._passwords = passwords
        self._note = note
        self.limits = limits
        self._own = keys.digest(own_key) if own_key else ""
        self._always = always
        self._clock = clock
        self._accounts: dict[str, Account] = {}
        self._sessions: dict[str, SignedIn] = {}
        self._tokens: dict[str, ApiToken] = {}
        self._unwritten: set[str] = set()  # digests of what was used since the last `keep`
        self.leases = Leases()

    async def begin(self) -> None:
        """Read what is kept."""
        self._accounts = {account.name: account for account in await self._records.accounts()}
        self._sessions = {session.digest: session for session in await self._records.sign_ins()}
        self._tokens = {token.digest: token for token in await self._records.api_tokens()}
        await self.keep()

    async def keep(self) -> None:
        """Write down who was seen, and end the sessions whose time is over. Now and then."""
        over = [digest for digest, session in self._sessions.items() if self._over(session)]
        await self._end(over)
        used, self._unwritten = self._unwritten, set()
        for digest in used:
            if (session := self._sessions.get(digest)) is not None:
                await self._records.put_sign_in(session)
            elif (token := self._tokens.get(digest)) is not None:
                await self._records.put_api_token(token)

    # who asks

    @property
    def needed(self) -> bool:
        """Whether anybody has an account, so that nobody may do anything without."""
        return self._always or bool(self._accounts)

    def by_token(self, token: str) -> tuple[Person, str] | None:
        """Who it is, and the lease's key; None: it opens nothing (any more)."""
        digest = keys.digest(token)
        if self._own and digest == self._own:
            return LOCAL, digest
        found = self._tokens.get(digest)
        now = self._clock()
        if found is None or found.revoked_at is not None or found.ends_at <= now:
            return None
        account = self._accounts.get(found.account)
        if account is None or account.disabled:
            return None
        if found.used_at is None or now - found.used_at > SEEN:
            self._tokens[digest] = replace(found, used_at=now)
            self._unwritten.add(digest)
        scopes = None if found.scopes is None else frozenset(Permission(scope) for scope in found.scopes)
        return Person(account.name, roles_of(account), "token", scopes=scopes), digest

    def by_cookie(self, cookie: str) -> tuple[Person, str] | None:
        """The same for a session."""
        digest = keys.digest(cookie)
        found = self._sessions.get(digest)
        if found is None or self._over(found):
            return None
        account = self._accounts.get(found.account)
        if account is None or account.disabled:
            return None
        now = self._clock()
        if now - found.seen_at > SEEN:
            self._sessions[digest] = replace(found, seen_at=now)
            self._unwritten.add(digest)
        return Person(account.name, roles_of(account), "session"), digest

    async def until_over(self, key: str) -> None:
        """Returns once what has this lease's key opens nothing any more. Whoever waits here is present: not idle."""
        with self.leases.hold(key) as lease:
            while not lease.ended and self._holds(key):
                await lease.wait(SEEN)

    def _holds(self, key: str) -> bool:
        if (session := self._sessions.get(key)) is not None:
            now = self._clock()
            if now - session.made_at >= self.limits.longest:
                return False
            self._sessions[key] = replace(session, seen_at=now)
            self._unwritten.add(key)
            return True
        if (token := self._tokens.get(key)) is not None:
            return token.revoked_at is None and token.ends_at > self._clock()
        return (bool(key) and key == self._own) or not self.needed

    def _over(self, session: SignedIn) -> bool:
        now = self._clock()
        return now - session.made_at >= self.limits.longest or now - session.seen_at >= self.limits.idle

    def account(self, name: str) -> Account:
        """Raises AccountUnknown."""
        found = self._accounts.get(name.strip().lower())
        if found is None:
            raise AccountUnknown(f"There is no account {name!r}.")
        return found

    def all(self) -> list[Account]:
        return [self._accounts[name] for name in sorted(self._accounts)]

    def sessions(self, name: str) -> list[SignedIn]:
        """Newest first. Raises AccountUnknown."""
        found = [self._sessions[digest] for digest in self._sessions_of(self.account(name).name)]
        return sorted((one for one in found if not self._over(one)), key=lambda one: one.made_at, reverse=True)

    def session_id(self, cookie: str) -> str:
        """Of the session with this cookie; empty: there is none."""
        found = self._sessions.get(keys.digest(cookie))
        return found.id if found else ""

    def tokens(self, name: str) -> list[ApiToken]:
        """Newest first, those that ended, too. Raises AccountUnknown."""
        account = self.account(name).name
        return sorted((t for t in self._tokens.values() if t.account == account), key=lambda t: t.id, reverse=True)

    def tokens_in_force(self, name: str) -> list[ApiToken]:
        now = self._clock()
        return [one for one in self.tokens(name) if one.revoked_at is None and one.ends_at > now]

    def _sessions_of(self, name: str) -> list[str]:
        return [digest for digest, session in self._sessions.items() if session.account == name]

    async def _end(self, digests: list[str]) -> None:
        """These sessions are over."""
        if not digests:
            return
        for digest in digests:
            self._sessions.pop(digest, None)
            self.leases.end(digest)
        await self._records.end_sign_ins(digests)

    async def _put(self, account: Account) -> None:
        first = not self.needed
        await self._records.put_account(account)
        self._accounts[account.name] = account
        if first:
            self.leases.end_all()  # from now on nobody may do anything without an account


def roles_of(account: Account) -> frozenset[Role]:
    return frozenset(Role(role) for role in account.roles)


def keeps(account: Account) -> bool:
    """Whether this one may change accounts."""
    return not account.disabled and Permission.USERS in permitted(roles_of(account))
