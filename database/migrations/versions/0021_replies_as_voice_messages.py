"""People choose voice messages for replies; replies record whether they are spoken.

Revision: 0021
"""

import sqlalchemy as sa
from alembic import op

from database.types import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("turns", sa.Column("spoken", sa.Boolean(), server_default="0", nullable=False))
    op.create_table(
        "voice_choices",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("choice", sa.String(8), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("choice IN ('on', 'off', 'auto')", name=op.f("ck_voice_choices_choice")),
        sa.PrimaryKeyConstraint("user_id", "channel_id", name=op.f("pk_voice_choices")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
