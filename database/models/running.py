"""Operation of the program: jobs, model calls and their cost."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from database.types import Key, Moment, Row, Snowflake, UtcDateTime


def _where_set(column: str) -> dict[str, Any]:
    """Return the index options for rows in which a column has a value."""
    condition = text(f"{column} IS NOT NULL")
    return {"sqlite_where": condition, "postgresql_where": condition}


class State(Row):
    """A global key-value pair, such as the commands already registered with Discord (F087)."""

    __tablename__ = "global_state"

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class CallRow(Row):
    """A model call: tokens as reported, cost in US dollars, NULL if the price is unknown.

    `character` is the character it was made for, NULL if for none in particular. `turn_id` is the reply it
    was made for, and `message_id` the message that it decided about.
    """

    __tablename__ = "calls"
    __table_args__ = (
        Index("ix_calls_at", "at"),
        Index("ix_calls_user_at", "user_id", "at"),
        Index("ix_calls_turn_id", "turn_id", **_where_set("turn_id")),
        Index("ix_calls_message_id", "message_id", **_where_set("message_id")),
    )

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
    character: Mapped[str | None] = mapped_column(String(64), default=None)
    turn_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    message_id: Mapped[int | None] = mapped_column(BigInteger, default=None)


class SentPrompt(Row):
    """The body of a request for a reply, kept for some hours for the console.

    The system prompt is cut out at byte `system_at` and stored under `system_hash`, since most requests share
    it. `body` is compressed. `people` are the people whose words or facts it contains.
    """

    __tablename__ = "prompts"
    __table_args__ = (Index("ix_prompts_at", "at"),)

    turn_id: Mapped[Snowflake] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[Moment]
    channel_id: Mapped[Snowflake]
    people: Mapped[list[int]] = mapped_column(JSON)
    system_hash: Mapped[str] = mapped_column(String(32))
    system_at: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)


class SystemPrompt(Row):
    """A system prompt shared by stored requests, compressed."""

    __tablename__ = "system_prompts"

    hash: Mapped[str] = mapped_column(String(32), primary_key=True)
    text: Mapped[bytes] = mapped_column(LargeBinary)


class DaySpending(Row):
    """The cost of calls on a day of the house's time zone: for a person, a server, or everybody (C86).

    `payer` says for whom; a person is represented by a pseudonym. The `held` amounts are reserved for calls
    without an answer yet. `level` is the last warning to operators: 0 for none, 1 for running short, 2 for
    spent; `told` says that the payer was told that the budget is spent.
    """

    __tablename__ = "day_spending"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    payer: Mapped[str] = mapped_column(String(64), primary_key=True)
    nanodollars: Mapped[int] = mapped_column(BigInteger, default=0)
    tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    held_nanodollars: Mapped[int] = mapped_column(BigInteger, default=0)
    held_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    level: Mapped[int] = mapped_column(default=0)
    told: Mapped[bool] = mapped_column(default=False)


class JobRow(Row):
    """The state of a job, one row each.

    `day` is the last local day completed, for daily jobs. `error` is an exception type, never its message.
    `failures` counts consecutive failures.
    """

    __tablename__ = "jobs"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    runs: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    seconds: Mapped[float | None] = mapped_column(default=None)
    error: Mapped[str | None] = mapped_column(String(64), default=None)
    succeeded_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    day: Mapped[date | None] = mapped_column(Date, default=None)


class JobRun(Row):
    """A run worth recording: of a daily job, a failed one, or a slow one.

    `result` is "running" until it ends, and "broken off" if the program stopped first.
    """

    __tablename__ = "job_runs"
    __table_args__ = (Index("ix_job_runs_job", "job", "day"), Index("ix_job_runs_begun_at", "begun_at"))

    id: Mapped[Key] = mapped_column(init=False)
    job: Mapped[str] = mapped_column(String(64))
    due_at: Mapped[Moment]
    begun_at: Mapped[Moment]
    result: Mapped[str] = mapped_column(String(16))
    seconds: Mapped[float | None] = mapped_column(default=None)
    error: Mapped[str | None] = mapped_column(String(64), default=None)
    day: Mapped[date | None] = mapped_column(Date, default=None)
