"""Several characters: casts, seats, cues, scenes, identities, growth, and affinities.

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

from database.types import Instant, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SLUG = sa.String(length=64)
_HERE = "(SELECT t.character FROM turns t WHERE t.channel_id = {id} ORDER BY t.id DESC LIMIT 1)"
_ANYWHERE = "(SELECT t.character FROM turns t ORDER BY t.id DESC LIMIT 1)"


def upgrade() -> None:
    _company()
    _feelings()
    op.create_index("ix_turns_once", "turns", ["channel_id", "id"])  # finds the last speaker in each channel
    for table, name, kind in (
        ("messages", "character", _SLUG),
        ("messages", "cast_id", sa.BigInteger()),
        ("turns", "cast_id", sa.BigInteger()),
        ("archive", "cast_id", sa.BigInteger()),
        ("channels", "chosen", _SLUG),
        ("channels", "note", sa.Text()),
        ("channels", "note_by", sa.BigInteger()),
    ):
        op.add_column(table, sa.Column(name, kind, nullable=True))
    op.add_column("channels", sa.Column("note_depth", sa.Integer(), server_default="0", nullable=False))
    _take_over_seats()
    _sources()
    _windows()
    _who_was_there()
    op.drop_index("ix_turns_once", "turns")


def _company() -> None:
    op.create_table(
        "casts",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("members", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_casts")),
        sa.UniqueConstraint("members", name="uq_casts_members"),
    )
    op.create_table(
        "cast_members",
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("cast_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cast_id"], ["casts.id"], name=op.f("fk_cast_members_cast_id_casts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("character", "cast_id", name=op.f("pk_cast_members")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "seats",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("floor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("head_at", UtcDateTime(), nullable=True),
        sa.Column("head_people", sa.JSON(), nullable=True),
        sa.Column("consolidated", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lore", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_seats_channel_id_channels"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel_id", "character", name=op.f("pk_seats")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attendances",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "character", name=op.f("pk_attendances")),
        sqlite_with_rowid=False,
    )
    _scenes()
    op.create_table(
        "rhythms",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "hour", name=op.f("pk_rhythms")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "guises",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "channel_id", name=op.f("pk_guises")),
        sqlite_with_rowid=False,
    )


def _scenes() -> None:
    op.create_table(
        "scenes",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("started_by", sa.BigInteger(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("opened_by", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_scenes_channel_id_channels"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scenes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_scenes_channel_id", "scenes", ["channel_id"], unique=False)
    op.create_table(
        "cues",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("delay", sa.Float(), nullable=False),
        sa.Column("chain", sa.Integer(), nullable=False),
        sa.Column("scene_id", sa.BigInteger(), nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("turn_id", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=True),
        sa.Column("trace", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_cues_channel_id_channels"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["scene_id"], ["scenes.id"], name=op.f("fk_cues_scene_id_scenes"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["turn_id"], ["turns.id"], name=op.f("fk_cues_turn_id_turns"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cues")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cues_open", "cues", ["open"], unique=False)
    op.create_index("ix_cues_channel_id", "cues", ["channel_id"], unique=False)


def _feelings() -> None:
    op.create_table(
        "identity_lines",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('trait', 'lore', 'fact', 'quirk')", name=op.f("ck_identity_lines_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_lines")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_identity_lines_character", "identity_lines", ["character"], unique=False)
    op.create_table(
        "growth",
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("interactions", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("character", name=op.f("pk_growth")),
    )
    op.create_table(
        "milestones",
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("milestone", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=True),
        sa.Column("reverted_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("character", "milestone", name=op.f("pk_milestones")),
    )
    op.create_table(
        "affinities",
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("other", _SLUG, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("stage", sa.String(length=16), server_default="", nullable=False),
        sa.CheckConstraint("value BETWEEN -10 AND 10", name=op.f("ck_affinities_value")),
        sa.PrimaryKeyConstraint("character", "other", name=op.f("pk_affinities")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "encounters",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("speaker", _SLUG, nullable=False),
        sa.Column("other", _SLUG, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.Float(), nullable=False),
        sa.Column("back", sa.Float(), nullable=False),
        sa.Column("milestone", sa.String(length=64), nullable=True),
        sa.Column("reverted_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encounters")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_encounters_speaker", "encounters", ["speaker", "other"], unique=False)
    op.create_table(
        "conflicts",
        sa.Column("one", _SLUG, nullable=False),
        sa.Column("other", _SLUG, nullable=False),
        sa.Column("topic", sa.String(length=100), nullable=False),
        sa.Column("severity", sa.Float(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("severity BETWEEN 0 AND 1", name=op.f("ck_conflicts_severity")),
        sa.PrimaryKeyConstraint("one", "other", "topic", name=op.f("pk_conflicts")),
        sqlite_with_rowid=False,
    )


def _take_over_seats() -> None:
    """Give the channel's seat to the last character that spoke: until now only one did."""
    who = f"COALESCE({_HERE.format(id='c.id')}, {_ANYWHERE})"
    op.execute(
        "INSERT INTO seats (channel_id, character, floor, head_at, head_people, consolidated) "  # noqa: S608
        f"SELECT c.id, {who}, c.floor, c.head_at, c.head_people, c.consolidated FROM channels c "
        f"WHERE {_ANYWHERE} IS NOT NULL"
    )
    for name in ("floor", "head_at", "head_people", "consolidated"):
        op.execute(f"ALTER TABLE channels DROP COLUMN {name}")


