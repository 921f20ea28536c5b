"""Memory of talk: summaries, facts, the archive."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from database.types import UNSAID, Exactly, FactValues, Instant, Key, Moment, Row, Snowflake


class Summary(Row):
    """A summary of older talk in a channel (F067), from `first_place` to `last_place`.

    Without a channel it comes from an older program and belongs to the direct messages of `person_id`.
    """

    __tablename__ = "summaries"
    __table_args__ = (
        Index("ix_summaries_channel_id", "channel_id"),
        Index("ix_summaries_person_id", "person_id"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    character: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    first_place: Mapped[Snowflake]
    last_place: Mapped[Snowflake]
    first_at: Mapped[Moment]
    last_at: Mapped[Moment]
    made_at: Mapped[Moment]


class SummarySource(Row):
    """A line that a summary covers, without its words; at most once per character.

    `author_id` wrote the line or is the person whom the character answered with it. `digest` detects later
    edits of the line.
    """

    __tablename__ = "summary_sources"
    __table_args__ = (
        PrimaryKeyConstraint("message_id", "character"),
        Index("ix_summary_sources_summary_id", "summary_id"),
    )

    message_id: Mapped[Snowflake]
    character: Mapped[str] = mapped_column(String(64))
    summary_id: Mapped[int] = mapped_column(ForeignKey("summaries.id", ondelete="CASCADE"))
    author_id: Mapped[Snowflake]
    digest: Mapped[str] = mapped_column(String(32))


class Fact(Row):
    """A fact that one character knows about one person (F072, F073, C50, C52).

    `kept` facts are core memory: permanent, and at the start of the prompt. Other facts are found by search
    and expire 14 days after the person's last visit (C59). `scope` is where it was said and so where it may
    come up: 'dm', 'channel', 'guild' or 'everywhere' (D2); `for_all` shares it with every character (C61).
    `sources` are the person's own messages behind it, and `quote` their words in the newest. `subject` names
    somebody else whom the person spoke of (C57). If `text` is the person's own sentence, `search_text` has a
    model's wording, which search uses too but which is never displayed. A fact with `ended_at` no longer
    holds; `superseded_by` is its successor (C53).

    A person's facts are adjacent on disk, because recall reads them together.
    """

    __tablename__ = "facts"
    __table_args__ = (
        PrimaryKeyConstraint("person_id", "character", "id"),
        CheckConstraint("scope IN ('dm', 'channel', 'guild', 'everywhere')", name="scope"),
        CheckConstraint("mentions >= 1", name="mentions"),
        Index("ix_facts_id", "id", unique=True),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[Snowflake] = mapped_column(init=False)
    person_id: Mapped[Snowflake]
    character: Mapped[str] = mapped_column(String(64))
    number: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(String(16))
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    guild_id: Mapped[int | None] = mapped_column(BigInteger)
    origin: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[Exactly]
    changed_at: Mapped[Exactly]
    quote: Mapped[str] = mapped_column(Text, default="")
    sources: Mapped[list[int]] = mapped_column(JSON, default_factory=list)
    pinned: Mapped[bool] = mapped_column(default=False)
    kept: Mapped[bool] = mapped_column(default=True)
    category: Mapped[str] = mapped_column(String(16), default="")
    tags: Mapped[list[str]] = mapped_column(JSON, default_factory=list)
    first_at: Mapped[Exactly] = mapped_column(default=UNSAID)
    last_at: Mapped[Exactly] = mapped_column(default=UNSAID)
    mentions: Mapped[int] = mapped_column(default=1)
    subject: Mapped[str] = mapped_column(String(80), default="")
    for_all: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    superseded_by: Mapped[int | None] = mapped_column(BigInteger, default=None)
    search_text: Mapped[str | None] = mapped_column(Text, default=None)

    @property
    def private(self) -> bool:
        """Whether the fact was told in private: only the person may see it."""
        return self.scope == "dm"

    @property
    def searched(self) -> str:
        """The text of its embedding."""
        return self.search_text or self.text

    __mapper_args__ = {"primary_key": ["id"]}  # noqa: RUF012 - required by SQLAlchemy


class FactSource(Row):
    """The facts ever derived from a message, including removed ones that can be restored.

    Edits and deletions look them up here; forgetting erases the rows.
    """

    __tablename__ = "fact_sources"
    __table_args__ = (Index("ix_fact_sources_memory_id", "memory_id"), {"sqlite_with_rowid": False})

    message_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    memory_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)


class FactChange(Row):
    """A fact's values before a change; changes made together share a `batch` (C50, C68).

    Together with the current facts, these rows give every earlier state: rows are only added, except that
    forgetting erases them. `before` has the changed values, all values if the fact was removed, and nothing
    if it was new.
    """

    __tablename__ = "fact_changes"
    __table_args__ = (
        Index("ix_fact_changes_person", "person_id", "character"),
        Index("ix_fact_changes_memory_id", "memory_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key] = mapped_column(init=False)
    batch: Mapped[Snowflake]
    memory_id: Mapped[Snowflake]
    person_id: Mapped[Snowflake]
    character: Mapped[str] = mapped_column(String(64))
    at: Mapped[Exactly]
    cause: Mapped[str] = mapped_column(String(64))
    before: Mapped[dict[str, Any] | None] = mapped_column(FactValues)


class Archived(Row):
    """An archived line, kept as long as its person consents (F075, D03), with secrets masked.

    `person_id` wrote it, or is the person whom the character answered with it (`mine`). `character` heard it,
    and so did the members of the cast. `drew_on` are the people whom an answer names or repeats.
    """

    __tablename__ = "archive"
    __table_args__ = (
        PrimaryKeyConstraint("channel_id", "id"),
        Index("ix_archive_id", "id", unique=True),
        Index("ix_archive_person_id", "person_id"),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake]
    guild_id: Mapped[int | None] = mapped_column(BigInteger)
    person_id: Mapped[Snowflake]
    author_id: Mapped[Snowflake]
    author_name: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[Exactly]
    mine: Mapped[bool] = mapped_column(default=False)
    reply_to: Mapped[int | None] = mapped_column(BigInteger, default=None)
    character: Mapped[str] = mapped_column(String(64), default="")
    cast_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    drew_on: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True), default=None)

    __mapper_args__ = {"primary_key": ["id"]}  # noqa: RUF012 - as SQLAlchemy wants it


class Vectors(Row):
    """Embeddings of one owner's items: `ids` and `rows` are packed arrays.

    The owner is a person ('fact', under a character) or a channel ('line'). Each number takes four bits
    (memory/meaning.py): an eighth of the space with the same neighbours.
    """

    __tablename__ = "vectors"
    __table_args__ = (
        Index("ix_vectors_owner", "owner_id", "kind", "character", "model", "part", unique=True),
    )

    id: Mapped[Key] = mapped_column(init=False)
    kind: Mapped[str] = mapped_column(String(8))
    owner_id: Mapped[Snowflake]
    character: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(100))
    part: Mapped[int]
    ids: Mapped[bytes] = mapped_column(LargeBinary)
    rows: Mapped[bytes] = mapped_column(LargeBinary)


class Window(Row):
    """An excerpt that a character consolidated in a channel, and the resulting counts (F074, C54).

    `through` is the last log position in it: no line is processed twice. The counts are all that remains of
    lines by people who did not consent.
    """

    __tablename__ = "windows"
    __table_args__ = (
        PrimaryKeyConstraint("channel_id", "character", "through"),
        {"sqlite_with_rowid": False},
    )

    channel_id: Mapped[Snowflake]
    character: Mapped[str] = mapped_column(String(64))
    through: Mapped[Snowflake]
    at: Mapped[Exactly]
    people: Mapped[int]
    lines: Mapped[int]
    archived: Mapped[int]
    added: Mapped[int]
    reinforced: Mapped[int]
    superseded: Mapped[int]
    refused: Mapped[int]


class Consent(Row):
    """A person's decision whether characters may learn about them (D03, F078).

    If `given` is None, they were asked and have not answered. `guild_id` and `channel_id` say where they were
    asked or answered; both are NULL for private channels and for old rows.
    """

    __tablename__ = "consents"

    person_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    given: Mapped[bool | None]
    at: Mapped[Moment]
    guild_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    channel_id: Mapped[int | None] = mapped_column(BigInteger, default=None)


class VoiceConsent(Row):
    """A person's permission to be heard by characters in a server's voice channels."""

    __tablename__ = "voice_consents"

    person_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    guild_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[Moment]


class Reminder(Row):
    """A scheduled reminder, birthday or other yearly date (C82).

    `due_at` is the next occurrence, computed in the time zone `zone`; a yearly one has a `month` and a `day`.
    `where` is the channel it was requested in and is sent to.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        CheckConstraint("kind IN ('reminder', 'birthday', 'date')", name="kind"),
        Index("ix_reminders_due_at", "due_at"),
        Index("ix_reminders_person_id", "person_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key] = mapped_column(init=False)
    person_id: Mapped[Snowflake]
    character: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    channel_id: Mapped[Snowflake]
    guild_id: Mapped[int | None] = mapped_column(BigInteger)
    zone: Mapped[str] = mapped_column(String(64))
    due_at: Mapped[Exactly]
    made_at: Mapped[Exactly]
    month: Mapped[int | None] = mapped_column(default=None)
    day: Mapped[int | None] = mapped_column(default=None)
    source_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
