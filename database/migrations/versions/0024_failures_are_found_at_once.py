"""Indexes on failed answers, so that finding them does not read all messages.

Revision: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, table, column, where in (
        ("ix_claims_failed", "claims", "message_id", "reason IN ('NO_ANSWER', 'NO_VOTE')"),
        ("ix_turns_fallback", "turns", "trigger_id", "fallback IS TRUE"),
    ):
        condition = sa.text(where)
        op.create_index(name, table, [column], sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
