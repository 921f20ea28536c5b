"""Consent to being heard in voice channels; messages record whether they were spoken.

Revision: 0022
"""

import sqlalchemy as sa
from alembic import op

from database.types import UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("claims", sa.Column("aloud", sa.Boolean(), server_default="0", nullable=False))
    op.create_table(
        "voice_consents",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "guild_id", name=op.f("pk_voice_consents")),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
