"""Accounts, sessions and tokens: the tables. See tables.py for the rules."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, Table, Text

from monitor.store.metadata import METADATA

__all__ = ["ACCOUNTS", "API_TOKENS", "SIGN_INS"]

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("shown_name", Text, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("made_at", Float, nullable=False),
    Column("password", Text, nullable=False),  # argon2; empty: none
    Column("provider", Text, nullable=False),  # issuer; empty: local
    Column("subject", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("last_at", Float),
)

SIGN_INS = Table(
    "sign_ins",
    METADATA,
    Column("digest", Text, primary_key=True),  # SHA-256 of the cookie
    Column("account", Text, nullable=False),
    Column("made_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
)

API_TOKENS = Table(
    "api_tokens",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("digest", Text, nullable=False),  # SHA-256 of the token
    Column("account", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", JSON(none_as_null=True)),  # NULL: all that the account may
    Column("made_at", Float, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("ends_at", Float, nullable=False),
    Column("used_at", Float),
    Column("revoked_at", Float),
    Index(None, "digest", unique=True),
    sqlite_autoincrement=True,
)
