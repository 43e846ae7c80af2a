"""Incidents, what people decided about them, views that they keep, and what they have done in rooms.

The columns of an incident after `escalated_to` are made of its decisions (monitor/review/decisions.py): kept beside
them, so that a queue of 100,000 is read by an index.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, Table, Text, text

from monitor.store.metadata import METADATA

INCIDENTS = Table(
    "incidents",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("rank", Integer, nullable=False),  # of the severity of the worst alert that stands
    Column("room", Text, nullable=False),  # this and the next four: of the alert that opened it
    Column("speaker_id", Text, nullable=False),
    Column("speaker_name", Text, nullable=False),
    Column("list", Text, nullable=False),  # empty: it is about a voice
    Column("rule", Text, nullable=False),
    Column("phrases", JSON, nullable=False),
    Column("rooms", JSON, nullable=False),
    Column("room_count", Integer, nullable=False),
    Column("alerts", Integer, nullable=False),
    Column("withdrawn", Integer, nullable=False),
    Column("opened_at", Float, nullable=False),
    Column("last_at", Float, nullable=False),
    Column("last_alert", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("claimed_by", Text, nullable=False),
    Column("claimed_until", Float, nullable=False),
    Column("escalated_to", Text, nullable=False),
    Column("verdict", Text),
    Column("reason", Text, nullable=False),
    Column("taken", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Float, nullable=False),
    Column("told", Boolean, nullable=False),  # False: the feed doesn't know yet how it is now
    Index(None, "status", "id", "rank"),
    Index(None, "status", "rank", "id"),
    Index(None, "list", "rule", "last_at"),
    Index(None, "room", "speaker_id", "last_at"),
    Index("ix_incidents_untold", "id", sqlite_where=text("told = 0")),
    sqlite_autoincrement=True,
)

INCIDENT_PLACES = Table(
    "incident_places",
    METADATA,
    Column("room", Text, primary_key=True),
    Column("incident", Integer, primary_key=True, autoincrement=False),
    Column("speaker_id", Text, primary_key=True),
    Index(None, "incident"),
)

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("incident", Integer, nullable=False),
    Column("act", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("alert", Text, nullable=False),  # empty: about the whole incident
    Column("until", Float, nullable=False),
    Column("to", Text, nullable=False),
    Column("verdict", Text),
    Column("reason", Text, nullable=False),
    Column("taken", Text, nullable=False),
    Column("note", Text, nullable=False),  # may quote what was said: goes with the alerts
    Column("undoes", Integer, nullable=False),
    Index(None, "incident"),
    sqlite_autoincrement=True,
)

SAVED_VIEWS = Table(
    "saved_views",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("who", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),  # what follows the ? in the console's address
    Column("at", Float, nullable=False),
    Index(None, "who", "name", unique=True),
    sqlite_autoincrement=True,
)

ROOM_ACTIONS = Table(
    "room_actions",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("room", Text, nullable=False),
    Column("speaker_id", Text, nullable=False),
    Column("speaker_name", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("incident", Integer),
    Column("asked_at", Float, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("state", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("ended_at", Float, nullable=False),  # 0: not yet
    Index(None, "room", "id"),
    Index(None, "state"),
    sqlite_autoincrement=True,
)

REVISIONS = Table(
    "revisions",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("utterance", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("model", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("began", Float, nullable=False),  # wall time of the first sample that was heard again
    Column("seconds", Float, nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "utterance"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)
