"""Parsing of moments, "in 2 hours", "tomorrow 9:00", "3 May 18:30" (C82), and of durations."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from memory.dates import DAY_OF_YEAR, MONTHS, YEARLY_AT, at_wall_clock, day_of_year

LONGEST = 100
"""Maximum length of a text that is parsed."""

_NUMBERS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
    )
} | {"a": 1, "an": 1, "a couple of": 2, "couple of": 2, "half a": 0.5, "half an": 0.5}
_NUMBER = r"\d{1,5}(?:\.\d)?|" + "|".join(sorted(_NUMBERS, key=len, reverse=True))
_UNITS = {
    "second": r"seconds?|secs?|s",
    "minute": r"minutes?|mins?|m",
    "hour": r"hours?|hrs?|hr|h",
    "day": r"days?|d",
    "week": r"weeks?|wks?|w",
    "month": r"months?",
    "year": r"years?",
}
_AMOUNT = re.compile(
    rf"(?P<number>{_NUMBER})\s*(?P<and_half>and a half\s+)?"
    rf"(?:{'|'.join(f'(?P<{unit}>{spelt})' for unit, spelt in _UNITS.items())})(?![a-z])"
    r"(?P<half_behind> and a half)?"
)
_SPAN = re.compile(r"(?:in|after) (?P<in>.+)|(?P<now>.+) from now")
_BETWEEN = re.compile(r"[\s,]*(?:and)?\s*")

_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[t ](\d{1,2}:\d{2})(?::\d{2})?)?")
_CLOCK = re.compile(
    r"(?<![\w.:/-])(?:(?P<at>at|um|@|à|a las|om|kl\.?)\s*)?"
    r"(?:(?P<noon>noon|midday)|(?P<midnight>midnight)"
    r"|(?P<hour>\d{1,2})(?:(?P<sign>[:.h])(?P<minute>\d{2}))?(?:\s*(?P<half>[ap])\.?m\b\.?)?"
    r"(?:\s*(?P<oclock>uhr|o'?clock|o’clock|h)\b)?)(?![\w:/-]|\.\d)"
)
_PART_OF_DAY = re.compile(r"(?:\b(?:in the|this|at)\s+)?\b(morning|afternoon|evening|night|tonight)\b")
_PARTS = {
    "morning": time(9),
    "afternoon": time(15),
    "evening": time(19),
    "night": time(21),
    "tonight": time(20),
}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = re.compile(rf"(?:(?:on|this|next|coming)\s+)?({'|'.join(_WEEKDAYS)})")
_BEFORE_DAYS = {"en": "on ", "de": "am "}
_DAYS = {"today": 0, "tomorrow": 1, "tmrw": 1, "the day after tomorrow": 2, "day after tomorrow": 2}
_ON_DATE = re.compile(rf"(?:on )?{DAY_OF_YEAR}(?:,? (?P<year>\d{{4}}))?")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})(?:/\d{2,4})?")
_MONTHS = frozenset(month[:3].casefold() for month in MONTHS)
_DAY_LIKE = re.compile(r"[^\W\d_]{3}|\d\D+\d|\d+\.")
_SHIFT = timedelta(minutes=37, seconds=11)


@dataclass(frozen=True, slots=True)
class _Said:
    """The case-folded words, and the moment they are relative to, in UTC and local time."""

    words: str
    now: datetime
    zone: ZoneInfo
    languages: tuple[str, ...]

    @property
    def local(self) -> datetime:
        return self.now.astimezone(self.zone).replace(tzinfo=None)


def read_when(
    text: str, *, now: datetime, zone: ZoneInfo, languages: Sequence[str] = ("en",)
) -> datetime | None:
    """Return the moment that a text names, in UTC, to the second; None if it is unclear.

    `languages` are two-letter codes. The default time is nine in the morning; without a day or year, the next
    one is taken. The moment may be in the past.
    """
    words = " ".join(text.casefold().split()).strip(" ,!")
    if not words or len(words) > LONGEST:
        return None
    said = _Said(words, now.replace(microsecond=0), zone, tuple(languages))
    try:
        return _after_a_while(said) or _written_out(said) or _counted(said) or _on_a_day(said)
    except (OverflowError, ValueError):  # the moment is outside the calendar
        return None


def read_span(text: str) -> timedelta | None:
    """Return the duration that a text names, as in "10m" or "1 day and a half"; None if it is unclear.

    A day has 24 hours here; months and years have no fixed length.
    """
    words = " ".join(text.casefold().split()).strip(" ,!")
    amounts = _amounts(words) if len(words) <= LONGEST else {}
    if not amounts or amounts.keys() & {"month", "year"}:
        return None
    return _elapsed(amounts) + timedelta(days=amounts.get("day", 0), weeks=amounts.get("week", 0))


def _elapsed(amounts: Mapping[str, float]) -> timedelta:
    return timedelta(**{f"{unit}s": amounts.get(unit, 0) for unit in ("hour", "minute", "second")})


def _after_a_while(said: _Said) -> datetime | None:
    """Parse "in 2 hours and 5 minutes": hours count elapsed time, days count calendar days."""
    span = _SPAN.fullmatch(said.words)
    amounts = _amounts((span["in"] or span["now"]) if span else said.words)
    if not amounts:
        return None
    elapsed = _elapsed(amounts)
    months = amounts.get("month", 0) + 12 * amounts.get("year", 0)
    days = amounts.get("day", 0) + 7 * amounts.get("week", 0)
    if months != int(months):
        return None
    if not months and not days:
        return said.now + elapsed
    if days != int(days):
        return said.now + elapsed + timedelta(days=days)
    local = _months_on(said.local, int(months)) + timedelta(days=days)
    return at_wall_clock(local, said.zone) + elapsed


def _amounts(words: str) -> dict[str, float]:
    """Return the amounts by unit; empty if the text contains anything else."""
    amounts: dict[str, float] = {}
    at = 0
    while at < len(words):
        found = _AMOUNT.match(words, at)
        if found is None:
            return {}
        number = _NUMBERS.get(found["number"])
        number = float(found["number"]) if number is None else number
        unit = next(unit_name for unit_name in _UNITS if found[unit_name])
        amounts[unit] = (
            amounts.get(unit, 0) + number + (0.5 if found["and_half"] or found["half_behind"] else 0)
        )
        between = _BETWEEN.match(words, found.end())
        assert between is not None
        at = between.end()
    return amounts


def _months_on(local: datetime, months: int) -> datetime:
    """Return the same day some months later, or that month's last day."""
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    for day in (local.day, 30, 29, 28):
        try:
            return local.replace(year=year, month=month + 1, day=min(day, local.day))
        except ValueError:
            continue
    raise OverflowError


