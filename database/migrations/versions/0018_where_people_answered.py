"""Consents record the server and channel in which they were given.

Revision: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consents", sa.Column("guild_id", sa.BigInteger()))
    op.add_column("consents", sa.Column("channel_id", sa.BigInteger()))


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
