"""Picture of a character's week: hormone curves with nights and happenings (F085, C69)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from bot.core.i18n import _, number, worded
from bot.features.inner_life.wording import HORMONES
from bot.pictures.days import TimeStretch, a_week, days, nights, stretch, weekday, whole_weekday
from bot.pictures.flags import Flag, placed
from bot.pictures.sheet import (
    END,
    LINE,
    MARGIN,
    PLAIN,
    QUIET,
    RAISED,
    RULE,
    SMALL,
    bar,
    beside,
    bounded,
    dated,
    dot,
    dotted,
    headed,
    joined,
    lettering,
    named,
    opened,
    path,
    told,
)
from memory.map.lettering import clean, width

COLOURS = {
    "dopamine": "#f0930e",
    "serotonin": "#6fcdf7",
    "cortisol": "#e2603a",
    "adrenaline": "#eaf24e",
    "melatonin": "#8f86ff",
    "estrogen": "#ffcbd6",
    "testosterone": "#2c9a70",
}
"""Colours that look alike to colour-blind eyes differ in lightness, as in the memory map."""
LEFT, RIGHT = 170.0, 626.0
"""Horizontal bounds of the curves: their names stand to the left, their numbers to the right."""
ROW = 56.0
_LEAST, _MOST = 0.06, 0.4
"""Bounds for the deviation that reaches the edge of a row; it is the same for all rows."""
_LEGEND = _("each hormone against its own baseline (dotted)")
_BESIDE = 6.0
"""Margin on either side of the text in the period without data."""
_DAY_NAMES = (whole_weekday, weekday)
"""Formats of a day's name, widest first."""
_SECOND_LEGEND = _("shaded = night · numbers = now · rows: ±{reach}")
_MOOD_NOW = _("mood now")
_TITLE = _("How {name} felt this week")
_NOTHING_YET = _("nothing noted yet")
_NOTHING_BEFORE = _("nothing noted before {day}")
_FELT = _("How {name} felt from {first} to {last}.")
_MOOD = _("Mood now: {mood}.")
_NOW = _("Now, with baseline, lowest and highest:")
_HAPPENED = _("What happened, the weightiest first:")
_CURVE = _("{hormone} {now} (baseline {baseline})")
_CURVE_SPREAD = _("{hormone} {now} (baseline {baseline}, {lowest} to {highest})")


@dataclass(frozen=True, slots=True)
class Curve:
    """A hormone over time, 0 to 1, and its baseline."""

    name: str
    baseline: float
    points: tuple[tuple[datetime, float], ...]
    now: float


@dataclass(frozen=True, slots=True)
class PictureMoment:
    """An annotated moment."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Week:
    """Data of a week's picture: days and nights follow `zone`; the most significant moments come first."""

    name: str
    since: datetime
    until: datetime
    zone: tzinfo
    curves: tuple[Curve, ...]
    moments: tuple[PictureMoment, ...]
    mood: str


@dataclass(frozen=True, slots=True)
class _Plot:
    """Layout of the curves: rows under `top`, spanning `whole`; `known` is the part with data."""

    whole: TimeStretch
    known: TimeStretch | None
    top: float
    rows: int
    reach: float

    @property
    def bottom(self) -> float:
        return self.top + ROW * self.rows

    def x(self, at: datetime) -> float:
        return LEFT + (RIGHT - LEFT) * min(max(self.whole.share(at), 0.0), 1.0)

    def middle(self, row: int) -> float:
        return self.top + ROW * (row + 0.5)

    def y(self, row: int, deviation: float) -> float:
        return self.middle(row) - bounded(deviation / self.reach, -1, 1) * (ROW / 2 - 3)


def week_svg(week: Week) -> str:
    """Return the picture of a week as SVG, 720 wide and legible at half that width."""
    title, base = headed(_title(week))
    whole = stretch(week.since, week.until)
    known = _known(week, whole)
    flags = _flags(week, known, whole)
    levels = max((flag.level + 1 for flag in flags), default=0)
    top = base + 2 * LINE + 24 + LINE * levels + (10 if levels else 0)
    plot = _Plot(whole, known, top, len(week.curves), reach(week.curves))
    height = plot.bottom + 48
    body = [
        *opened(height, _title(week), week_text(week)),
        *title,
        *_subtitle(week, plot, base),
        *_nights(week, plot),
        *(line for flag in flags for line in _flag(flag, plot)),
        *_before(week, plot),
        *(line for row, curve in enumerate(week.curves) for line in _row(row, curve, plot)),
        *_day_names(week, plot),
    ]
    return "\n".join([*body, "</svg>\n"])


