"""Messages store their attachments: pictures, files, voice, previews, forwarded messages, polls.

Revision: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("attachments", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
