"""The tables. Ids that Discord gives are 64-bit snowflakes."""

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Text,
    case,
    func,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column

from database.types import UNSAID, FactValues, Instant, UtcDateTime

Snowflake = Annotated[int, mapped_column(BigInteger)]
Key = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]
Moment = Annotated[datetime, mapped_column(UtcDateTime)]
Exactly = Annotated[datetime, mapped_column(Instant)]


class Row(MappedAsDataclass, DeclarativeBase):
    """A table row that is a dataclass too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class User(Row):
    """Somebody who spoke where the character could hear it."""

    __tablename__ = "users"

    id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    is_bot: Mapped[bool]
    first_seen: Mapped[Moment]
    last_seen: Mapped[Moment]
    premium: Mapped[bool] = mapped_column(default=False)
    zone: Mapped[str | None] = mapped_column(String(64), default=None)


class Nickname(Row):
    """A name that a user goes or went by (F076). `guild_id` 0 is the account's own name."""

    __tablename__ = "nicknames"

    user_id: Mapped[Snowflake] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    guild_id: Mapped[Snowflake] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    first_seen: Mapped[Moment]
    last_seen: Mapped[Moment]


class Channel(Row):
    """A place where the character hears and speaks.

    `watermark` is the newest message id noted there: what came later is fetched after a gap.
    `floor` is the place in the log (Message.place) where the transcript in the prompt begins. `head_at`
    is the moment whose memories stand at the prompt's head, about the people in `head_people`.
    `consolidated` is the last position in the log from which facts were drawn; `archive_version` counts
    the changes of the place's archive.
    """

    __tablename__ = "channels"

    id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[str] = mapped_column(String(16))
    guild_id: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(200))
    guild_name: Mapped[str] = mapped_column(String(200))
    watermark: Mapped[Snowflake] = mapped_column(default=0)
    floor: Mapped[Snowflake] = mapped_column(default=0)
    unsendable_until: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    refusals: Mapped[int] = mapped_column(default=0)
    head_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    head_people: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True), default=None)
    consolidated: Mapped[Snowflake] = mapped_column(default=0, server_default="0")
    archive_version: Mapped[int] = mapped_column(default=0, server_default="0")


class Message(Row):
    """The 24-hour log (D03, D04). `position` is the order of arrival.

    `heard_through` is set on the character's own rows: the position of the last line it had read when
    it wrote.
    """

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_channel_position", "channel_id", "position"),
        Index("ix_messages_sent_at", "sent_at"),
        {"sqlite_autoincrement": True},
    )

    position: Mapped[Key] = mapped_column(init=False)
    id: Mapped[Snowflake] = mapped_column(unique=True)
    channel_id: Mapped[Snowflake] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    author_id: Mapped[Snowflake]
    author_name: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[Moment]
    from_bot: Mapped[bool] = mapped_column(default=False)
    reply_to: Mapped[int | None] = mapped_column(BigInteger, default=None)
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("turns.id", ondelete="SET NULL"), default=None)
    heard_through: Mapped[int | None] = mapped_column(BigInteger, default=None)

    @hybrid_property
    def place(self) -> int:
        """Where the row stands in the transcript.

        A reply stands right behind the last line it had heard. What came in while the character was
        thinking stands after it, as it does in the next prompt.
        """
        mine = self.heard_through is not None
        return 2 * (self.heard_through if self.heard_through is not None else self.position) + mine

    @place.inplace.expression
    @classmethod
    def _place_in_sql(cls) -> ColumnElement[int]:
        mine = case((cls.heard_through.is_not(None), 1), else_=0)
        return 2 * func.coalesce(cls.heard_through, cls.position) + mine


class Claim(Row):
    """A message id that was taken on, and what was decided about it (C18).

    An event replayed by Discord stops here (faults A2). The row holds no words and outlives the log, so
    that a deleted message can't come back. `open` means that the walk has not yet come to a decision or
    a pledged reply; `trace` says how it came to one.
    """

    __tablename__ = "claims"
    __table_args__ = (
        Index("ix_claims_open", "open"),
        Index("ix_claims_channel_message", "channel_id", "message_id"),
    )

    message_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    channel_id: Mapped[Snowflake]
    claimed_at: Mapped[Moment]
    author_id: Mapped[Snowflake] = mapped_column(default=0, server_default="0")
    open: Mapped[bool] = mapped_column(default=True)
    reason: Mapped[str | None] = mapped_column(String(64), default=None)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    trace: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("turns.id", ondelete="SET NULL"), default=None)


