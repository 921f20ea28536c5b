"""When a job is due, by the clock that it is handed and by nothing else; and how a job fares."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again, after so many seconds on a clock that nobody sets."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Once:
    """One time, so many seconds after the start."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Daily:
    """The work of each local day, from `hour` o'clock on.

    A day is counted from that hour to the same one of the next date. So the work has a date, whatever the
    clock was set to meanwhile: an hour that comes twice brings no second run, one that is left out brings
    the run after it (faults B12).
    """

    hour: int
    zone: tzinfo = UTC

    def day(self, now: datetime) -> date:
        """Return whose day's work is due by now: before the hour it is still yesterday's."""
        local = now.astimezone(self.zone)
        return local.date() if local.hour >= self.hour else local.date() - _ONE

    def due_at(self, day: date) -> datetime:
        """Return from when on a day's work is due, in UTC."""
        return datetime(day.year, day.month, day.day, self.hour, tzinfo=self.zone).astimezone(UTC)

    def is_due(self, last: date | None, now: datetime) -> bool:
        """Say whether a day's work is to be done now, if that of the day `last` was done last.

        A clock that was set back brings no day again. A day further ahead than tomorrow was the mistake of
        a clock, and does not keep the work from being done.
        """
        today = self.day(now)
        return last is None or not today <= last <= today + _ONE


Plan = Every | Once | Daily


@dataclass(frozen=True, slots=True)
class JobReport:
    """How a job fares: `next_at` is when it is due, `overdue` by how many seconds it is later than it may be.

    `running` is for how many seconds it has been at it, None where it is not. `failing` says that failures
    are no accident any more.
    """

    name: str
    plan: Plan
    runs: int
    failures: int
    begun_at: datetime | None
    seconds: float | None
    error: str | None
    succeeded_at: datetime | None
    next_at: datetime | None
    running: float | None
    overdue: float
    failing: bool

    @property
    def troubled(self) -> bool:
        """Say whether an operator should look at it."""
        return self.failing or self.overdue > 0
