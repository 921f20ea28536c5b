"""Messages that show a reply while the model still writes it.

Revision: 0020
"""

import sqlalchemy as sa
from alembic import op

from database.types import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("mark", sa.String(24), nullable=False),
        sa.Column("character", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("trigger_id", sa.BigInteger(), nullable=False),
        sa.Column("addressee_id", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.String(25), nullable=False),
        sa.Column("first_text", sa.Text(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_drafts_channel_id_channels"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("mark", "character", "number", name=op.f("pk_drafts")),
    )
    op.create_index("ix_drafts_channel_id", "drafts", ["channel_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
