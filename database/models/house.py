"""What the admins of a server laid down and did, and the tickets that people open there."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from database.types import Exactly, Instant, Key, Moment, Row, Snowflake


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


class Desk(Row):
    """Where the tickets of a server are opened: below a channel, for holders of a role, told in a channel."""

    __tablename__ = "ticket_desks"

    guild_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    channel_id: Mapped[Snowflake]
    role_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    staff_channel_id: Mapped[int | None] = mapped_column(BigInteger, default=None)


class Ticket(Row):
    """That somebody opened a ticket: ids and moments, and never a word of it.

    Whom its opener was told of may answer it: holders of a role, told in a channel, both as they were then.
    `thread_id` is NULL while the thread is made, and `closed_at` while the ticket is open: nobody has two
    open ones in a server.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        Index(
            "uq_tickets_open",
            "guild_id",
            "opener_id",
            unique=True,
            # PostgreSQL's index is made by the migration: its dialect is not loaded at each start.
            sqlite_where=text("closed_at IS NULL"),
        ),
        Index("ix_tickets_thread_id", "thread_id"),
        Index("ix_tickets_opener_id", "opener_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key] = mapped_column(init=False)
    guild_id: Mapped[Snowflake]
    opener_id: Mapped[Snowflake]
    opened_at: Mapped[Exactly]
    thread_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    closed_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    closed_by: Mapped[int | None] = mapped_column(BigInteger, default=None)
    role_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    staff_channel_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
