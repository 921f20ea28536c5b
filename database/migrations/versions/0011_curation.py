"""Changes by operators at run time: old and new values in the audit, and entries of lorebooks.

Revision: 0011
"""

import sqlalchemy as sa
from alembic import op

from database.types import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("entity", sa.String(length=16), nullable=True),
        sa.Column("key", sa.JSON(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
    ):
        op.add_column("audit", column)
    op.create_index("ix_audit_person_id", "audit", ["person_id"], unique=False)
    op.create_table(
        "lore_lines",
        sa.Column("character", sa.String(length=64), nullable=False),
        sa.Column("book", sa.String(length=200), nullable=False),
        sa.Column("uid", sa.String(length=100), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("character", "book", "uid", name=op.f("pk_lore_lines")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
