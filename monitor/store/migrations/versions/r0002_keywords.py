"""Keyword lists over time, what their rules found, and what staff say of it

Revision ID: 0002
Revises: 0001

Only new tables: quick on a big database. Utterances that are there get their row in `spoken` when a backtest first
needs it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hit_tally",
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("alerted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "list", "rule", "state", "grade", name=op.f("pk_hit_tally")),
    )
    op.create_table(
        "hits",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("utterance", sa.Text(), nullable=False),
        sa.Column("alert", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("speaker_id", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("hit", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hits")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_hits_at"), "hits", ["at"], unique=False)
    op.create_index(op.f("ix_hits_list_rule_alert"), "hits", ["list", "rule", "alert"], unique=False)
    op.create_index(op.f("ix_hits_utterance"), "hits", ["utterance"], unique=False)
    op.create_table(
        "list_texts",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_list_texts")),
    )
    op.create_table(
        "near_misses",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("utterance", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("miss", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_near_misses")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_near_misses_at"), "near_misses", ["at"], unique=False)
    op.create_index(op.f("ix_near_misses_list_rule"), "near_misses", ["list", "rule"], unique=False)
    op.create_table(
        "rule_states",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_states")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_rule_states_list_rule"), "rule_states", ["list", "rule"], unique=False)
    op.create_table(
        "spoken",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("form", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("biased", sa.Boolean(), nullable=False),
        sa.Column("normal", sa.Text(), nullable=False),
        sa.Column("unfolded", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_spoken")),
    )
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_verdicts_at"), "verdicts", ["at"], unique=False)
    op.create_index(op.f("ix_verdicts_list_rule"), "verdicts", ["list", "rule"], unique=False)
    op.create_index(op.f("ix_verdicts_subject"), "verdicts", ["subject"], unique=False)
    op.create_table(
        "list_versions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["list_texts.digest"], name=op.f("fk_list_versions_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_versions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_list_versions_name_version"), "list_versions", ["name", "version"], unique=False)