def reach(curves: Sequence[Curve]) -> float:
    """Return the deviation at the edge of a row: the largest one, within bounds."""
    deviations = (
        abs(bounded(value, 0, 1) - bounded(curve.baseline, 0, 1))
        for curve in curves
        for _, value in curve.points
    )
    return min(max(max(deviations, default=0.0), _LEAST), _MOST)


def colour(curve: Curve, row: int) -> str:
    """Return a curve's colour: its hormone's, or the row's."""
    return COLOURS.get(curve.name.casefold()) or list(COLOURS.values())[row % len(COLOURS)]


def _title(week: Week) -> str:
    return _TITLE.format(name=named(week.name))


def _known(week: Week, whole: TimeStretch) -> TimeStretch | None:
    """Return the period with data; None if there is none."""
    times = [at.astimezone(UTC) for curve in week.curves for at, _ in curve.points if whole.holds(at)]
    return TimeStretch(min(times), max(times)) if times else None


def _flags(week: Week, known: TimeStretch | None, whole: TimeStretch) -> list[Flag]:
    """Return flags for moments within the known period: earlier ones have no curve below them."""
    if known is None:
        return []
    shown = TimeStretch(known.since, whole.until)
    return placed(
        (LEFT + (RIGHT - LEFT) * whole.share(moment.at), moment.words)
        for moment in week.moments
        if shown.holds(moment.at) and clean(moment.words, 200)
    )


def _subtitle(week: Week, plot: _Plot, base: float) -> Iterator[str]:
    first_legend, second = str(_LEGEND), _SECOND_LEGEND.format(reach=number(plot.reach, ".2f"))
    yield lettering(MARGIN, base + LINE + 6, first_legend, colour=QUIET)
    yield lettering(MARGIN, base + 2 * LINE + 6, second, colour=QUIET)
    room = END - MARGIN - max(width(first_legend, SMALL), width(second, SMALL)) - 30
    mood = clean(week.mood, 200)
    first, comma, second = mood.partition(", ")
    if comma and width(mood, PLAIN, bold=True) > room:  # its two parts need both lines
        yield _mood(f"{first},", base + LINE + 6, room)
        yield _mood(second, base + 2 * LINE + 6, room)
    elif mood:
        yield lettering(END, base + LINE + 6, str(_MOOD_NOW), colour=QUIET, anchor="end")
        yield _mood(mood, base + 2 * LINE + 6, room)


def _mood(words: str, base: float, room: float) -> str:
    return lettering(END, base, beside(words, PLAIN, room, bold=True), size=PLAIN, bold=True, anchor="end")


def _nights(week: Week, plot: _Plot) -> Iterator[str]:
    for _day, night in nights(plot.whole, week.zone):
        left = plot.x(night.since)
        yield bar(left, plot.top, plot.x(night.until) - left, plot.bottom - plot.top, RAISED)


def _flag(flag: Flag, plot: _Plot) -> Iterator[str]:
    base = plot.top - 14 - LINE * flag.level
    start = base + 9 if flag.astride else base - SMALL * 0.7
    yield dotted((flag.x, start), (flag.x, plot.bottom))
    yield lettering(flag.left, base, flag.words)


def _before(week: Week, plot: _Plot) -> Iterator[str]:
    """Yield a note over the period without data, if it fits."""
    if plot.known is None:
        yield from _said([str(_NOTHING_YET)], LEFT, RIGHT, plot)
        return
    end, words = plot.x(plot.known.since), _NOTHING_BEFORE.format(day=_day(plot.known.since, week.zone))
    for lines in ([words], _halved(words), words.split(" ", 4)):
        if max(width(line, SMALL) for line in lines) + 2 * _BESIDE <= end - LEFT:
            yield from _said(lines, LEFT, end, plot)
            return


