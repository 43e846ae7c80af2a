"""Keys of the evidence, receipts of their destruction, holds: the tables. See tables.py for the rules.

A room-session is one visit of the monitor to a room. Its row outlives its key: that it was, and that its key is gone,
stays on the record; nothing of what was said or by whom does.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, LargeBinary, Table, Text

from monitor.store.metadata import METADATA

ROOM_SESSIONS = Table(
    "room_sessions",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("room", Text, nullable=False),
    Column("opened_at", Float, nullable=False),
    Column("closed_at", Float),
    Column("key", LargeBinary),  # wrapped by the master key; None: destroyed
    Column("master", Text, nullable=False),  # which master key wraps it
    Column("fingerprint", Text, nullable=False),  # of the session's key
    Column("witness", LargeBinary, nullable=False),  # a known text under the session's key
    Column("destroyed_at", Float),
    Index(None, "room"),
    Index(None, "closed_at"),
)

SESSION_TRACKS = Table(
    "session_tracks",
    METADATA,
    Column("track", Text, primary_key=True),
    Column("session", Text, ForeignKey("room_sessions.id"), nullable=False),
    Column("room", Text, nullable=False),
    Column("speaker_id", Text, nullable=False),
    Index(None, "session"),
    Index(None, "room", "speaker_id"),
)

CLIPS = Table(
    "clips",
    METADATA,
    Column("alert", Text, primary_key=True),
    Column("session", Text, ForeignKey("room_sessions.id"), nullable=False),
    Column("track", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("speaker_id", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),  # wrapped by the session's key
    Column("state", Text, nullable=False),  # "recording": what comes after the hit is still to be added; "complete"
    Column("start", Integer, nullable=False),  # media time of the first sample
    Column("samples", Integer, nullable=False),
    Column("until", Integer, nullable=False),  # media time up to which it is wanted
    Column("began", Float, nullable=False),  # wall time of the first sample
    Index(None, "session"),
)

RECEIPTS = Table(
    "receipts",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("kind", Text, nullable=False),  # "session", "clip" or "erasure"
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("session", Text, nullable=False),  # empty: of none, or of several
    Column("subject", Text, nullable=False),  # what was destroyed; a speaker by the hash of the id
    Column("detail", JSON, nullable=False),  # counts, fingerprints of keys, what a look afterwards found
    Column("digest", Text, nullable=False),  # SHA-256 over the digest before and this row
    Index(None, "room"),
    Index(None, "session"),
    sqlite_autoincrement=True,
)

HOLDS = Table(
    "holds",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),  # "room", "speaker", "session" or "alert"
    Column("subject", Text, nullable=False),
    Column("room", Text, nullable=False),  # of a speaker; empty: in all rooms
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("until", Float, nullable=False),
    Column("released_at", Float),
    Column("released_by", Text, nullable=False),
    Column("release_reason", Text, nullable=False),
    sqlite_autoincrement=True,
)
