"""Settings and actions of server admins, and support tickets."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from database.types import Exactly, Instant, Key, Moment, Row, Snowflake


class HouseRule(Row):
    """A rule that a server's admins set (F127, C15); guild 0 stands for all channels.

    `target_id` is a channel, user or role, 0 for the whole server; `value` depends on the kind of rule: 0 or
    1 for "active", a share for "chance", unused for the deny lists.
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
    """An action of an administrator (D12): who, where, what, and to whom, without words of people.

    `guild_id` is the server it applies to, 0 for all channels. A change (C85) has the `entity`, its `key`,
    the `person_id` concerned, and the values `before` and `after`, None if there was no value. For facts
    about people these contain no words, which are in `fact_changes` alone and so erased with the fact.
    `undoes` is the change that this one reverted.
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
    """Configuration of a server's tickets: parent channel, role of the staff, channel for notices."""

    __tablename__ = "ticket_desks"

    guild_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    channel_id: Mapped[Snowflake]
    role_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    staff_channel_id: Mapped[int | None] = mapped_column(BigInteger, default=None)


class Ticket(Row):
    """A ticket: ids and times, without any words.

    It is answered by the audience that its opener was told about: holders of a role, notified in a channel,
    both as configured at that time. `thread_id` is NULL while the thread is being created, and `closed_at`
    while the ticket is open: nobody has two open tickets in a server.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        Index(
            "uq_tickets_open",
            "guild_id",
            "opener_id",
            unique=True,
            # A migration creates PostgreSQL's index: its dialect is not loaded at each start.
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
