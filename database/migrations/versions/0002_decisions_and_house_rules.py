"""Decisions with their trace, house rules, replies to bots, and the audit.

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

from database.types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.add_column(sa.Column("author_id", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("decided_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("trace", sa.JSON(none_as_null=True), nullable=True))
        batch_op.create_index("ix_claims_channel_message", ["channel_id", "message_id"], unique=False)

    op.create_table(
        "house_rules",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("target_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('active', 'chance', 'denied user', 'denied role')",
            name=op.f("ck_house_rules_kind"),
        ),
        sa.PrimaryKeyConstraint("guild_id", "kind", "target_id", name=op.f("pk_house_rules")),
    )
    op.create_table(
        "bot_replies",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("replies", sa.Integer(), nullable=False),
        sa.Column("in_vain", sa.Integer(), nullable=False),
        sa.Column("replied_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("channel_id", "bot_id", name=op.f("pk_bot_replies")),
    )
    op.create_index("ix_bot_replies_bot_id", "bot_replies", ["bot_id"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_audit_at", table_name="audit")
    op.drop_table("audit")
    op.drop_index("ix_bot_replies_bot_id", table_name="bot_replies")
    op.drop_table("bot_replies")
    op.drop_table("house_rules")
    with op.batch_alter_table("claims", schema=None) as batch_op:
        batch_op.drop_index("ix_claims_channel_message")
        batch_op.drop_column("trace")
        batch_op.drop_column("decided_at")
        batch_op.drop_column("author_id")
