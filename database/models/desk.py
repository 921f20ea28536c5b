"""Support tickets: where they are opened in a server, and who has one (F126)."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Exactly, Key, Row, Snowflake
from database.types import Instant


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
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
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
