"""Days and nights of a place on a time axis, and short forms of days (C95)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bot.core.spelling import MONTH, SHORT_MONTHS, SHORT_WEEKDAYS, WEEKDAYS, YEARLY

DUSK, DAWN = time(21), time(5)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TimeStretch:
    """A range of time in UTC, so that distances are real durations."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.since

    def share(self, at: datetime) -> float:
        """Return the position of a moment in the range: 0 for its beginning, 1 for its end."""
        return (at.astimezone(UTC) - self.since) / self.length

    def holds(self, at: datetime) -> bool:
        """Say whether a moment lies within the range."""
        return self.since <= at.astimezone(UTC) <= self.until


def stretch(since: datetime, until: datetime) -> TimeStretch:
    """Return the range between two moments, an hour at least."""
    end = until.astimezone(UTC)
    return TimeStretch(min(since.astimezone(UTC), end - timedelta(hours=1)), end)


def days(whole: TimeStretch, zone: tzinfo) -> Iterator[tuple[date, TimeStretch]]:
    """Return the days that overlap a range, each with the overlap."""
    return _parts(whole, zone, time(), time())


def nights(whole: TimeStretch, zone: tzinfo) -> Iterator[tuple[date, TimeStretch]]:
    """Return the nights that overlap a range, from 21 to 5 o'clock, each with the overlap."""
    return _parts(whole, zone, DUSK, DAWN)


def _parts(whole: TimeStretch, zone: tzinfo, start: time, end: time) -> Iterator[tuple[date, TimeStretch]]:
    day, last = whole.since.astimezone(zone).date() - _DAY, whole.until.astimezone(zone).date()
    while day <= last:
        since = max(_moment(day, start, zone), whole.since)
        until = min(_moment(day + _DAY, end, zone), whole.until)
        if since < until:
            yield day, TimeStretch(since, until)
        day += _DAY


def _moment(day: date, clock: time, zone: tzinfo) -> datetime:
    """Return the moment of a clock time in `zone`; a skipped time becomes the moment of the clock change."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


_MONDAY = date(2024, 1, 1)


def day_of_month(day: date) -> str:
    """Return a day such as "3 Nov"."""
    return YEARLY.format(day=day.day, month=SHORT_MONTHS[day.month - 1])


def month(day: date) -> str:
    """Return a month such as "Nov 2025"."""
    return MONTH.format(month=SHORT_MONTHS[day.month - 1], year=day.year)


def weekday(day: date) -> str:
    """Return "Wed"."""
    return str(SHORT_WEEKDAYS[day.weekday()])


def whole_weekday(day: date) -> str:
    """Return "Wednesday"."""
    return str(WEEKDAYS[day.weekday()])


def a_week() -> list[date]:
    """Return one date for each weekday."""
    return [_MONDAY.replace(day=number) for number in range(1, 8)]
