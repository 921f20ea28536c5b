"""Bar chart of daily costs, stacked by purpose, with the limit of a day (C86)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from bot.core.i18n import _
from bot.core.i18n import number as written
from bot.pictures.days import day_of_month
from bot.pictures.gauges import COLOURS
from bot.pictures.sheet import (
    END,
    LINE,
    MARGIN,
    QUIET,
    RAISED,
    RULE,
    SMALL,
    bar,
    dotted,
    headed,
    lettering,
    named,
    opened,
    told,
)
from memory.map.lettering import clean, width

HEIGHT = 260.0
"""Units from the ground line to the highest mark."""
_GAP = 6.0
LEFT = MARGIN + 150
"""The left edge of the bars: labels of the marks are to the left of them."""
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_NOTHING, _TODAY = _("nothing so far"), _("today")
_SUM = _("{what}: {amount}", "what a colour of a chart stands for")
_LIMIT = _("limit {amount}")
_DOLLARS = _("${amount}", "an amount of money")
_TOKENS = _("{amount} tokens")
_THOUSANDS, _MILLIONS = _("{amount} k tokens"), _("{amount} M tokens")
_TOTAL = _("{title}: {amount} in {days} days.")
_MAY_COME_TO = _("A day may cost up to {amount}.")
_FOR_WHAT, _BY_DAY = _("For what:"), _("By day, the newest first:")


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one series on each day."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """The data of the chart; `unit` is "$" or "tokens", `limit` the maximum of a day."""

    title: str
    unit: str
    days: tuple[date, ...]
    series: tuple[Series, ...]
    limit: float | None = None

    def total(self, day: int) -> float:
        return sum(series.values[day] for series in self.series)


def bars_svg(bars: Bars) -> str:
    """Return the chart as SVG, 720 wide: legible at half that width, too."""
    title, base = headed(named(bars.title))
    legend, base = _legend(bars, base + LINE + 8)
    ground = base + 44 + HEIGHT
    top = mark_above(max([*map(bars.total, range(len(bars.days))), bars.limit or 0.0]))
    body = [
        *opened(ground + 48, bars.title, bars_text(bars)),
        *title,
        *legend,
        *_marks(bars, ground, top),
        *_days(bars, ground, top),
        *_limit(bars, ground, top),
    ]
    return "\n".join([*body, "</svg>\n"])


def mark_above(most: float) -> float:
    """Return the next round number: the end of the scale."""
    if most <= 0:
        return 1.0
    power = 1.0
    while power * 10 <= most:
        power *= 10
    while power > most:
        power /= 10
    return next(power * step for step in _STEPS if power * step >= most * 0.999999)


def _legend(bars: Bars, base: float) -> tuple[list[str], float]:
    """Return the legend: each colour's name with its sum; and its last line."""
    drawn: list[str] = []
    for row, series in enumerate(bars.series):
        words = _SUM.format(what=clean(series.name, 40), amount=amount(sum(series.values), bars.unit))
        y = base + LINE * row
        drawn += [
            bar(MARGIN, y - 17, 20, 20, _colour(row), 4),
            lettering(MARGIN + 32, y, words),
        ]
    if not bars.series:
        drawn.append(lettering(MARGIN, base, str(_NOTHING), colour=QUIET))
    return drawn, base + LINE * max(len(bars.series) - 1, 0)


def _colour(row: int) -> str:
    return COLOURS[row % len(COLOURS)]


def _marks(bars: Bars, ground: float, top: float) -> Iterator[str]:
    for share in (0.0, 0.5, 1.0):
        y = ground - HEIGHT * share
        yield dotted((MARGIN, y), (END, y), RULE)
        if share:
            yield lettering(MARGIN, y - 8, amount(top * share, bars.unit), colour=QUIET)


def _days(bars: Bars, ground: float, top: float) -> Iterator[str]:
    left = LEFT
    wide = (END - left) / max(len(bars.days), 1)
    for number, day in enumerate(bars.days):
        x, y = left + wide * number, ground
        yield bar(x + _GAP / 2, ground - 2, wide - _GAP, 2, RAISED)
        for row, series in enumerate(bars.series):
            high = HEIGHT * series.values[number] / top
            y -= high
            if high > 0:
                # A thin edge between two parts separates similar colours.
                yield bar(x + _GAP / 2, y, wide - _GAP, max(high - 1.5, 0.8), _colour(row), 2)
        words = dated_short(day, today=number == len(bars.days) - 1)
        middle = x + wide / 2
        middle = min(middle, END - width(words, SMALL) / 2)
        if number == len(bars.days) - 1 or (number % 4 == 0 and number < len(bars.days) - 3):
            yield lettering(middle, ground + 30, words, colour=QUIET, anchor="middle")


def dated_short(day: date, *, today: bool) -> str:
    return str(_TODAY) if today else day_of_month(day)


def _limit(bars: Bars, ground: float, top: float) -> Iterator[str]:
    if bars.limit is None:
        return
    y = ground - HEIGHT * min(bars.limit / top, 1.0)
    yield bar(LEFT, y - 1.5, END - LEFT, 3, "#e9eaf0")
    yield lettering(END, y - 8, _LIMIT.format(amount=amount(bars.limit, bars.unit)), anchor="end")


def amount(value: float, unit: str) -> str:
    """Return an amount in short form: "$0.0123", "$12.30", "1.2 M tokens"."""
    if unit == "$":
        return _DOLLARS.format(amount=_dollars(value))
    for size, words in ((1e6, _MILLIONS), (1e3, _THOUSANDS)):
        if value >= size:
            return words.format(amount=written(value / size, ".3g"))
    return _TOKENS.format(amount=f"{value:.0f}")


def _dollars(value: float) -> str:
    if value == 0 or value >= 0.1:
        return written(value, ",.2f")
    return written(value, ".6f").rstrip("0") if value < 0.01 else written(value, ".4f")


def bars_text(bars: Bars) -> str:
    """Return the chart in sentences, at most 1,024 characters: for people who can't see it."""
    total = sum(sum(series.values) for series in bars.series)
    said = _TOTAL.format(title=named(bars.title), amount=amount(total, bars.unit), days=len(bars.days))
    if bars.limit is not None:
        said += " " + _MAY_COME_TO.format(amount=amount(bars.limit, bars.unit))
    groups = [f"{clean(series.name, 40)} {amount(sum(series.values), bars.unit)}" for series in bars.series]
    said = told(said, _FOR_WHAT, groups)
    days = [
        f"{day_of_month(day)} {amount(bars.total(number), bars.unit)}"
        for number, day in reversed(list(enumerate(bars.days)))
        if bars.total(number)
    ]
    return told(said, _BY_DAY, days)
