"""Incidents, claims, decisions

Revision ID: 0008
Revises: 0007

New tables, columns that are empty for what is there, and indexes on alerts and utterances: some seconds on a big
database.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("alert", sa.Text(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("taken", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_decisions_incident"), "decisions", ["incident"], unique=False)
    op.create_table(
        "incident_places",
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("incident", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("speaker_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("room", "incident", "speaker_id", name=op.f("pk_incident_places")),
    )
    op.create_index(op.f("ix_incident_places_incident"), "incident_places", ["incident"], unique=False)
    op.create_table(
        "incidents",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("speaker_id", sa.Text(), nullable=False),
        sa.Column("speaker_name", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("phrases", sa.JSON(), nullable=False),
        sa.Column("rooms", sa.JSON(), nullable=False),
        sa.Column("room_count", sa.Integer(), nullable=False),
        sa.Column("alerts", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.Float(), nullable=False),
        sa.Column("last_at", sa.Float(), nullable=False),
        sa.Column("last_alert", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=False),
        sa.Column("claimed_until", sa.Float(), nullable=False),
        sa.Column("escalated_to", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("taken", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Float(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_incidents_list_rule_last_at"), "incidents", ["list", "rule", "last_at"], unique=False)
    op.create_index(
        op.f("ix_incidents_room_speaker_id_last_at"), "incidents", ["room", "speaker_id", "last_at"], unique=False
    )
    op.create_index(op.f("ix_incidents_status_id_rank"), "incidents", ["status", "id", "rank"], unique=False)
    op.create_index(op.f("ix_incidents_status_rank_id"), "incidents", ["status", "rank", "id"], unique=False)
    op.create_index("ix_incidents_untold", "incidents", ["id"], unique=False, sqlite_where=sa.text("told = 0"))
    op.create_table(
        "revisions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("utterance", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("began", sa.Float(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_revisions_at"), "revisions", ["at"], unique=False)
    op.create_index(op.f("ix_revisions_utterance"), "revisions", ["utterance"], unique=False)
    op.create_table(
        "room_actions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("speaker_id", sa.Text(), nullable=False),
        sa.Column("speaker_name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("incident", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.Float(), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_actions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_room_actions_room_id"), "room_actions", ["room", "id"], unique=False)
    op.create_index(op.f("ix_room_actions_state"), "room_actions", ["state"], unique=False)
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_saved_views_who_name"), "saved_views", ["who", "name"], unique=True)
    op.add_column("alerts", sa.Column("incident", sa.Integer(), nullable=True))
    op.add_column("alerts", sa.Column("list", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("alerts", sa.Column("rule", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.create_index(op.f("ix_alerts_incident"), "alerts", ["incident"], unique=False)
    op.create_index(op.f("ix_alerts_list_rule_seq"), "alerts", ["list", "rule", "seq"], unique=False)
    op.create_index(op.f("ix_alerts_room_speaker_id_seq"), "alerts", ["room", "speaker_id", "seq"], unique=False)
    op.create_index(op.f("ix_alerts_room_speaker_name_seq"), "alerts", ["room", "speaker_name", "seq"], unique=False)
    op.create_index(op.f("ix_utterances_room_began"), "utterances", ["room", "began"], unique=False)
    op.add_column("verdicts", sa.Column("decision", sa.Integer(), nullable=True))
    op.add_column("verdicts", sa.Column("undone", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.create_index(op.f("ix_verdicts_decision"), "verdicts", ["decision"], unique=False)
    op.add_column("voice_labels", sa.Column("decision", sa.Integer(), nullable=True))
    op.add_column("voice_labels", sa.Column("undone", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.create_index(op.f("ix_voice_labels_decision"), "voice_labels", ["decision"], unique=False)
    # Alerts that are there already get no incident: they were read where they were shown. They can be asked for.
    op.execute(
        "UPDATE alerts SET list = coalesce(json_extract(hits, '$[0].list_name'), ''),"
        " rule = coalesce(json_extract(hits, '$[0].phrase'), '')"
    )
