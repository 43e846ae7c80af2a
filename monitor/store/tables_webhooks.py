"""Webhooks: what waits to be told to others, and how far each has been told. See tables.py for the rules.

No words of anybody: a letter is made of its alert when it is sent, so that what was erased meanwhile is never sent.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, Table, Text

from monitor.store.metadata import METADATA

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("hook", Text, nullable=False),  # its name in the settings
    Column("message", Text, nullable=False),  # id that the receiver sees, the same through all tries
    Column("kind", Text, nullable=False),  # alert.raised …
    Column("subject", Text, nullable=False),  # id of the alert or incident
    Column("state", Text, nullable=False),  # waiting, dead
    Column("made_at", Float, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("error", Text, nullable=False),  # of the last try
    Index(None, "state", "hook", "due_at"),
    sqlite_autoincrement=True,
)

HOOKS = Table(
    "hooks",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("seq", Integer, nullable=False),  # the newest event whose letters are in the outbox
    Column("sent", Integer, nullable=False),  # how many were handed over, ever
    Column("sent_at", Float, nullable=False),  # the last one; 0: none yet
)
