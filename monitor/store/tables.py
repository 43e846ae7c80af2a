"""The tables. A change here needs a migration in migrations/versions/ and a new REVISION; a test compares the two.

Times are wall time (seconds since the Unix epoch). JSON columns are text on SQLite.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text

REVISION = "0001"
"""The schema that this code needs: the newest migration."""

METADATA = MetaData(
    naming_convention={
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

EVENTS = Table(
    "events",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("type", Text, nullable=False),
    Column("room", Text),  # None: about the whole service
    Column("payload", Text, nullable=False),  # the message as JSON, without seq and at
    Index(None, "at"),
    Index(None, "type", "room", "seq"),
    sqlite_autoincrement=True,  # a number is never given twice, also after a purge
)

ALERTS = Table(
    "alerts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),  # number of the event that raised it
    Column("room", Text, nullable=False),
    Column("speaker_id", Text, nullable=False),
    Column("speaker_name", Text, nullable=False),
    Column("utterance", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("hits", JSON, nullable=False),  # list of KeywordHit
    Column("count", Integer, nullable=False),
    Column("language", Text, nullable=False),
    Column("spoken_at", Float, nullable=False),
    Column("raised_at", Float, nullable=False),
    Column("clip", Text, nullable=False),
    Index(None, "room", "seq"),
    Index(None, "raised_at"),
)

UTTERANCES = Table(
    "utterances",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("seq", Integer, nullable=False, unique=True),
    Column("at", Float, nullable=False),
    Column("room", Text, nullable=False),
    Column("track", Text, nullable=False),
    Column("speaker_id", Text, nullable=False),
    Column("speaker_name", Text, nullable=False),
    Column("began", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("language", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("words", JSON, nullable=False),  # list of WordView
    Column("cut", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("took", Float, nullable=False),
    Column("ghosts", JSON, nullable=False),
    Index(None, "room", "seq"),
    Index(None, "at"),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),  # one run of the process
    Column("started_at", Float, nullable=False),
    Column("beat_at", Float, nullable=False),  # last sign of life
    Column("stopped_at", Float),
    Column("clean", Boolean),  # None while it runs
    sqlite_autoincrement=True,
)

TRACKS = Table(
    "tracks",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("session", Integer, ForeignKey("sessions.id"), nullable=False),
    Column("room", Text, nullable=False),
    Column("speaker_id", Text, nullable=False),
    Column("speaker_name", Text, nullable=False),
    Column("opened_at", Float, nullable=False),
    Column("closed_at", Float),
    Column("seconds", JSON, nullable=False),  # state of the ledger → seconds
    Column("updated_at", Float, nullable=False),
    Index(None, "room"),
    Index(None, "closed_at"),
)

GAPS = Table(
    "gaps",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),  # number of the event
    Column("at", Float, nullable=False),
    Column("room", Text, nullable=False),
    Column("speaker_id", Text),  # None: the whole room
    Column("speaker_name", Text),
    Column("track", Text, nullable=False),
    Column("began", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("state", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Index(None, "room", "seq"),
)

LISTS = Table(
    "lists",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("at", Float, nullable=False),  # first time in force
)
