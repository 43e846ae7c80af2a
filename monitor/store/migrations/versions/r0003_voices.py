"""Synthetic-voice signatures: alerts about a voice, where each speaker stood, and what people said of it

Revision ID: 0003
Revises: 0002

One new column that is empty for what is there, and new tables: quick on a big database.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("voice", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "voice_labels",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("alert", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("calibration", sa.Text(), nullable=False),
        sa.Column("llr", sa.Float(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voice_labels")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_voice_labels_alert"), "voice_labels", ["alert"], unique=False)
    op.create_index(op.f("ix_voice_labels_at"), "voice_labels", ["at"], unique=False)
    op.create_table(
        "voices",
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("speaker_id", sa.Text(), nullable=False),
        sa.Column("speaker_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("llr", sa.Float(), nullable=False),
        sa.Column("highest", sa.Float(), nullable=False),
        sa.Column("speech", sa.Float(), nullable=False),
        sa.Column("windows", sa.Integer(), nullable=False),
        sa.Column("abstained", sa.JSON(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("calibration", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("track", name=op.f("pk_voices")),
    )
    op.create_index(op.f("ix_voices_at"), "voices", ["at"], unique=False)
    op.create_index(op.f("ix_voices_room"), "voices", ["room"], unique=False)
