"""Summaries, core memory with its changes, takes on a reply, and consent.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

from database.types import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("channels", sa.Column("head_at", UtcDateTime(), nullable=True))
    op.add_column("channels", sa.Column("head_people", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("turns", sa.Column("variant", sa.Integer(), server_default="1", nullable=False))
    op.add_column("turns", sa.Column("next_variant", sa.Integer(), nullable=True))
    op.add_column("parts", sa.Column("todo", sa.String(length=8), nullable=True))
    op.create_table(
        "variants",
        sa.Column("turn_id", _KEY, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["turn_id"], ["turns.id"], name=op.f("fk_variants_turn_id_turns"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("turn_id", "number", name=op.f("pk_variants")),
    )
    op.create_table(
        "summaries",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("character", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first_place", sa.BigInteger(), nullable=False),
        sa.Column("last_place", sa.BigInteger(), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summaries")),
    )
    op.create_index("ix_summaries_channel_id", "summaries", ["channel_id"], unique=False)
    op.create_index("ix_summaries_person_id", "summaries", ["person_id"], unique=False)
    op.create_table(
        "summary_sources",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("summary_id", _KEY, nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["summary_id"],
            ["summaries.id"],
            name=op.f("fk_summary_sources_summary_id_summaries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_summary_sources")),
    )
    op.create_index("ix_summary_sources_summary_id", "summary_sources", ["summary_id"], unique=False)
    op.create_table(
        "core_memories",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("character", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "scope IN ('dm', 'channel', 'guild', 'everywhere')", name=op.f("ck_core_memories_scope")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_memories")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_core_memories_person", "core_memories", ["person_id", "character"], unique=False)
    op.create_table(
        "core_memory_sources",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("memory_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "memory_id", name=op.f("pk_core_memory_sources")),
    )
    op.create_index("ix_core_memory_sources_memory_id", "core_memory_sources", ["memory_id"], unique=False)
    op.create_table(
        "core_memory_changes",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("memory_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("character", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_memory_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_core_memory_changes_memory_id", "core_memory_changes", ["memory_id"], unique=False)
    op.create_index(
        "ix_core_memory_changes_person", "core_memory_changes", ["person_id", "character"], unique=False
    )
    op.create_table(
        "consents",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_consents")),
    )


def downgrade() -> None:
    for table in (
        "consents",
        "core_memory_changes",
        "core_memory_sources",
        "core_memories",
        "summary_sources",
        "summaries",
        "variants",
    ):
        op.drop_table(table)
    with op.batch_alter_table("parts", schema=None) as batch_op:
        batch_op.drop_column("todo")
    with op.batch_alter_table("turns", schema=None) as batch_op:
        batch_op.drop_column("next_variant")
        batch_op.drop_column("variant")
    with op.batch_alter_table("channels", schema=None) as batch_op:
        batch_op.drop_column("head_people")
        batch_op.drop_column("head_at")
