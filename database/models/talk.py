"""Users, channels, messages and replies."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    case,
    func,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from database.types import Key, Moment, Row, Snowflake, UtcDateTime


class User(Row):
    """A user who spoke where a character could hear it."""

    __tablename__ = "users"

    id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    is_bot: Mapped[bool]
    first_seen: Mapped[Moment]
    last_seen: Mapped[Moment]
    premium: Mapped[bool] = mapped_column(default=False)
    zone: Mapped[str | None] = mapped_column(String(64), default=None)


class Nickname(Row):
    """A present or former name of a user (F076). `guild_id` 0 is for the account's own name."""

    __tablename__ = "nicknames"

    user_id: Mapped[Snowflake] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    guild_id: Mapped[Snowflake] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    first_seen: Mapped[Moment]
    last_seen: Mapped[Moment]


class Channel(Row):
    """A channel in which a character listens and speaks.

    `watermark` is the newest message id recorded; later messages are fetched after a gap. `archive_version`
    counts changes of the channel's archive. `chosen` is the character selected for it, and `note` a reminder
    inserted `note_depth` lines before the prompt's end (C35). `speaks_first` permits unprompted messages
    (C79). `parent_id` is a thread's channel. `age_restricted` is Discord's flag when last seen (C91), and so
    is `public`: everybody on the server may read it, without a break since message `public_from`.
    """

    __tablename__ = "channels"

    id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[str] = mapped_column(String(16))
    guild_id: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(200))
    guild_name: Mapped[str] = mapped_column(String(200))
    watermark: Mapped[Snowflake] = mapped_column(default=0)
    unsendable_until: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    refusals: Mapped[int] = mapped_column(default=0)
    archive_version: Mapped[int] = mapped_column(default=0, server_default="0")
    chosen: Mapped[str | None] = mapped_column(String(64), default=None)
    note: Mapped[str | None] = mapped_column(Text, default=None)
    note_depth: Mapped[int] = mapped_column(default=0, server_default="0")
    note_by: Mapped[int | None] = mapped_column(BigInteger, default=None)
    speaks_first: Mapped[bool] = mapped_column(default=False, server_default="0")
    parent_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    age_restricted: Mapped[bool] = mapped_column(default=False, server_default="0")
    public: Mapped[bool] = mapped_column(default=False, server_default="0")
    public_from: Mapped[int | None] = mapped_column(BigInteger, default=None)


