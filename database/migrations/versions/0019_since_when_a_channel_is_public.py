"""Channels record the message from which on the whole server could read them.

Revision: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channels", sa.Column("public_from", sa.BigInteger()))


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