def _set_aside(*indexes: str) -> None:
    """Free the names of indexes, which PostgreSQL requires to be unique over all tables."""
    if op.get_bind().dialect.name == "postgresql":
        for name in indexes:
            op.execute(f"ALTER INDEX {name} RENAME TO {name}_old")


def _sources() -> None:
    """Allow one summary of a line per character."""
    _set_aside("pk_summary_sources")
    op.create_table(
        "summary_sources_new",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("summary_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["summary_id"],
            ["summaries.id"],
            name=op.f("fk_summary_sources_summary_id_summaries"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", "character", name=op.f("pk_summary_sources")),
    )
    op.execute(
        "INSERT INTO summary_sources_new (message_id, character, summary_id, author_id, digest) "
        "SELECT o.message_id, s.character, o.summary_id, o.author_id, o.digest "
        "FROM summary_sources o JOIN summaries s ON s.id = o.summary_id"
    )
    op.drop_table("summary_sources")
    op.rename_table("summary_sources_new", "summary_sources")
    op.create_index("ix_summary_sources_summary_id", "summary_sources", ["summary_id"], unique=False)


def _windows() -> None:
    _set_aside("pk_windows")
    counts = ("people", "lines", "archived", "added", "reinforced", "superseded", "refused")
    op.create_table(
        "windows_new",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("character", _SLUG, nullable=False),
        sa.Column("through", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        sa.PrimaryKeyConstraint("channel_id", "character", "through", name=op.f("pk_windows")),
        sqlite_with_rowid=False,
    )
    who = f"COALESCE({_HERE.format(id='o.channel_id')}, {_ANYWHERE}, '')"
    names = ", ".join(counts)
    op.execute(
        f"INSERT INTO windows_new (channel_id, character, through, at, {names}) "  # noqa: S608
        f"SELECT o.channel_id, {who}, o.through, o.at, {names} FROM windows o"
    )
    op.drop_table("windows")
    op.rename_table("windows_new", "windows")


def _who_was_there() -> None:
    """Record that each logged line was heard by every character that had spoken by then, and by no later
    one."""
    op.execute(
        "UPDATE messages SET character = (SELECT t.character FROM turns t WHERE t.id = messages.turn_id) "
        "WHERE heard_through IS NOT NULL"
    )
    bind = op.get_bind()
    names = sorted(bind.scalars(sa.text("SELECT DISTINCT character FROM turns")))
    if not names:
        return
    casts = sa.table("casts", sa.column("id"), sa.column("members"))
    bind.execute(sa.insert(casts), {"id": 1, "members": " ".join(names)})
    members = sa.table("cast_members", sa.column("character"), sa.column("cast_id"))
    bind.execute(sa.insert(members), [{"character": name, "cast_id": 1} for name in names])
    op.execute("UPDATE messages SET cast_id = 1")


def downgrade() -> None:
    raise NotImplementedError("restore the copy that was made before the upgrade")
