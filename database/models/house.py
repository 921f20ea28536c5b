"""What operators and admins go by."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Index,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Key, Moment, Row, Snowflake
from database.types import UtcDateTime


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
        CheckConstraint(
            "kind IN ('active', 'chance', 'denied user', 'denied role', 'adults', 'notices')", name="kind"
        ),
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
    """What somebody did as an administrator (D12): who, where, what, and to whom; never words of people.

    `guild_id` is the server in which it holds, 0 for every place. A change (C85) names the `entity`, its
    `key`, the `person_id` whom it concerns, and the values `before` and `after`: none where there was
    nothing. Of a fact about somebody these hold no words: those stand in `fact_changes` alone, so that they
    go with the fact. `undoes` is the change that this one took back.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_at", "at"),
        Index("ix_audit_person_id", "person_id"),
    )

    id: Mapped[Key] = mapped_column(init=False)
    at: Mapped[Moment]
    actor_id: Mapped[Snowflake]
    channel_id: Mapped[Snowflake]
    guild_id: Mapped[Snowflake]
    action: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(String(200), default="")
    entity: Mapped[str | None] = mapped_column(String(16), default=None)
    key: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True), default=None)
    person_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    undoes: Mapped[int | None] = mapped_column(BigInteger, default=None)
