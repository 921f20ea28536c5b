"""Days and months as they are written in the language of the moment (C95)."""

from datetime import date
from typing import Literal

from bot.i18n import SOURCE, language

_MONDAY = date(2024, 1, 1)


def day_of_month(day: date) -> str:
    """Return a day such as "3 Nov"."""
    return f"{day.day} {day:%b}" if language() == SOURCE else _written(day, "MMMd")


def month(day: date) -> str:
    """Return a month such as "Nov 2025"."""
    return f"{day:%b %Y}" if language() == SOURCE else _written(day, "yMMM")


def weekday(day: date) -> str:
    """Return "Wed"."""
    return f"{day:%a}" if language() == SOURCE else _name(day, "abbreviated")


def whole_weekday(day: date) -> str:
    """Return "Wednesday"."""
    return f"{day:%A}" if language() == SOURCE else _name(day, "wide")


def a_week() -> list[date]:
    """Return a day of each name."""
    return [_MONDAY.replace(day=number) for number in range(1, 8)]


def _written(day: date, parts: str) -> str:
    from babel.dates import format_skeleton

    return str(format_skeleton(parts, day, locale=language()))


def _name(day: date, how: Literal["abbreviated", "wide"]) -> str:
    """Return the name of a weekday as it stands alone: "Mo" and not "Mo."."""
    from babel.dates import get_day_names

    return str(get_day_names(how, context="stand-alone", locale=language())[day.weekday()])
