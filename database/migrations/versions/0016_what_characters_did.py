"""Activity counts of each character by day and server.

Revision: 0016
"""

import sqlalchemy as sa
from alembic import op

from database.types import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_COUNTS = ("replies", "rerolls", "swipes", "votes", "won", "calls", "unpriced")


def upgrade() -> None:
    op.add_column("calls", sa.Column("character", sa.String(length=64)))
    op.add_column("turns", sa.Column("begun_at", UtcDateTime()))
    for name in ("letters", "rerolls", "swipes"):
        op.add_column("turns", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("turns", sa.Column("topic", sa.String(length=100)))
    op.create_table(
        "character_days",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("character", sa.String(length=64), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("letters", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("prompt_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cached_tokens", sa.BigInteger(), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("day", "character", "guild_id", name=op.f("pk_character_days")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