def _written_out(said: _Said) -> datetime | None:
    found = _ISO.fullmatch(said.words)
    if found is None:
        return None
    at = time.fromisoformat(found[2].rjust(5, "0")) if found[2] else YEARLY_AT
    return at_wall_clock(datetime.combine(date.fromisoformat(found[1]), at), said.zone)


def _on_a_day(said: _Said) -> datetime | None:
    """Parse a day, a time, or both, in either order."""
    words, part = _without(_PART_OF_DAY, said.words)
    words, at = _hour_in(words, part[1] if part else "")
    if at is None and part is None and not words:
        return None
    words = words.strip(" ,")
    for language in said.languages:
        words = words.removeprefix(_BEFORE_DAYS.get(language, "")).strip()
    at = at or (_PARTS[part[1]] if part else YEARLY_AT)
    if not words:
        return _next_time(said, datetime.combine(said.local, at), every=timedelta(days=1))
    return _day(words, at, said)


def _day(words: str, at: time, said: _Said) -> datetime | None:
    today = said.local.date()
    if words in _DAYS:
        local = datetime.combine(today + timedelta(days=_DAYS[words]), at)
        return at_wall_clock(local, said.zone)
    if found := _WEEKDAY.fullmatch(words):
        ahead = (_WEEKDAYS.index(found[1]) - today.weekday()) % 7
        local = datetime.combine(today + timedelta(days=ahead), at)
        return _next_time(said, local, every=timedelta(days=7))
    if found := _ON_DATE.fullmatch(words):
        return _date(found, at, said)
    day = _looked_up(words, said)
    return None if day is None else at_wall_clock(datetime.combine(day, at), said.zone)


