"""The tables. A change here needs a migration in migrations/versions/ and a new REVISION; a test compares the two.

Times are wall time (seconds since the Unix epoch). JSON columns are text on SQLite.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from monitor.store import (
    tables_access,
    tables_audit,
    tables_consent,
    tables_evidence,
    tables_review,
    tables_webhooks,
)
from monitor.store.metadata import METADATA

__all__ = [
    "METADATA",
    "REVISION",
    "tables_access",
    "tables_audit",
    "tables_consent",
    "tables_evidence",
    "tables_review",
    "tables_webhooks",
]

REVISION = "0008"
"""The schema that this code needs: the newest migration."""

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
    Column("voice", JSON(none_as_null=True)),  # SyntheticVoice; None: it is about words
    Column("incident", Integer),  # None: of none
    Column("list", Text, nullable=False, server_default=text("''")),  # this and the next: of the hit that raised it
    Column("rule", Text, nullable=False, server_default=text("''")),
    Index(None, "room", "seq"),
    Index(None, "raised_at"),
    Index(None, "incident"),
    Index(None, "room", "speaker_id", "seq"),
    Index(None, "room", "speaker_name", "seq"),
    Index(None, "list", "rule", "seq"),
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
    Index(None, "room", "began"),
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

# Keyword lists over time. Who and why are kept for good: a change of what is watched for must stay accountable.

LIST_TEXTS = Table(
    "list_texts",
    METADATA,
    Column("digest", Text, primary_key=True),  # SHA-256 of the text, hex
    Column("packed", LargeBinary, nullable=False),  # the file's text, UTF-8, zlib
)

LIST_VERSIONS = Table(
    "list_versions",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),  # the same one may come back: a roll back, or other comments
    Column("digest", Text, ForeignKey("list_texts.digest"), nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Float, nullable=False),
    Index(None, "name", "version"),
    sqlite_autoincrement=True,
)

RULE_STATES = Table(
    "rule_states",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),  # the newest of a rule is in force
    Column("list", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("state", Text),  # None: as the list says
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Float, nullable=False),
    Index(None, "list", "rule"),
    sqlite_autoincrement=True,
)

# What rules found. Rows with words of a person go with the utterance; the tally has none and stays longer.

SPOKEN = Table(
    "spoken",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),  # of the utterance
    Column("form", Text),  # which normal form `normal` and `unfolded` are in; None: not made yet
    Column("language", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("biased", Boolean, nullable=False),  # decoding was biased towards the lists
    Column("normal", Text, nullable=False),  # as lists are searched in; a line for each stretch without a long pause
    Column("unfolded", Text, nullable=False),  # with disguises undone, where that makes a difference
)

HITS = Table(
    "hits",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("utterance", Text, nullable=False),
    Column("alert", Text, nullable=False),  # empty: none was raised
    Column("room", Text, nullable=False),
    Column("speaker_id", Text, nullable=False),
    Column("list", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("hit", JSON, nullable=False),  # KeywordHit
    Index(None, "at"),
    Index(None, "utterance"),
    Index(None, "list", "rule", "alert"),
    sqlite_autoincrement=True,
)

HIT_TALLY = Table(
    "hit_tally",
    METADATA,
    Column("hour", Integer, primary_key=True),  # hours since the Unix epoch
    Column("list", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("grade", Text, primary_key=True),
    Column("hits", Integer, nullable=False),
    Column("alerted", Integer, nullable=False),  # of them, how many are in an alert
)

NEAR_MISSES = Table(
    "near_misses",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("utterance", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("list", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("miss", JSON, nullable=False),  # NearMiss
    Index(None, "at"),
    Index(None, "list", "rule"),
    sqlite_autoincrement=True,
)

VERDICTS = Table(
    "verdicts",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),  # id of an alert, or "hit-<id>" of a hit without one
    Column("list", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("grade", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("note", Text, nullable=False),  # may quote what was said: emptied when the alert goes
    Column("at", Float, nullable=False),
    Column("decision", Integer),  # the decision that it was part of; None: of none
    Column("undone", Boolean, nullable=False, server_default=text("0")),  # taken back: counts no longer
    Index(None, "subject"),
    Index(None, "list", "rule"),
    Index(None, "at"),
    Index(None, "decision"),
    sqlite_autoincrement=True,
)

# Synthetic-voice signatures: where the evidence on each speaker stood, and what people said of alerts.

VOICES = Table(
    "voices",
    METADATA,
    Column("track", Text, primary_key=True),  # one speaker in one visit
    Column("room", Text, nullable=False),
    Column("speaker_id", Text, nullable=False),
    Column("speaker_name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("llr", Float, nullable=False),
    Column("highest", Float, nullable=False),  # the highest LLR ever of the visit
    Column("speech", Float, nullable=False),  # seconds of usable speech
    Column("windows", Integer, nullable=False),
    Column("abstained", JSON, nullable=False),  # reason → seconds
    Column("model", Text, nullable=False),
    Column("calibration", Text, nullable=False),
    Column("at", Float, nullable=False),
    Index(None, "room"),
    Index(None, "at"),
)

VOICE_LABELS = Table(
    "voice_labels",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),  # the newest of an alert counts
    Column("alert", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("calibration", Text, nullable=False),
    Column("llr", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("note", Text, nullable=False),  # emptied when the alert goes
    Column("at", Float, nullable=False),
    Column("decision", Integer),  # as of a verdict
    Column("undone", Boolean, nullable=False, server_default=text("0")),
    Index(None, "alert"),
    Index(None, "at"),
    Index(None, "decision"),
    sqlite_autoincrement=True,
)
