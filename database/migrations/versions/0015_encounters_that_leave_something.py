"""Encounters record their source and effects; traits of characters shift.

Revision: 0015
"""

import sqlalchemy as sa
from alembic import op

from database.types import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    encounter = (
        sa.Column("modifier", sa.Float(), server_default="1", nullable=False),
        sa.Column("circumstances", sa.JSON(none_as_null=True)),
        sa.Column("memory", sa.String(length=32)),
        sa.Column("topic", sa.String(length=100)),
    )
    for column in encounter:
        op.add_column("encounters", column)
    op.add_column("growth", sa.Column("traits", sa.JSON(none_as_null=True)))
    op.add_column("growth", sa.Column("traits_at", UtcDateTime()))
    op.create_table(
        "trait_shifts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("character", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("trait", sa.String(length=16), nullable=False),
        sa.Column("change", sa.Float(), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("spoke", sa.Boolean(), nullable=False),
        sa.Column("other", sa.String(length=64)),
        sa.Column("person_id", sa.BigInteger()),
        sa.Column("reverted_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trait_shifts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_trait_shifts_character", "trait_shifts", ["character", "at"])
    _no_strangers_to_anybody_liked_or_not()


def _no_strangers_to_anybody_liked_or_not() -> None:
    """Set the stage by the affinity's value where it was set before the two had met."""
    bounds = ((-6, "enemies"), (-2, "frenemies"), (2, "acquaintances"), (6, "friends"), (11, "besties"))
    whens = " ".join(f"WHEN value < {below} THEN '{name}'" for below, name in bounds)
    op.execute(
        f"UPDATE affinities SET stage = CASE {whens} END WHERE stage IN ('', 'strangers') AND value <> 0"  # noqa: S608
    )


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
