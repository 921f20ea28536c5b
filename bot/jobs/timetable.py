"""Due times of jobs, by a given clock only; and reports of their states."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Every:
    """Repeated work, with an interval in seconds of the monotonic clock."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Once:
    """One-off work, this many seconds after the start."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Daily:
    """The work of each local day, from `hour` o'clock on.

    A day lasts from that hour to the same hour of the next date. So the work has a date, however the clock is
    set meanwhile: an hour that occurs twice causes no second run, and a skipped one causes the run after it
    (faults B12).
    """

    hour: int
    zone: tzinfo = UTC

    def day(self, now: datetime) -> date:
        """Return the day whose work is due by now: before the hour it is still yesterday's."""
        local = now.astimezone(self.zone)
        return local.date() if local.hour >= self.hour else local.date() - _ONE

    def due_at(self, day: date) -> datetime:
        """Return the moment from which a day's work is due, in UTC."""
        return datetime(day.year, day.month, day.day, self.hour, tzinfo=self.zone).astimezone(UTC)

    def is_due(self, last: date | None, now: datetime) -> bool:
        """Say whether a day's work is due now, if the day `last` was done last.

        A clock that was set back repeats no day. A day later than tomorrow was an error of a clock, and does
        not block the work.
        """
        today = self.day(now)
        return last is None or not today <= last <= today + _ONE


Plan = Every | Once | Daily


@dataclass(frozen=True, slots=True)
class JobReport:
    """A job's state: `next_at` is its due time, `overdue` its delay beyond the tolerance in seconds.

    `running` is the duration of the current run in seconds, None without one. `failing` says that failures
    are persistent.
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
