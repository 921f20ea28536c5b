"""An inner life: feelings and their causes, bonds with people and their changes, unprompted remarks.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

from database.types import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SLUG = sa.String(length=64)
_METRICS = {"anger": (0, 10), "rapport": (0, 10), "trust": (0, 10), "formality": (-5, 5)}


def upgrade() -> None:
    _feelings()
    _bonds()
    op.create_table(
        "remarks",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remarks")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_remarks_channel_id", "remarks", ["channel_id", "at"], unique=False)
    op.add_column("channels", sa.Column("speaks_first", sa.Boolean(), server_default="0", nullable=False))
    op.add_column("channels", sa.Column("parent_id", sa.BigInteger(), nullable=True))
    op.add_column("turns", sa.Column("tone", sa.String(length=16), nullable=True))
    op.add_column("turns", sa.Column("register", sa.Integer(), nullable=True))


def _feelings() -> None:
    op.create_table(
        "feelings",
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("talked_at", Instant(), nullable=False),
        sa.Column("deviations", sa.JSON(), nullable=False),
        sa.Column("shift", sa.JSON(), nullable=False),
        sa.Column("lately", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("character", name=op.f("pk_feelings")),
    )
    op.create_table(
        "stirrings",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("shift", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stirrings")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_stirrings_character", "stirrings", ["character", "at"], unique=False)


def _bonds() -> None:
    op.create_table(
        "bonds",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("talked_at", Instant(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _METRICS),
        sa.Column("exchanges", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=True),
        *(
            sa.CheckConstraint(f"{name} BETWEEN {least} AND {most}", name=op.f(f"ck_bonds_{name}"))
            for name, (least, most) in _METRICS.items()
        ),
        sa.PrimaryKeyConstraint("user_id", "character", name=op.f("pk_bonds")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bond_changes",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("metric", sa.String(length=16), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=100), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("disputed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bond_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bond_changes_user_id", "bond_changes", ["user_id", "character", "at"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
