"""Channels that Discord shows to adults only.

Revision: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channels", sa.Column("age_restricted", sa.Boolean(), server_default="0", nullable=False))


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
