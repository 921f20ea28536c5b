"""Days, moments and lists for people, in the current language (C95).

Texts for models and for storage have English dates: see `memory.dates`.
"""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.core.i18n import _
from memory.dates import YearDay

DAY = _("{day} {month} {year}", "a date")
YEARLY = _("{day} {month}", "a day of every year")
MOMENT = _("{day} {month} {year} {time} {zone}", "a date and a time of day")
IN_UTC = _("{day} {month} {year}, {time} UTC", "a date and a time of day")
MONTHS = (
    _("January"),
    _("February"),
    _("March"),
    _("April"),
    _("May"),
    _("June"),
    _("July"),
    _("August"),
    _("September"),
    _("October"),
    _("November"),
    _("December"),
)
SHORT_MONTHS = (
    _("Jan", "a month, shortened"),
    _("Feb", "a month, shortened"),
    _("Mar", "a month, shortened"),
    _("Apr", "a month, shortened"),
    _("May", "a month, shortened"),
    _("Jun", "a month, shortened"),
    _("Jul", "a month, shortened"),
    _("Aug", "a month, shortened"),
    _("Sep", "a month, shortened"),
    _("Oct", "a month, shortened"),
    _("Nov", "a month, shortened"),
    _("Dec", "a month, shortened"),
)
MONTH = _("{month} {year}", "a month of a year")
WEEKDAYS = (
    _("Monday"),
    _("Tuesday"),
    _("Wednesday"),
    _("Thursday"),
    _("Friday"),
    _("Saturday"),
    _("Sunday"),
)
SHORT_WEEKDAYS = (
    _("Mon", "a weekday, shortened"),
    _("Tue", "a weekday, shortened"),
    _("Wed", "a weekday, shortened"),
    _("Thu", "a weekday, shortened"),
    _("Fri", "a weekday, shortened"),
    _("Sat", "a weekday, shortened"),
    _("Sun", "a weekday, shortened"),
)
_AND = _("{first} and {last}", "a list")


def day_in_words(day: date) -> str:
    """Return a day, such as "3 May 2026"."""
    return DAY.format(day=day.day, month=MONTHS[day.month - 1], year=day.year)


def yearly_in_words(day: YearDay | None) -> str:
    """Return an annual day, such as "3 May"; "" for none."""
    return YEARLY.format(day=day.day, month=MONTHS[day.month - 1]) if day else ""


def moment_in_words(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment in a zone's local time, with the zone: "20 Nov 2026 18:20 Europe/Oslo"."""
    local = moment.astimezone(zone)
    return MOMENT.format(**_parts(local), day=local.day, zone=zone.key)


def utc_in_words(moment: datetime) -> str:
    """Return a moment in UTC, such as "03 May 2026, 18:20 UTC"."""
    return IN_UTC.format(**_parts(moment), day=f"{moment.day:02}")


def _parts(moment: datetime) -> dict[str, object]:
    return {
        "month": SHORT_MONTHS[moment.month - 1],
        "year": moment.year,
        "time": f"{moment:%H:%M}",
    }


def listed(things: Sequence[str]) -> str:
    """Return a list in words, with "and" before the last item."""
    *first, last = map(str, things)
    return _AND.format(first=", ".join(first), last=last) if first else last
