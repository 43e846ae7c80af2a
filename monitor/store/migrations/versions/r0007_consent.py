"""What rooms agreed to

Revision ID: 0007
Revises: 0006

Two new tables. Triggers refuse to change or remove entries of consent: what was said is not unsaid.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("speaker_id", sa.Text(), nullable=True),
        sa.Column("speaker_name", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_consents_room_id"), "consents", ["room", "id"], unique=False)
    op.create_index(op.f("ix_consents_room_act_id"), "consents", ["room", "act", "id"], unique=False)
    # Retention may remove that the notice was shown to somebody who came later: there is one for each of them.
    to_latecomer = "OLD.act = 'announce' AND OLD.people <> '[]'"
    for name, what, when in (
        ("update", "UPDATE OF room, at, act, who, basis, notice, way", ""),
        ("delete", "DELETE", f"WHEN NOT ({to_latecomer})"),
    ):
        op.execute(
            f"CREATE TRIGGER consents_no_{name} BEFORE {what} ON consents {when} "
            "BEGIN SELECT RAISE(ABORT, 'entries of consent are only ever added'); END"
        )
    op.create_table(
        "host_links",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Float(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column("revoked_at", sa.Float(), nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=False),
        sa.Column("used_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host_links")),
    )
    op.create_index(op.f("ix_host_links_room"), "host_links", ["room"], unique=False)
