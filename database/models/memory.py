"""What is kept of what was said: notes, facts, the archive."""

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
    """What is left of older talk in one place (F067): its lines from `first_place` to `last_place`.

    Without a channel it came from an older program, and belongs to the direct messages of `person_id`.
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
    """A line that a summary covers, without its words: once at most for each character.

    `author_id` is who said it, or to whom the character did. `digest` tells whether an edit changed what
    was summed up.
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
    """Something that one character knows about one person (F072, F073, C50, C52).

    `kept` facts are core memory: they stay for good and stand at the head of a prompt. The others are
    found by search, and go 14 days after the person was last there (C59). `scope` says where it was
    said, and so where it may come up: 'dm', 'channel', 'guild' or 'everywhere' (D2); `for_all` lets
    every character know it (C61). `sources` are the person's own messages that it came from, and `quote`
    the words in the newest of them. `subject` names somebody else whom the person spoke of (C57).
    Where `text` is the person's own sentence, a model's words for it are in `search_text`: it is found by
    them too, and they are never shown as what is known.
    From `ended_at` on it holds no more; `superseded_by` is what took its place (C53).

    On disk a person's facts lie side by side: that is what recall reads.
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
        """Whether it was told in private, and may come up nowhere else: nobody but the person reads it."""
        return self.scope == "dm"

    @property
    def searched(self) -> str:
        """What its vector is made of."""
        return self.search_text or self.text

    __mapper_args__ = {"primary_key": ["id"]}  # noqa: RUF012 - as SQLAlchemy wants it


class FactSource(Row):
    """By message, the facts that ever came from it, also those that went and could be brought back.

    An edit or a deletion has to find them at once; what is forgotten leaves this, too.
    """

    __tablename__ = "fact_sources"
    __table_args__ = (Index("ix_fact_sources_memory_id", "memory_id"), {"sqlite_with_rowid": False})

    message_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    memory_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)


class FactChange(Row):
    """What a fact was before a change; what belongs to one change has one `batch` (C50, C68).

    Together with the facts as they are, these rows tell every earlier state: the list is only ever
    added to, and what is forgotten leaves it. `before` holds the values that changed, all of them where
    the fact went, and nothing where it was new.
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
    """A line that was said, kept for as long as its person agrees (F075, D03): secrets are masked.

    `person_id` said it, or is whom the character answered with it (`mine`). `character` was there, and
    so was everybody of the cast. `drew_on` are the people whom an answer names or repeats.
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
    """The embeddings of some items of one owner, side by side: `ids` and `rows` are packed arrays.

    The owner is a person ('fact', under a character) or a channel ('line'). Four bits a
    number (memory/meaning.py): an eighth of the disk, and the same neighbours.
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
    """A stretch of talk in one place that a character consolidated, and what came of it (F074, C54).

    `through` is the last position in the log that it took in: no line is taken in twice. The counts
    are all that is left of the lines of those who did not agree.
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
    """Whether somebody lets characters note things about them by themselves (D03, F078).

    Without `given` they were asked, and have not answered. `guild_id` and `channel_id` say where they were,
    or answered: in private, and before that was kept, there is neither.
    """

    __tablename__ = "consents"

    person_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    given: Mapped[bool | None]
    at: Mapped[Moment]
    guild_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    channel_id: Mapped[int | None] = mapped_column(BigInteger, default=None)


class VoiceConsent(Row):
    """Somebody lets characters hear them in the voice channels of a server."""

    __tablename__ = "voice_consents"

    person_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    guild_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[Moment]


class Reminder(Row):
    """Something to be said at a time: a reminder, a birthday or a date to remember (C82).

    `due_at` is the next time, made from the wall clock of `zone`; a yearly one has a `month` and a `day`.
    `where` it was told is where it is said.
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
