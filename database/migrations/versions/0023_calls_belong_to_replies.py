"""Calls refer to a reply or a decision; requests are stored for the console.

Revision: 0023
"""

import sqlalchemy as sa
from alembic import op

from database.types import UtcDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("turn_id", "message_id"):
        op.add_column("calls", sa.Column(column, sa.BigInteger(), nullable=True))
        condition = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_calls_{column}", "calls", [column], sqlite_where=condition, postgresql_where=condition
        )
    op.create_table(
        "prompts",
        sa.Column("turn_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("system_hash", sa.String(32), nullable=False),
        sa.Column("system_at", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", "number", name=op.f("pk_prompts")),
    )
    op.create_index("ix_prompts_at", "prompts", ["at"])
    op.create_table(
        "system_prompts",
        sa.Column("hash", sa.String(32), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_system_prompts")),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
