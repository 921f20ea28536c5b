"""What the program keeps of its own running: its jobs, and what came of them."""

from datetime import date, datetime

from sqlalchemy import Date, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Key, Moment, Row
from database.types import UtcDateTime


class Job(Row):
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
