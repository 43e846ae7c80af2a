"""The audit trail: the tables. See tables.py for the rules."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, Table, Text

from monitor.store.metadata import METADATA

AUDIT = Table(  # append-only: triggers of the migration refuse UPDATE and DELETE
    "audit",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),  # without a hole
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("detail", Text, nullable=False),  # canonical JSON
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index(None, "subject", "number"),
    Index(None, "room", "number"),
    Index(None, "who", "number"),
)