def _halved(words: str) -> list[str]:
    """Break words into two lines after the second word."""
    *first, last = words.split(" ", 2)
    return [" ".join(first), last]


def _day(moment: datetime, zone: tzinfo) -> str:
    at = moment.astimezone(zone)
    return f"{weekday(at)} {dated(at, at.year)}"


def _said(lines: Sequence[str], left: float, right: float, plot: _Plot) -> Iterator[str]:
    base = (plot.top + plot.bottom - LINE * len(lines)) / 2 + SMALL * 0.9
    for row, line in enumerate(lines):
        yield lettering((left + right) / 2, base + LINE * row, line, colour=QUIET, anchor="middle")


def _row(row: int, curve: Curve, plot: _Plot) -> Iterator[str]:
    tone, middle = colour(curve, row), plot.middle(row)
    called = worded(HORMONES, curve.name)
    name, baseline = beside(called, PLAIN, LEFT - 14 - MARGIN), bounded(curve.baseline, 0, 1)
    yield lettering(LEFT - 14, middle + 8, name, size=PLAIN, colour=tone, anchor="end")
    shown = sorted((at.astimezone(UTC), value) for at, value in curve.points if plot.whole.holds(at))
    if plot.known:
        yield dotted((plot.x(plot.known.since), middle), (RIGHT, middle), QUIET)
    if shown:
        points = [(plot.x(at), plot.y(row, bounded(value, 0, 1) - baseline)) for at, value in shown]
        around = [(points[0][0], middle), *points, (points[-1][0], middle)]
        yield f'<path class="area" d="{joined(around)}Z" fill="{tone}" fill-opacity="0.22"/>'
        yield path(points, tone, kind="curve")
        yield dot(*points[-1], 6, tone)
    now = number(bounded(curve.now, 0, 1), ".2f")
    yield lettering(END, middle + 8, now, size=PLAIN, colour=tone, bold=True, anchor="end")


def _day_names(week: Week, plot: _Plot) -> Iterator[str]:
    """Yield the days' names, centred under their visible parts, where they fit."""
    shown = list(days(plot.whole, week.zone))
    widest = max(plot.x(part.until) - plot.x(part.since) for _, part in shown)
    roomy = (way for way in _DAY_NAMES if max(width(way(day), SMALL) for day in a_week()) + 6 < widest)
    way, end = next(roomy, weekday), 0.0
    for day, part in shown:
        left, right = plot.x(part.since), plot.x(part.until)
        words, middle = way(day), (left + right) / 2
        room = width(words, SMALL) / 2
        if right - left >= min(2 * room, widest * 0.8) and middle - room >= end:
            yield lettering(middle, plot.bottom + 30, words, colour=QUIET, anchor="middle")
            end = middle + room + 6
        if left > LEFT:
            yield path(((left, plot.bottom), (left, plot.bottom + 9)), RULE, 2)


# In words


def week_text(week: Week) -> str:
    """Return the picture's content in sentences of at most 1,024 characters, as alt text."""
    whole = stretch(week.since, week.until)
    first, last = _day(whole.since, week.zone), _day(whole.until, week.zone)
    said = _FELT.format(name=named(week.name), first=first, last=last)
    mood = clean(week.mood, 60)
    said += " " + _MOOD.format(mood=mood) if mood else ""
    said = told(said, _NOW, [_in_words(curve) for curve in week.curves])
    moments = [
        f"{weekday(at)} {at:%H:%M} {words}"
        for moment in week.moments
        if whole.holds(moment.at)
        and (words := clean(moment.words, 80))
        and (at := moment.at.astimezone(week.zone))
    ]
    return told(said, _HAPPENED, moments)


def _in_words(curve: Curve) -> str:
    values = [bounded(value, 0, 1) for _, value in curve.points]
    words = _CURVE_SPREAD if values else _CURVE
    return words.format(
        hormone=clean(worded(HORMONES, curve.name), 30),
        now=number(bounded(curve.now, 0, 1), ".2f"),
        baseline=number(bounded(curve.baseline, 0, 1), ".2f"),
        lowest=number(min(values, default=0.0), ".2f"),
        highest=number(max(values, default=0.0), ".2f"),
    )
