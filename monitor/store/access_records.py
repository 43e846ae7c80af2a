"""Accounts, sessions and tokens in the database. Their owner keeps them in memory: all is read once, at the start."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import delete, insert, select, update

from monitor.account_model import Account, ApiToken, SignedIn
from monitor.store.tables_access import ACCOUNTS, API_TOKENS, SIGN_INS
from monitor.store.writing import Writing, inserted


class AccessRecords(Writing):
    """The part of Store that knows who may sign in."""

    async def accounts(self) -> list[Account]:
        rows = await self._rows(select(ACCOUNTS).order_by(ACCOUNTS.c.name))
        return [Account(**{**row, "roles": tuple(row["roles"])}) for row in rows]

    async def sign_ins(self) -> list[SignedIn]:
        return [SignedIn(**row) for row in await self._rows(select(SIGN_INS))]

    async def api_tokens(self) -> list[ApiToken]:
        """Those that were revoked, too."""
        rows = await self._rows(select(API_TOKENS).order_by(API_TOKENS.c.id))
        return [ApiToken(**{**row, "scopes": None if row["scopes"] is None else tuple(row["scopes"])}) for row in rows]

    async def put_account(self, account: Account) -> None:
        """A new one, or in place of the one of its name."""
        row = {**asdict(account), "roles": list(account.roles)}
        await self._writer.write(
            lambda db, _: (
                db.execute(delete(ACCOUNTS).where(ACCOUNTS.c.name == account.name)),
                db.execute(insert(ACCOUNTS).values(row)),
            )
        )

    async def put_sign_in(self, session: SignedIn) -> None:
        row = asdict(session)
        await self._writer.write(
            lambda db, _: (
                db.execute(delete(SIGN_INS).where(SIGN_INS.c.digest == session.digest)),
                db.execute(insert(SIGN_INS).values(row)),
            )
        )

    async def end_sign_ins(self, digests: Iterable[str]) -> None:
        gone = list(digests)
        await self._writer.write(lambda db, _: db.execute(delete(SIGN_INS).where(SIGN_INS.c.digest.in_(gone))))

    async def add_api_token(self, token: ApiToken) -> int:
        """Gives its number; `token.id` is not looked at."""
        row = _token_row(token)
        return await self._writer.write(lambda db, _: inserted(db, insert(API_TOKENS).values(row)))

    async def put_api_token(self, token: ApiToken) -> None:
        """As it is now: used, or revoked."""
        row = _token_row(token)
        where = API_TOKENS.c.id == token.id
        await self._writer.write(lambda db, _: db.execute(update(API_TOKENS).where(where).values(row)))


def accounts_in(path: Path) -> int:
    """How many may sign in, by the file alone; 0 where there is none, or one that can't be read."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM accounts WHERE NOT disabled").fetchone()[0])
    except sqlite3.Error:
        return 0


def _token_row(token: ApiToken) -> dict[str, object]:
    row = asdict(token)
    del row["id"]
    row["scopes"] = None if token.scopes is None else list(token.scopes)
    return row
