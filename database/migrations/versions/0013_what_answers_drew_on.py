"""Answers record the people whom they name or repeat, so that erasing a person covers them.

Revision: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("turns", "messages", "archive"):
        op.add_column(table, sa.Column("drew_on", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
