"""Age-restricted channels, and features that admins disable for their whole server.

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channels", sa.Column("age_restricted", sa.Boolean(), server_default="0", nullable=False))
    with op.batch_alter_table("house_rules") as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_house_rules_kind"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_house_rules_kind"),
            "kind IN ('active', 'chance', 'denied user', 'denied role', 'adults', 'notices')",
        )


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
