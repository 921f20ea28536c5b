"""Facts in place of core memory alone, the archive, embeddings, consolidation, reminders.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

from database.types import FactValues, Instant, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SCOPES = "scope IN ('dm', 'channel', 'guild', 'everywhere')"
_AT_ONCE = 500


def upgrade() -> None:
    op.add_column("users", sa.Column("zone", sa.String(length=64), nullable=True))
    op.add_column("channels", sa.Column("consolidated", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("channels", sa.Column("archive_version", sa.Integer(), server_default="0", nullable=False))
    with op.batch_alter_table("consents") as batch_op:
        batch_op.alter_column("given", existing_type=sa.Boolean(), nullable=True)
    facts = _facts()
    changes = _fact_changes()
    _sources()
    _archive()
    _vectors()
    _windows()
    _reminders()
    _take_over(facts, changes)
    for table in ("core_memory_changes", "core_memory_sources", "core_memories"):
        op.drop_table(table)


def _facts() -> sa.Table:
    table = op.create_table(
        "facts",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("character", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("category", sa.String(length=16), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("first_at", Instant(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("mentions", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("for_all", sa.Boolean(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("superseded_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(_SCOPES, name=op.f("ck_facts_scope")),
        sa.CheckConstraint("mentions >= 1", name=op.f("ck_facts_mentions")),
        sa.PrimaryKeyConstraint("person_id", "character", "id", name=op.f("pk_facts")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_facts_id", "facts", ["id"], unique=True)
    return table


def _fact_changes() -> sa.Table:
    table = op.create_table(
        "fact_changes",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("memory_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("character", sa.String(length=64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("before", FactValues(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fact_changes_memory_id", "fact_changes", ["memory_id"], unique=False)
    op.create_index("ix_fact_changes_person", "fact_changes", ["person_id", "character"], unique=False)
    return table


def _sources() -> None:
    op.create_table(
        "fact_sources",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("memory_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "memory_id", name=op.f("pk_fact_sources")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_fact_sources_memory_id", "fact_sources", ["memory_id"], unique=False)


def _archive() -> None:
    op.create_table(
        "archive",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("author_name", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.Column("mine", sa.Boolean(), nullable=False),
        sa.Column("reply_to", sa.BigInteger(), nullable=True),
        sa.Column("character", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "id", name=op.f("pk_archive")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_archive_id", "archive", ["id"], unique=True)
    op.create_index("ix_archive_person_id", "archive", ["person_id"], unique=False)


def _vectors() -> None:
    op.create_table(
        "vectors",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("character", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("ids", sa.LargeBinary(), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vectors")),
    )
    owner = ["owner_id", "kind", "character", "model", "part"]
    op.create_index("ix_vectors_owner", "vectors", owner, unique=True)


def _windows() -> None:
    counts = ("people", "lines", "archived", "added", "reinforced", "superseded", "refused")
    op.create_table(
        "windows",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("through", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        sa.PrimaryKeyConstraint("channel_id", "through", name=op.f("pk_windows")),
        sqlite_with_rowid=False,
    )


def _reminders() -> None:
    op.create_table(
        "reminders",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("character", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=True),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('reminder', 'birthday', 'date')", name=op.f("ck_reminders_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reminders_due_at", "reminders", ["due_at"], unique=False)
    op.create_index("ix_reminders_person_id", "reminders", ["person_id"], unique=False)


def _take_over(facts: sa.Table, changes: sa.Table) -> None:
    """Convert core memory and its changes to facts; a change records only the values before it."""
    bind = op.get_bind()
    new = {
        "kept": True,
        "category": "",
        "tags": [],
        "mentions": 1,
        "subject": "",
        "for_all": False,
        "ended_at": None,
        "superseded_by": None,
    }
    same = "id person_id character number text scope channel_id guild_id origin quote pinned".split()  # noqa: SIM905
    old = sa.table(
        "core_memories",
        *(sa.column(name) for name in same),
        sa.column("sources", sa.JSON()),
        sa.column("made_at", UtcDateTime()),
        sa.column("changed_at", UtcDateTime()),
    )
    for rows in bind.execute(sa.select(old)).mappings().partitions(_AT_ONCE):
        made = [{**row, **new, "first_at": row["made_at"], "last_at": row["made_at"]} for row in rows]
        bind.execute(sa.insert(facts), made)
    old = sa.table(
        "core_memory_changes",
        *(sa.column(name) for name in "id batch memory_id person_id character cause".split()),  # noqa: SIM905
        sa.column("at", UtcDateTime()),
        sa.column("before", sa.JSON(none_as_null=True)),
    )
    for rows in bind.execute(sa.select(old).order_by(old.c.id)).mappings().partitions(_AT_ONCE):
        bind.execute(sa.insert(changes), [dict(row) for row in rows])
    op.execute("INSERT INTO fact_sources SELECT message_id, memory_id FROM core_memory_sources")
    newest = "SELECT MAX(id) AS id FROM facts UNION ALL SELECT MAX(memory_id) FROM fact_changes"
    last = bind.scalar(sa.text(f"SELECT COALESCE(MAX(id), 0) FROM ({newest}) AS every"))  # noqa: S608
    states = sa.table("global_state", sa.column("key"), sa.column("value"))
    if last:
        bind.execute(sa.insert(states), {"key": "last fact", "value": str(last)})
        # The file is rewritten afterwards; if that fails, the next night does it.
        bind.execute(sa.insert(states), {"key": "to be written anew", "value": ""})


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
