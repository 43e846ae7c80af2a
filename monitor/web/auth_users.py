"""Accounts and tokens of others: for whoever has the permission USERS, and for the command line."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import SecretStr

from monitor.access import passwords
from monitor.access.accounts import Accounts
from monitor.access.roles import Permission, Person, Role
from monitor.account_model import Account, ApiToken
from monitor.errors import AccountConflict
from monitor.web.auth_answers import (
    NAME,
    ChangeUser,
    Ended,
    MakeToken,
    MakeUser,
    PasswordSet,
    SetPassword,
    TokenList,
    TokenMade,
    TokenView,
    UserList,
    UserMade,
    UserView,
)
from monitor.web.permits import needs
from monitor.web.refusals import REFUSALS

Keeper = Annotated[Person, needs(Permission.USERS)]
Name = Annotated[str, Path(pattern=NAME, description="Name of an account")]
Number = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of a token")]
ONE = "/api/users/{name}"


def users(accounts: Accounts) -> APIRouter:
    router = APIRouter(responses=REFUSALS, tags=["access"])
    _accounts(router, accounts)
    _entries(router, accounts)
    _tokens(router, accounts)
    return router


def _accounts(router: APIRouter, accounts: Accounts) -> None:
    @router.get("/api/users", dependencies=[needs(Permission.USERS)])
    async def everybody() -> UserList:
        """All accounts, also disabled ones."""
        return UserList(users=[_view(accounts, account) for account in accounts.all()])

    @router.post("/api/users", status_code=201)
    async def make(asked: MakeUser, who: Keeper) -> UserMade:
        """Make a local account. The first one has to be an admin's; from then on nobody does anything without one."""
        _real(asked.roles)
        given, made_up = _password(asked.password)
        account = await accounts.add(asked.name, asked.roles, given, who.name, asked.shown_name)
        return UserMade(user=_view(accounts, account), password=made_up)

    @router.get(ONE, dependencies=[needs(Permission.USERS)])
    async def one(name: Name) -> UserView:
        """One account."""
        return _view(accounts, accounts.account(name))

    @router.patch(ONE)
    async def change(name: Name, asked: ChangeUser, who: Keeper) -> UserView:
        """Change roles or the shown name, disable or enable. With other rights its sessions end at once."""
        _real(asked.roles or [])
        account = await accounts.change(
            name, who.name, roles=asked.roles, disabled=asked.disabled, shown_name=asked.shown_name
        )
        return _view(accounts, account)


def _entries(router: APIRouter, accounts: Accounts) -> None:
    @router.post(f"{ONE}/password")
    async def password(name: Name, asked: SetPassword, who: Keeper) -> PasswordSet:
        """Give an account another password. All its sessions end."""
        given, made_up = _password(asked.password)
        await accounts.set_password(name, given, who.name)
        return PasswordSet(password=made_up)

    @router.delete(f"{ONE}/sessions")
    async def sign_out(name: Name, who: Keeper) -> Ended:
        """End all sessions of an account."""
        ended = await accounts.end_sessions(name, who.name)
        return Ended(ended=ended)


def _tokens(router: APIRouter, accounts: Accounts) -> None:
    @router.get(f"{ONE}/tokens", dependencies=[needs(Permission.USERS)])
    async def tokens(name: Name) -> TokenList:
        """An account's API tokens."""
        return TokenList(tokens=[token_view(token) for token in accounts.tokens(name)])

    @router.post(f"{ONE}/tokens", status_code=201)
    async def make(name: Name, asked: MakeToken, who: Keeper) -> TokenMade:
        """Make a token for an account, such as one for a program alone."""
        if who.via == "token":
            raise AccountConflict("Sign in with a browser for this: a token can't make another one.")
        return await make_token(accounts, name, asked, who)

    @router.delete(f"{ONE}/tokens/{{token}}")
    async def revoke(name: Name, token: Number, who: Keeper) -> TokenView:
        """From now on it opens nothing."""
        return await revoke_token(accounts, name, token, who)


async def make_token(accounts: Accounts, name: str, asked: MakeToken, who: Person) -> TokenMade:
    token, secret = await accounts.add_token(name, asked.name, asked.scopes, asked.days * 86400, who.name)
    return TokenMade(token=token_view(token), secret=secret)


async def revoke_token(accounts: Accounts, name: str, number: int, who: Person) -> TokenView:
    return token_view(await accounts.revoke(name, number, who.name))


def token_view(token: ApiToken) -> TokenView:
    return TokenView(
        id=token.id,
        account=token.account,
        name=token.name,
        scopes=None if token.scopes is None else [Permission(scope) for scope in token.scopes],
        made_at=token.made_at,
        made_by=token.made_by,
        ends_at=token.ends_at,
        used_at=token.used_at,
        revoked_at=token.revoked_at,
    )


def _view(accounts: Accounts, account: Account) -> UserView:
    return UserView(
        name=account.name,
        shown_name=account.shown_name,
        roles=[Role(role) for role in account.roles],
        provider=account.provider,
        disabled=account.disabled,
        made_at=account.made_at,
        last_at=account.last_at,
        sessions=len(accounts.sessions(account.name)),
        tokens=len(accounts.tokens_in_force(account.name)),
    )


def _password(given: SecretStr | None) -> tuple[str, str]:
    """The password, and what to tell of it."""
    if given is not None:
        return given.get_secret_value(), ""
    made_up = passwords.made_up()
    return made_up, made_up


def _real(roles: list[Role]) -> None:
    if Role.HOST in roles:
        raise AccountConflict("The role host is that of a link, not of an account.")
