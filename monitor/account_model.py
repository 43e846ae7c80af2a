"""Accounts, sessions and API tokens as they are stored. Imports nothing of ours; what roles allow is access/roles.py.

Of what opens a door (a session's cookie, an API token) only the SHA-256 is here: it is 32 random bytes, so that no
slower hash is needed, and whoever reads the database can't sign in with it. Passwords are argon2 (access/passwords.py).
Times are wall time in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. Never deleted, only disabled: a name on the record must stay one person's."""

    name: str  # lower case; what the record says
    shown_name: str
    roles: tuple[str, ...]
    made_at: float
    password: str = ""  # argon2's encoded form; empty: can't sign in with one
    provider: str = ""  # issuer of the identity provider; empty: a local account
    subject: str = ""  # who this is there
    disabled: bool = False
    last_at: float | None = None  # of the last sign-in


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session in a browser."""

    digest: str  # SHA-256 of its cookie, hexadecimal
    account: str
    made_at: float
    seen_at: float
    address: str
    agent: str  # what the browser calls itself, cut

    @property
    def id(self) -> str:
        """To name it without opening anything."""
        return self.digest[:16]


@dataclass(frozen=True, slots=True)
class ApiToken:
    """For a program. It may do what its account may, or less."""

    id: int
    digest: str  # SHA-256 of the token, hexadecimal
    account: str
    name: str  # what it is for
    scopes: tuple[str, ...] | None  # permissions; None: all of its account's
    made_at: float
    made_by: str
    ends_at: float
    used_at: float | None = None
    revoked_at: float | None = None
