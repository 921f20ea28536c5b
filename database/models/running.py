"""What the program keeps of its own running: its jobs, its calls to models, and what they cost."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from database.types import Key, Moment, Row, Snowflake, UtcDateTime


def _where_set(column: str) -> dict[str, Any]:
    """Return what makes an index one of the rows alone that have a value."""
    condition = text(f"{column} IS NOT NULL")
    return {"sqlite_where": condition, "postgresql_where": condition}


class State(Row):
    """Global key and value, such as which commands Discord already knows (F087)."""

    __tablename__ = "global_state"

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class CallRow(Row):
    """One call to a model: tokens as reported, cost in US dollars, NULL where the price is unknown.

    `character` is for whom it was asked, NULL where it was for none of them alone. `turn_id` is the reply
    that it was made for, and `message_id` the message about which something was decided by it.
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
    """The body of a request for a reply, as it was sent: for the console, and for some hours.

    The system prompt is cut out, since most requests share it: it stands at byte `system_at`, and is kept
    under its `system_hash`. `body` is compressed. `people` are those whose words or facts are in it.
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
    """A system prompt that some kept requests share, compressed."""

    __tablename__ = "system_prompts"

    hash: Mapped[str] = mapped_column(String(32), primary_key=True)
    text: Mapped[bytes] = mapped_column(LargeBinary)


class DaySpending(Row):
    """What calls came to on a day of the house's zone: for a person, a server, or all together (C86).

    `payer` says for whom; of a person it is a mark that does not tell who they are. What is `held` was set
    aside for calls that had no answer yet. `level` is what operators were told of it: 0 for nothing, 1 that
    it runs short, 2 that it is spent; `told` says that whom it concerns was told that it is.
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
    """How a job fares: one row for each, as it was when it was last written down.

    `day` is the local day whose work was done last, for jobs that do a day's work. `error` is a type, never
    what it said. `failures` are those in a row.
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
    """One run that is worth a row: of a day's work, or one that failed or took long.

    `result` is "running" until it ends, and "broken off" where the program stopped before.
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