def _date(found: re.Match[str], at: time, said: _Said) -> datetime | None:
    """Return the date in the named year, or its next occurrence."""
    day = day_of_year(found)
    if day is None:
        return None
    years = [int(found["year"])] if found["year"] else range(said.local.year, said.local.year + 9)
    for year in years:
        try:
            moment = at_wall_clock(datetime.combine(date(year, day.month, day.day), at), said.zone)
        except ValueError:
            continue
        if found["year"] or moment > said.now:
            return moment
    return None


def _next_time(said: _Said, local: datetime, *, every: timedelta) -> datetime:
    moment = at_wall_clock(local, said.zone)
    return moment if moment > said.now else at_wall_clock(local + every, said.zone)


def _hour_in(words: str, part: str) -> tuple[str, time | None]:
    """Split a time of day off the words; return the remaining words and the time."""
    found = next((match for match in _CLOCK.finditer(words) if _is_hour(match)), None)
    if found is None:
        return words, None
    rest = " ".join((words[: found.start()] + " " + words[found.end() :]).split())
    if found["noon"] or found["midnight"]:
        return rest, time(12 if found["noon"] else 0)
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + 12 * (found["half"] == "p")
    elif part in ("afternoon", "evening", "night", "tonight") and 1 <= hour < 12:
        hour += 12
    return rest, time(hour, minute)


def _is_hour(found: re.Match[str]) -> bool:
    """Return whether a match is a time; a bare number is a day, and so is a number with a dot."""
    if found["hour"] is None:
        return True
    return bool(found["at"] or found["half"] or found["oclock"] or found["sign"] in (":", "h"))


def _without(pattern: re.Pattern[str], words: str) -> tuple[str, re.Match[str] | None]:
    found = pattern.search(words)
    if found is None:
        return words, None
    return " ".join((words[: found.start()] + " " + words[found.end() :]).split()), found


# Other languages and other wordings of days.


def _looked_up(words: str, said: _Said) -> date | None:
    if _either_way_round(words) or words[:3] in _MONTHS or not _DAY_LIKE.search(words):
        return None
    base = datetime.combine(said.local, time())
    found = _parse(words, base, said.languages)
    return found.date() if found else None


def _either_way_round(words: str) -> bool:
    """Return whether day and month are ambiguous: 3/5 is in May here and in March there."""
    found = _SLASHED.fullmatch(words)
    return found is not None and found[1] != found[2] and max(int(found[1]), int(found[2])) <= 12


def _counted(said: _Said) -> datetime | None:
    """Parse a span shorter than days: a result that moves with the clock is a span of real time."""
    if not _DAY_LIKE.search(said.words):
        return None
    found = _parse(said.words, said.local, said.languages)
    moved = _parse(said.words, said.local + _SHIFT, said.languages)
    if found is None or moved is None or moved - found != _SHIFT:
        return None
    span = found - said.local
    return said.now + span if span % timedelta(days=1) else None


def _parse(words: str, base: datetime, languages: Sequence[str]) -> datetime | None:
    import dateparser  # slow to import, and rarely needed

    chosen: Any = {
        "RELATIVE_BASE": base,
        "PREFER_DATES_FROM": "future",
        "DATE_ORDER": "DMY",
        "RETURN_AS_TIMEZONE_AWARE": False,
        "PARSERS": ["relative-time", "absolute-time"],
    }
    for language in languages:
        try:
            found = dateparser.parse(words, languages=[language], settings=chosen)
        except ValueError:  # unsupported language
            continue
        if isinstance(found, datetime):
            return found.replace(tzinfo=None)
    return None