class MessageRow(Row):
    """A line of the 24-hour log (D03, D04). `position` is the order of arrival.

    `heard_through` is set on the characters' own lines, with the speaking `character`: the position of the
    last line it had read when it wrote. `cast_id` are the characters that heard the line, and `drew_on` the
    people whom a reply names or repeats. `text` includes the readable content of the `attachments`
    (memory/attachments.py).
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
    character: Mapped[str | None] = mapped_column(String(64), default=None)
    cast_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    drew_on: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True), default=None)
    attachments: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True), default=None)

    @hybrid_property
    def place(self) -> int:
        """Position in the transcript.

        A reply follows the last line it had heard. Lines that arrived while the character was thinking come
        after it, as in the next prompt.
        """
        mine = self.heard_through is not None
        return 2 * (self.heard_through if self.heard_through is not None else self.position) + mine

    @place.inplace.expression
    @classmethod
    def _place_in_sql(cls) -> ColumnElement[int]:
        mine = case((cls.heard_through.is_not(None), 1), else_=0)
        return 2 * func.coalesce(cls.heard_through, cls.position) + mine


FAILED = text("reason IN ('NO_ANSWER', 'NO_VOTE')")
"""Condition for failed answers. Only a query with the same text uses the index."""
FALLBACK = text("fallback IS TRUE")
"""Condition for replies that are the fallback line for failures."""


class Claim(Row):
    """A message id that was claimed, and the decision about it (C18).

    A claim stops events that Discord replays (faults A2). The row contains no words and outlives the log, so
    that a deleted message can't return. `open` means that neither a decision nor a pledged reply exists yet;
    `trace` explains the decision. A message spoken `aloud` is answered in the call or never.
    """

    __tablename__ = "claims"
    __table_args__ = (
        Index("ix_claims_open", "open"),
        Index("ix_claims_channel_message", "channel_id", "message_id"),
        Index("ix_claims_failed", "message_id", sqlite_where=FAILED, postgresql_where=FAILED),
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
    aloud: Mapped[bool] = mapped_column(default=False, server_default="0")


class Turn(Row):
    """A reply of a character: pledged before it is sent, part of the history only after that.

    `variant` is the current take (C45), `next_variant` its pending replacement. `tone` is what the person did
    with the message answered, and `register` how formal it was (C71); both are NULL if no person is answered,
    and after they were counted. `spoken` marks a reply as voice messages. `drew_on` are the people whom any
    take names or repeats. `begun_at` is when it was first pledged, with `letters` characters; `rerolls` and
    `swipes` count further takes generated and chosen. `topic` is an interest of the character that came up,
    in servers only, NULL after it was counted (CharacterDay).
    """

    __tablename__ = "turns"
    __table_args__ = (
        CheckConstraint("state IN ('pledged', 'said', 'dropped')", name="state"),
        Index("ix_turns_state", "state"),
        Index("ix_turns_fallback", "trigger_id", sqlite_where=FALLBACK, postgresql_where=FALLBACK),
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
    cast_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    tone: Mapped[str | None] = mapped_column(String(16), default=None)
    register: Mapped[int | None] = mapped_column(default=None)
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    letters: Mapped[int] = mapped_column(default=0, server_default="0")
    rerolls: Mapped[int] = mapped_column(default=0, server_default="0")
    swipes: Mapped[int] = mapped_column(default=0, server_default="0")
    topic: Mapped[str | None] = mapped_column(String(100), default=None)
    drew_on: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True), default=None)
    spoken: Mapped[bool] = mapped_column(default=False, server_default="0")


class PartRow(Row):
    """One message of a pledged reply, waiting to be sent. Its text is removed once the log has it.

    `todo` is the pending action on a message already posted: 'edit' it to `text`, or 'delete' it.
    """

    __tablename__ = "parts"

    turn_id: Mapped[int] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    nonce: Mapped[str] = mapped_column(String(25))
    message_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    said_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    todo: Mapped[str | None] = mapped_column(String(8), default=None)


class Draft(Row):
    """A message that shows a reply while the model still writes it, recorded before it is posted.

    `mark` names the message or cue being answered. `first_text` identifies the message while `message_id` is
    unknown. When the reply is pledged, its drafts become parts.
    """

    __tablename__ = "drafts"
    __table_args__ = (Index("ix_drafts_channel_id", "channel_id"),)

    mark: Mapped[str] = mapped_column(String(24), primary_key=True)
    character: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    channel_id: Mapped[Snowflake] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    trigger_id: Mapped[Snowflake]
    addressee_id: Mapped[Snowflake]
    nonce: Mapped[str] = mapped_column(String(25))
    first_text: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[Moment]
    message_id: Mapped[int | None] = mapped_column(BigInteger, default=None)


class Variant(Row):
    """One take on a reply (C45): its messages in order. It is deleted when the reply leaves the log."""

    __tablename__ = "variants"

    turn_id: Mapped[int] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    parts: Mapped[list[str]] = mapped_column(JSON)
    made_at: Mapped[Moment]


class BotReplies(Row):
    """Replies of the character to a bot in a channel since a person last spoke there (F034, F035).

    `in_vain` counts attempts that produced no answer.
    """

    __tablename__ = "bot_replies"
    __table_args__ = (Index("ix_bot_replies_bot_id", "bot_id"),)

    channel_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    bot_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    replies: Mapped[int]
    in_vain: Mapped[int]
    replied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
