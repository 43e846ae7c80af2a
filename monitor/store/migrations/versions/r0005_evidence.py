"""Keys of the evidence, receipts of their destruction, holds

Revision ID: 0005
Revises: 0004

New tables only: quick on a big database. Clips that lie there as plain files are sealed at the next start.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _sessions()
    _clips()
    _records()


def _sessions() -> None:
    op.create_table(
        "room_sessions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Float(), nullable=False),
        sa.Column("closed_at", sa.Float(), nullable=True),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("master", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("witness", sa.LargeBinary(), nullable=False),
        sa.Column("destroyed_at", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_room_sessions")),
    )
    op.create_index(op.f("ix_room_sessions_room"), "room_sessions", ["room"], unique=False)
    op.create_index(op.f("ix_room_sessions_closed_at"), "room_sessions", ["closed_at"], unique=False)
    op.create_table(
        "session_tracks",
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("speaker_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["room_sessions.id"], name=op.f("fk_session_tracks_session")),
        sa.PrimaryKeyConstraint("track", name=op.f("pk_session_tracks")),
    )
    op.create_index(op.f("ix_session_tracks_session"), "session_tracks", ["session"], unique=False)
    op.create_index(op.f("ix_session_tracks_room_speaker_id"), "session_tracks", ["room", "speaker_id"], unique=False)


def _clips() -> None:
    op.create_table(
        "clips",
        sa.Column("alert", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("speaker_id", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("until", sa.Integer(), nullable=False),
        sa.Column("began", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["room_sessions.id"], name=op.f("fk_clips_session")),
        sa.PrimaryKeyConstraint("alert", name=op.f("pk_clips")),
    )
    op.create_index(op.f("ix_clips_session"), "clips", ["session"], unique=False)


def _records() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_receipts_room"), "receipts", ["room"], unique=False)
    op.create_index(op.f("ix_receipts_session"), "receipts", ["session"], unique=False)
    op.create_table(
        "holds",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("released_at", sa.Float(), nullable=True),
        sa.Column("released_by", sa.Text(), nullable=False),
        sa.Column("release_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
        sqlite_autoincrement=True,
    )
