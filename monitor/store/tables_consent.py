"""What rooms agreed to: the tables. See tables.py for the rules.

Entries of consent are only ever added: they prove on whose word somebody was listened to. The one kind that retention
removes is that the notice was shown to somebody who came later.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, Integer, Table, Text

from monitor.store.metadata import METADATA

CONSENTS = Table(
    "consents",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("room", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("act", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("notice", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("people", JSON, nullable=False),  # names of those who were told; empty: everybody
    Column("speaker_id", Text),  # None: about no speaker
    Column("speaker_name", Text),
    Index(None, "room", "id"),
    Index(None, "room", "act", "id"),
    sqlite_autoincrement=True,
)

HOST_LINKS = Table(
    "host_links",
    METADATA,
    Column("id", Text, primary_key=True),  # the token is never stored
    Column("room", Text, nullable=False),
    Column("made_at", Float, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("revoked_at", Float, nullable=False),  # 0: it is not
    Column("revoked_by", Text, nullable=False),
    Column("used_at", Float, nullable=False),  # 0: never
    Index(None, "room"),
)
