"""Gauges: level, number and history of each, one below the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.i18n import _
from bot.pictures.days import TimeStretch
from bot.pictures.sheet import (
    END,
    MARGIN,
    PLAIN,
    QUIET,
    RAISED,
    SMALL,
    WORDS,
    bar,
    beside,
    bounded,
    dot,
    dotted,
    lettering,
    path,
)
from memory.map.lettering import clean, shortened, width

COLOURS = ("#e2603a", "#6fcdf7", "#a4f58c", "#8f86ff")
"""A colour for each gauge; its name and its number stand beside it, so that no colour is the only sign."""
ROW, COURSE = 58.0, 520.0
"""The height of a row, and the left edge of the histories."""
_BAR, _BAR_END, _NUMBER = 156.0, 400.0, 414.0
"""The left and right edges of a gauge's bar, and of its number."""
_LATEST_BAR = 210.0
"""The rightmost start of bars, for languages with long names of gauges."""
_ROOM = 60.0
"""The maximum width of a number; its bounds stand beside it."""
_CELLS = 20
"""The maximum number of a bar's cells."""
_OF = _("of {most}", "beside a number: what it is at most")
_OF_BOTH = _("of ±{most}", "beside a number: what it is at most")
_OF_RANGE = _("of {least}…{most}", "beside a number: what it may be")
_IN_WORDS = _("{name} {value} on a scale from {least} to {most}")
_IN_WORDS_SPREAD = _(
    "{name} {value} on a scale from {least} to {most}, between {lowest} and {highest} so far"
)


@dataclass(frozen=True, slots=True)
class Gauge:
    """One measure of a bond, its bounds, and its history."""

    name: str
    value: int
    lowest: int
    highest: int
    history: tuple[tuple[datetime, int], ...] = ()


def bars_begin(gauges: Sequence[Gauge]) -> float:
    """Return the left edge of the bars: right of the longest name."""
    longest = max((width(clean(gauge.name, 200), PLAIN) for gauge in gauges), default=0.0)
    return min(max(_BAR, MARGIN + longest + 12), _LATEST_BAR)


def drawn_gauge(
    gauge: Gauge, row: int, middle: float, whole: TimeStretch | None, bar_at: float = _BAR
) -> Iterator[str]:
    """Return a gauge as elements; `whole` is the time range of all histories, None for none."""
    colour = COLOURS[row % len(COLOURS)]
    name = beside(gauge.name, PLAIN, bar_at - MARGIN - 12)
    yield lettering(MARGIN, middle + 8, name, size=PLAIN, colour=colour)
    yield from _scale(gauge, colour, middle, bar_at)
    number, bounds = _number(gauge)
    number, end = shortened(number, PLAIN, _ROOM, bold=True), COURSE - 14
    yield lettering(_NUMBER, middle + 8, number, size=PLAIN, colour=colour, bold=True)
    left = _NUMBER + width(number, PLAIN, bold=True) + 6
    yield lettering(left, middle + 8, shortened(bounds, SMALL, end - left), colour=QUIET)
    yield from _over_time(gauge, colour, middle, whole)


def _scale(gauge: Gauge, colour: str, middle: float, start: float) -> Iterator[str]:
    """Return a bar with a cell for each step, filled from zero on; a zero within it is marked."""
    wide = _BAR_END - start
    zero, now = _share(gauge, 0), _share(gauge, gauge.value)
    cells = min(max(gauge.highest - gauge.lowest, 1), _CELLS)
    for cell in range(cells):
        middling = (cell + 0.5) / cells
        filled = min(zero, now) < middling < max(zero, now)
        left = start + wide * cell / cells + 1.5
        yield bar(left, middle - 10, wide / cells - 3, 20, colour if filled else RAISED, 3)
    if gauge.lowest < 0 < gauge.highest:
        yield bar(start + wide * zero - 1.5, middle - 18, 3, 36, WORDS)


def _share(gauge: Gauge, value: int) -> float:
    """Return the position of a value on a gauge's scale, 0 to 1."""
    span = max(gauge.highest - gauge.lowest, 1)
    return bounded((value - gauge.lowest) / span, 0, 1)


def _number(gauge: Gauge) -> tuple[str, str]:
    if gauge.lowest == 0:
        return f"{gauge.value}", _OF.format(most=gauge.highest)
    if gauge.lowest == -gauge.highest:
        return signed(f"{gauge.value:+d}" if gauge.value else "0"), _OF_BOTH.format(most=gauge.highest)
    return signed(f"{gauge.value}"), _OF_RANGE.format(least=gauge.lowest, most=gauge.highest)


def _over_time(gauge: Gauge, colour: str, middle: float, whole: TimeStretch | None) -> Iterator[str]:
    """Return the history of a gauge as steps: its value is constant between changes."""

    def y(value: int) -> float:
        return middle + 19 - 38 * _share(gauge, value)

    end = END - 6
    yield bar(COURSE - 6, middle - 24, END - COURSE + 6, 48, RAISED, 4)
    if gauge.lowest < 0 < gauge.highest:
        yield dotted((COURSE, y(0)), (end, y(0)))
    points: list[tuple[float, float]] = []
    for share, value in _course(gauge, whole):
        x = COURSE + (end - COURSE) * share
        points += [(x, points[-1][1])] if points else []
        points.append((x, y(value)))
    if points:
        yield path([*points, (end, points[-1][1]), (end, y(gauge.value))], colour)
    else:
        yield dotted((COURSE, y(gauge.value)), (end, y(gauge.value)), colour)
    yield dot(end, y(gauge.value), 5.5, colour)


def _course(gauge: Gauge, whole: TimeStretch | None) -> list[tuple[float, int]]:
    """Return a gauge's values over time, with positions in the range; empty without a range."""
    if whole is None:
        return []
    return sorted(((whole.share(at), value) for at, value in gauge.history), key=lambda point: point[0])


def signed(words: str) -> str:
    """Return words with a minus sign in place of the hyphen before a number."""
    return f"−{words[1:]}" if words[:1] == "-" and words[1:2].isdigit() else words


def in_words(gauge: Gauge) -> str:
    """Return a gauge in words."""
    values = [value for _, value in gauge.history]
    words = _IN_WORDS_SPREAD if len(set(values)) > 1 else _IN_WORDS
    return words.format(
        name=clean(gauge.name, 30),
        value=gauge.value,
        least=gauge.lowest,
        most=gauge.highest,
        lowest=min(values, default=gauge.value),
        highest=max(values, default=gauge.value),
    )
