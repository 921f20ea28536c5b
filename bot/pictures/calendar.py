"""Days and months as they are written in the language of the moment (C95)."""

from datetime import date

from bot.core.spelling import MONTH, SHORT_MONTHS, SHORT_WEEKDAYS, WEEKDAYS, YEARLY

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
    """Return a day of each name."""
    return [_MONDAY.replace(day=number) for number in range(1, 8)]
