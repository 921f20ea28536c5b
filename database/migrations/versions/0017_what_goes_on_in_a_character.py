"""Musings of characters: beliefs, dreams, open questions; and a flag for channels that the whole server can
read.

Revision: 0017
"""

import sqlalchemy as sa
from alembic import op

from database.types import Instant

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("channels", sa.Column("public", sa.Boolean(), server_default="0", nullable=False))
    op.create_table(
        "musings",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("character", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.CheckConstraint("kind IN ('belief', 'dream', 'thread')", name=op.f("ck_musings_kind")),
        sa.CheckConstraint("scope IN ('dm', 'channel', 'guild')", name=op.f("ck_musings_scope")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_musings")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_musings_character", "musings", ["character"], unique=False)
    op.create_table(
        "musing_changes",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("musing_id", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("evidence", sa.String(length=16), nullable=False),
        sa.Column("added", sa.Float(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["musing_id"],
            ["musings.id"],
            name=op.f("fk_musing_changes_musing_id_musings"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_musing_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_musing_changes_musing_id", "musing_changes", ["musing_id"], unique=False)
    op.create_table(
        "musing_sources",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"],
            ["musing_changes.id"],
            name=op.f("fk_musing_sources_change_id_musing_changes"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", "change_id", name=op.f("pk_musing_sources")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_musing_sources_change_id", "musing_sources", ["change_id"], unique=False)
    op.create_index("ix_musing_sources_person_id", "musing_sources", ["person_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
