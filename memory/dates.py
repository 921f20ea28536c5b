"""Dates and times in a person's time zone (C82)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

UNKNOWN_ZONE = "UTC"
"""Time zone of people who have set none."""
YEARLY_AT = time(9)
"""Local time at which a birthday or another yearly date is announced."""
LATE_AT_MOST = timedelta(days=7)
"""Maximum delay of a reminder; later ones are dropped."""
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_LEAP_YEAR = 2000
_SECOND = timedelta(seconds=1)
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in MONTHS).casefold()
_MONTH = _MONTH.replace("sep(?:tember)?", "sept?(?:ember)?")
DAY_OF_YEAR = (
    rf"(?:(?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?(?: of)? (?P<month>{_MONTH})\b\.?"
    rf"|(?P<month_first>{_MONTH})\b\.? (?:the )?(?P<day_behind>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:]))"
)
"""Pattern of a day and month in English, for case-folded text; `day_of_year` parses its matches."""


@dataclass(frozen=True, slots=True)
class YearDay:
    """A date that recurs every year. 29 February falls on 28 February in other years."""

    month: int
    day: int

    @classmethod
    def of(cls, month: int, day: int) -> "YearDay | None":
        """Return the date, or None if the calendar has no such date."""
        try:
            date(_LEAP_YEAR, month, day)
        except ValueError:
            return None
        return cls(month, day)

    def in_year(self, year: int, zone: ZoneInfo) -> datetime:
        """Return the announcement time in a year, in UTC."""
        try:
            day = date(year, self.month, self.day)
        except ValueError:
            day = date(year, self.month, self.day - 1)
        return at_wall_clock(datetime.combine(day, YEARLY_AT), zone)

    def next(self, now: datetime, zone: ZoneInfo) -> datetime:
        """Return the first announcement time that is not before `now`."""
        this_year = now.astimezone(zone).year
        return next(due for due in self._from(this_year, zone) if due >= now)

    def after(self, said: datetime, *, now: datetime, zone: ZoneInfo) -> datetime:
        """Return the announcement after the one at `said`: in a later local year, and not before today.

        Setting the clock back does not repeat an announcement.
        """
        today = now.astimezone(zone).date()
        later = self._from(said.astimezone(zone).year + 1, zone)
        return next(due for due in later if due.astimezone(zone).date() >= today)

    def _from(self, year: int, zone: ZoneInfo) -> Iterator[datetime]:
        for later_year in range(year, date.max.year):
            yield self.in_year(later_year, zone)

    def __str__(self) -> str:
        return f"{self.day} {MONTHS[self.month - 1]}"


def day_of_year(found: re.Match[str]) -> YearDay | None:
    """Parse a match of DAY_OF_YEAR; None if the calendar has no such date."""
    month = (found["month"] or found["month_first"])[:3]
    number = next(
        month_number for month_number, name in enumerate(MONTHS, 1) if name.casefold().startswith(month)
    )
    return YearDay.of(number, int(found["day"] or found["day_behind"]))


def at_wall_clock(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment, in UTC, at which clocks in a zone show a local time.

    A local time that the clocks skip becomes the first moment after the gap; one that occurs twice, the
    first.
    """
    first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == local:
        return first
    return _end_of_gap(local.replace(tzinfo=zone, fold=1).astimezone(UTC), first, zone)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment between `before` and `after` at which a zone's clocks are set forward."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def in_time(due: datetime, *, now: datetime, zone: ZoneInfo, yearly: bool) -> bool:
    """Return whether a late reminder may still be sent: within a week, a yearly date only on its own day."""
    if yearly:
        return due.astimezone(zone).date() == now.astimezone(zone).date()
    return now - due <= LATE_AT_MOST


def shown(moment: datetime, zone: ZoneInfo) -> str:
    """Format a moment in a zone's local time: "20 Nov 2026 18:20 Europe/Oslo"."""
    local = moment.astimezone(zone)
    return f"{local.day} {MONTHS[local.month - 1][:3]} {local:%Y %H:%M} {zone.key}"


# Time zones.


@cache
def zone_names() -> tuple[str, ...]:
    """Return all IANA names, cities first."""
    return tuple(sorted(available_timezones() - {"localtime"}, key=lambda name: ("/" not in name, name)))


def zone(name: str | None) -> ZoneInfo:
    """Return the named zone; UTC if the name is None or unknown on this machine."""
    return ZoneInfo(name if name in zone_names() else UNKNOWN_ZONE)


def zone_named(written: str) -> str | None:
    """Return the IANA name that matches the input regardless of case and spaces; None if none does."""
    return _by_folded_name().get(_folded(written))


def zones_like(written: str, *, limit: int) -> list[str]:
    """Return zones whose city begins with the input, then zones that contain it anywhere."""
    typed = _folded(written)
    fitting = [name for name in zone_names() if typed in _folded(name)]
    return sorted(fitting, key=lambda name: not _city(name).startswith(typed))[:limit]


def near_zones(written: str) -> list[str]:
    """Return up to three zone names similar to the input."""
    typed = _folded(written)
    by_city = {_city(name): name for name in reversed(zone_names())}
    near = [by_city[city] for city in get_close_matches(typed, by_city, n=3, cutoff=0.7)]
    known = _by_folded_name()
    near += [known[name] for name in get_close_matches(typed, known, n=3, cutoff=0.7)]
    return list(dict.fromkeys([*zones_like(written, limit=3), *near] if typed else []))[:3]


@cache
def _by_folded_name() -> dict[str, str]:
    return {_folded(name): name for name in zone_names()}


def _city(name: str) -> str:
    return _folded(name.rpartition("/")[2])


def _folded(name: str) -> str:
    return "_".join(name[:64].casefold().split())
