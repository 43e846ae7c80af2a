"""Accounts and API tokens: making them, changing them, and what may not be done to the last who can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from monitor.access import keys
from monitor.access.book import keeps, roles_of
from monitor.access.passwords import check
from monitor.access.roles import Permission, Role, permitted
from monitor.access.signing import Signing
from monitor.account_model import Account, ApiToken
from monitor.errors import AccountConflict, AccountUnknown

TOKENS = 100
"""Tokens of one account that are in force."""


class Accounts(Signing):
    """All of it. `by` is who does it, for the audit log."""

    async def add(self, name: str, roles: Iterable[Role], password: str, by: str, shown_name: str = "") -> Account:
        """A new account. Raises AccountConflict, PasswordWeak, Overloaded."""
        wanted = _sorted(roles)
        if name in self._accounts:
            raise AccountConflict(f"There is an account {name!r} already.")
        if not self._keepers() and Permission.USERS not in permitted(wanted):
            raise AccountConflict("The first account has to be an admin's, or nobody could make the next one.")
        encoded = await self._passwords.hash(check(password, name))
        if name in self._accounts:  # while the hash was made
            raise AccountConflict(f"There is an account {name!r} already.")
        account = Account(name, shown_name or name, tuple(wanted), self._clock(), password=encoded)
        await self._note(by, "account.made", name, roles=",".join(account.roles))
        await self._put(account)
        return account

    async def change(
        self,
        name: str,
        by: str,
        *,
        roles: Iterable[Role] | None = None,
        disabled: bool | None = None,
        shown_name: str | None = None,
    ) -> Account:
        """What is None stays. With less rights than before its sessions end. Raises AccountUnknown, AccountConflict."""
        old = self.account(name)
        new = replace(
            old,
            roles=old.roles if roles is None else tuple(_sorted(roles)),
            disabled=old.disabled if disabled is None else disabled,
            shown_name=old.shown_name if shown_name is None else shown_name,
        )
        if self._keepers() == {old.name} and not keeps(new):
            raise AccountConflict(f"{old.name} is the last one who may change accounts: make another admin first.")
        state = "disabled" if new.disabled else "enabled"
        await self._note(by, "account.changed", new.name, roles=",".join(new.roles), state=state)
        await self._put(new)
        if new.disabled or set(new.roles) != set(old.roles):
            await self._end(self._sessions_of(new.name))
            self._end_leases_of_tokens(new.name)
        return new

    def _keepers(self) -> set[str]:
        """Those who may change accounts."""
        return {name for name, account in self._accounts.items() if keeps(account)}

    # tokens

    async def add_token(
        self, name: str, what_for: str, scopes: Iterable[Permission] | None, lasts: float, by: str
    ) -> tuple[ApiToken, str]:
        """The token, and what it is; the latter is known to nobody afterwards. `lasts`: seconds.

        Raises AccountUnknown, AccountConflict.
        """
        account = self.account(name)
        now = self._clock()
        if len(self.tokens_in_force(name)) >= TOKENS:
            raise AccountConflict(f"{account.name} has {TOKENS} tokens; revoke one first.")
        wanted = None if scopes is None else tuple(sorted({scope.value for scope in scopes}))
        rights = permitted(roles_of(account))
        if beyond := [scope for scope in wanted or () if Permission(scope) not in rights]:
            raise AccountConflict(f"{account.name} may not {', '.join(beyond)}, so no token of it may.")
        secret = keys.new_token()
        ends_at = now + min(lasts, self.limits.token)
        made = ApiToken(0, keys.digest(secret), account.name, what_for, wanted, now, by, ends_at)
        told = "all" if wanted is None else ",".join(wanted)
        await self._note(by, "token.made", account.name, token=what_for, scopes=told)
        made = replace(made, id=await self._records.add_api_token(made))
        self._tokens[made.digest] = made
        return made, secret

    async def revoke(self, name: str, number: int, by: str) -> ApiToken:
        """One that is revoked already stays as it is. Raises AccountUnknown."""
        found = next((token for token in self.tokens(name) if token.id == number), None)
        if found is None:
            raise AccountUnknown(f"{name} has no token {number}.")
        if found.revoked_at is None:
            found = replace(found, revoked_at=self._clock())
            await self._note(by, "token.revoked", found.account, token=found.name, number=number)
            await self._records.put_api_token(found)
            self._tokens[found.digest] = found
            self.leases.end(found.digest)
        return found

    def _end_leases_of_tokens(self, name: str) -> None:
        for token in self.tokens(name):
            self.leases.end(token.digest)


def _sorted(roles: Iterable[Role]) -> list[Role]:
    return sorted(set(roles), key=list(Role).index)
