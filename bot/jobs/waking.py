"""What makes APScheduler wake us by a clock that nobody can set."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.triggers.base import BaseTrigger


class Again(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Wakes so many seconds after the last time; with None never again."""

    __slots__ = ("_seconds",)

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime | None:
        return None if self._seconds is None else now + timedelta(seconds=self._seconds)

    def __str__(self) -> str:
        return f"again after {self._seconds} s"


class SteadyTime(tzinfo):
    """A zone whose time only ever goes forward.

    APScheduler asks `datetime.now(zone)` what time it is, and waits for hours after the machine's clock was
    set back. In this zone the time goes by the monotonic clock, whatever that of the machine is set to.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._since = monotonic()
        self._begin = datetime.now(UTC).replace(tzinfo=None)

    def fromutc(self, _now: datetime) -> datetime:
        passed = timedelta(seconds=self._monotonic() - self._since)
        return (self._begin + passed).replace(tzinfo=self)

    def utcoffset(self, _moment: datetime | None) -> timedelta:
        return timedelta(0)

    def dst(self, _moment: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, _moment: datetime | None) -> str:
        return "steady"
