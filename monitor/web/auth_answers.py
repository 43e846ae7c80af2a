"""What the routes about accounts take and answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from monitor.access.roles import Permission, Role
from monitor.web.answers import Answer
from monitor.web.keyword_answers import LINE

NAME = r"^[a-z0-9][a-z0-9._@-]{0,63}$"
Roles = Annotated[list[Role], Field(min_length=1, max_length=10, description="One or more; host is not for accounts")]
ShownName = Annotated[str, Field(max_length=100, pattern=f"^$|{LINE}", description="As people call them")]
Password = Annotated[SecretStr, Field(max_length=1000)]


class Ways(Answer):
    """How one may sign in here."""

    password: bool
    provider: str = Field(description="Name of the company's identity provider, for the button; empty: none")


class Me(Answer):
    """Who asks, and what they may do."""

    signed_in: bool = Field(description="false: only what is public is open; show the log-in page")
    name: str
    shown_name: str
    roles: list[Role]
    permissions: list[Permission] = Field(description="What to show: each route's is in /openapi.json as x-permission")
    via: Literal["local", "session", "token", "host", "none"] = Field(
        description="local: nobody has an account yet, and this is the machine itself"
    )
    own_password: bool = Field(description="Whether this person has a password here that can be changed")
    ways: Ways


class Login(Answer):
    name: str = Field(max_length=64)
    password: Password


class Logout(Answer):
    everywhere: bool = Field(False, description="All sessions of the account, not just this one")


class ChangePassword(Answer):
    old: Password
    new: Password


class UserView(Answer):
    """An account. It can be disabled but not removed: a name on the record stays one person's."""

    name: str
    shown_name: str
    roles: list[Role]
    provider: str = Field(description="Issuer of the identity provider that vouches for them; empty: a password here")
    disabled: bool
    made_at: float
    last_at: float | None = Field(description="Of the last sign-in")
    sessions: int = Field(description="Open now")
    tokens: int = Field(description="In force now")


class UserList(Answer):
    users: list[UserView]


class MakeUser(Answer):
    name: str = Field(pattern=NAME)
    roles: Roles
    shown_name: ShownName = ""
    password: Password | None = Field(None, description="null: one is made up and told in the answer, once")


class UserMade(Answer):
    user: UserView
    password: str = Field(description="The one that was made up; empty: it was given")


class ChangeUser(Answer):
    """What is null stays as it is."""

    roles: Roles | None = None
    disabled: bool | None = None
    shown_name: ShownName | None = None


class SetPassword(Answer):
    password: Password | None = Field(None, description="null: one is made up and told in the answer, once")


class PasswordSet(Answer):
    password: str = Field(description="The one that was made up; empty: it was given")


class SessionView(Answer):
    id: str
    made_at: float
    seen_at: float
    address: str
    agent: str = Field(description="What the browser calls itself")
    present: bool = Field(description="The one that asks")


class SessionList(Answer):
    """Newest first."""

    sessions: list[SessionView]


class Ended(Answer):
    ended: int = Field(description="Sessions that ended")


class TokenView(Answer):
    id: int
    account: str
    name: str = Field(description="What it is for")
    scopes: list[Permission] | None = Field(description="null: all that its account may")
    made_at: float
    made_by: str
    ends_at: float
    used_at: float | None
    revoked_at: float | None


class TokenList(Answer):
    """Newest first, also those that have ended."""

    tokens: list[TokenView]


class MakeToken(Answer):
    name: str = Field(min_length=1, max_length=100, pattern=LINE, description="What it is for")
    scopes: list[Permission] | None = Field(None, max_length=20, description="null: all that the account may")
    days: float = Field(90.0, gt=0, le=3650, description="Until it ends; [access] token_days at most")


class TokenMade(Answer):
    token: TokenView
    secret: str = Field(description="Shown this once: `Authorization: Bearer …`")