class Turn(Row):
    """One reply of the character: pledged before it is said, history only once it was said.

    `variant` is the take that stands (C45); `next_variant` the one that is about to take its place.
    """

    __tablename__ = "turns"
    __table_args__ = (
        CheckConstraint("state IN ('pledged', 'said', 'dropped')", name="state"),
        Index("ix_turns_state", "state"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key] = mapped_column(init=False)
    channel_id: Mapped[Snowflake] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    trigger_id: Mapped[Snowflake]
    addressee_id: Mapped[Snowflake]
    character: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(64))
    heard_through: Mapped[Snowflake]
    pledged_at: Mapped[Moment]
    fallback: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(16), default="pledged")
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    variant: Mapped[int] = mapped_column(default=1, server_default="1")
    next_variant: Mapped[int | None] = mapped_column(default=None)


class Part(Row):
    """One message of a pledged reply: what waits to be said. Its text goes once the log has it.

    `todo` is what is to be done about a message that was posted already: 'edit' it to `text`, or
    'delete' it.
    """

    __tablename__ = "parts"

    turn_id: Mapped[int] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    nonce: Mapped[str] = mapped_column(String(25))
    message_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    said_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    todo: Mapped[str | None] = mapped_column(String(8), default=None)


class Variant(Row):
    """One take on a reply (C45): its messages, in order. It goes when the reply leaves the log."""

    __tablename__ = "variants"

    turn_id: Mapped[int] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    parts: Mapped[list[str]] = mapped_column(JSON)
    made_at: Mapped[Moment]


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


class Source(Row):
    """A line that a summary covers, without its words: each line is covered once at most.

    `author_id` is who said it, or to whom the character did. `digest` tells whether an edit changed what
    was summed up.
    """

    __tablename__ = "summary_sources"
    __table_args__ = (Index("ix_summary_sources_summary_id", "summary_id"),)

    message_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
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

    `person_id` said it, or is whom the character answered with it (`mine`). `character` was there.
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

    __mapper_args__ = {"primary_key": ["id"]}  # noqa: RUF012 - as SQLAlchemy wants it


class Vectors(Row):
    """The embeddings of some items of one owner, side by side: `ids` and `rows` are packed arrays.

    The owner is a person ('fact', under a character) or a channel ('line'). Small integers, 127 for a
    component of 1: a fourth of the disk, and the same neighbours.
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
    """A stretch of talk in one place that was consolidated, and what came of it (F074, C54).

    `through` is the last position in the log that it took in: no line is taken in twice. The counts
    are all that is left of the lines of those who did not agree.
    """

    __tablename__ = "windows"
    __table_args__ = (PrimaryKeyConstraint("channel_id", "through"), {"sqlite_with_rowid": False})

    channel_id: Mapped[Snowflake]
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

    Without `given` they were asked, and have not answered.
    """

    __tablename__ = "consents"

    person_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    given: Mapped[bool | None]
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


class Call(Row):
    """One call to a model: tokens as reported, cost in US dollars, NULL where the price is unknown."""

    __tablename__ = "calls"
    __table_args__ = (Index("ix_calls_at", "at"), Index("ix_calls_user_at", "user_id", "at"))

    id: Mapped[Key] = mapped_column(init=False)
    at: Mapped[Moment]
    purpose: Mapped[str] = mapped_column(String(32))
    model: Mapped[str] = mapped_column(String(200))
    outcome: Mapped[str] = mapped_column(String(32))
    seconds: Mapped[float]
    input_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    cache_read_tokens: Mapped[int]
    cache_write_5m_tokens: Mapped[int]
    cache_write_1h_tokens: Mapped[int]
    cost: Mapped[float | None]
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    channel_id: Mapped[int | None] = mapped_column(BigInteger)


class State(Row):
    """Global key and value, such as which commands Discord already knows (F087)."""

    __tablename__ = "global_state"

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class HouseRule(Row):
    """What the admins of a server laid down for it (F127, C15); guild 0 stands for every place.

    `target_id` is a channel, user or role, 0 for the server as a whole; `value` is what the kind of rule
    needs: 0 or 1 for "active", a share for "chance", nothing for the deny lists.
    """

    __tablename__ = "house_rules"
    __table_args__ = (
        CheckConstraint("kind IN ('active', 'chance', 'denied user', 'denied role')", name="kind"),
    )

    guild_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    target_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[float] = mapped_column(default=0.0)


class BotReplies(Row):
    """How often the character answered a bot in a channel since a person last spoke there (F034, F035).

    `in_vain` counts the times that it thought about an answer and gave none.
    """

    __tablename__ = "bot_replies"
    __table_args__ = (Index("ix_bot_replies_bot_id", "bot_id"),)

    channel_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    bot_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    replies: Mapped[int]
    in_vain: Mapped[int]
    replied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Audit(Row):
    """What somebody did as an administrator (D12): who, where, what, and to whom; never words.

    `guild_id` is the server in which it holds, 0 for every place.
    """

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at", "at"),)

    id: Mapped[Key] = mapped_column(init=False)
    at: Mapped[Moment]
    actor_id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake]
    guild_id: Mapped[Snowflake]
    action: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(String(200), default="")
