"""Strips of daily values, one below the other, and the most frequent topics (F109)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from bot.core.i18n import _
from bot.core.i18n import number as written
from bot.pictures.costs import dated_short, mark_above
from bot.pictures.days import day_of_month
from bot.pictures.sheet import (
    END,
    LINE,
    MARGIN,
    PLAIN,
    QUIET,
    RULE,
    SMALL,
    WITHIN,
    WORDS,
    bar,
    beside,
    dot,
    dotted,
    headed,
    lettering,
    named,
    opened,
    told,
)
from memory.map.lettering import clean, width

COLOURS = ("#6fcdf7", "#a4f58c", "#f0930e", "#ffcbd6", "#8f86ff", "#eaf24e", "#e2603a", "#2c9a70")
"""A colour for each strip; its name stands above it, so that no colour is the only sign."""
LEFT = MARGIN + 108
"""The left edge of the bars: the label of the upper mark is to the left of them."""
HEIGHT, LEAST = 58.0, 2.5
"""Units from the ground of a strip to its mark, and of the smallest bar for a value above zero."""
_UNDER = 30.0
"""The distance from the ground of a strip to the name of the next one."""
_TOPIC, _TOPIC_END = 250.0, 620.0
"""The left and right edges of the topics' bars."""
_BY_DAY = _("By day, from {first} to {last}:")
_TOPICS_TOLD = _("{title}:")
_NAMED, _WITH_GREY = _("{name}: {words}; {days}"), _("{name}: {words}; {days}; grey {grey}")


@dataclass(frozen=True, slots=True)
class Strip:
    """The daily values of one series, with their total in `words`; `written` formats one day's value.

    `grey` is stacked on top of them, and `lines` are further words below its name. The bars of strips with
    the same `scale` can be compared. The mark above the bars stands for `least` at least.
    """

    name: str
    words: str
    values: tuple[float, ...]
    written: Callable[[float], str]
    grey: tuple[float, ...] = ()
    lines: tuple[str, ...] = ()
    scale: str = ""
    least: float = 0.0

    @property
    def most(self) -> float:
        grey = self.grey or (0.0,) * len(self.values)
        return max((value + extra for value, extra in zip(self.values, grey, strict=True)), default=0.0)

    @property
    def mark(self) -> float:
        return mark_above(max(self.most, self.least))


@dataclass(frozen=True, slots=True)
class Strips:
    """The data of the chart; `topics` are names with their counts, the most frequent first.

    `known` is the index of the first day with data.
    """

    title: str
    subtitle: str
    days: tuple[date, ...]
    strips: tuple[Strip, ...]
    topics_title: str = ""
    topics: tuple[tuple[str, int], ...] = ()
    known: int = 0


def strips_svg(of: Strips) -> str:
    """Return the chart as SVG, 720 wide: legible at half that width, too."""
    title, base = headed(named(of.title))
    base += LINE + 8
    drawn = [lettering(MARGIN, base, beside(of.subtitle, SMALL, WITHIN), colour=QUIET)]
    for row, strip in enumerate(of.strips):
        part, base = _strip(of, strip, row, base + 22)
        drawn += part
    drawn += _day_names(of, base)
    base += _UNDER
    if of.topics:
        part, base = _topics(of, base + 32)
        drawn += part
    body = [*opened(base + 18, of.title, strips_text(of)), *title, *drawn]
    return "\n".join([*body, "</svg>\n"])


def _strip(of: Strips, strip: Strip, row: int, top: float) -> tuple[list[str], float]:
    """Return one strip as elements, and the ground line of its bars."""
    tone, base = COLOURS[row % len(COLOURS)], top + PLAIN
    words = beside(strip.words, SMALL, 0.7 * WITHIN)
    name = beside(strip.name, PLAIN, WITHIN - width(words, SMALL) - 20, bold=True)
    drawn = [
        lettering(MARGIN, base, name, size=PLAIN, colour=tone, bold=True),
        lettering(END, base, words, anchor="end"),
    ]
    for line in strip.lines:
        base += LINE
        drawn.append(lettering(MARGIN, base, beside(line, SMALL, WITHIN), colour=QUIET))
    ground = base + 22 + HEIGHT
    mark = max(other.mark for other in of.strips if other is strip or other.scale == strip.scale != "")
    drawn += [
        dotted((LEFT, ground - HEIGHT), (END, ground - HEIGHT), RULE),
        lettering(LEFT - 14, ground - HEIGHT + 8, strip.written(mark), colour=QUIET, anchor="end"),
        lettering(LEFT - 14, ground + 6, strip.written(0), colour=QUIET, anchor="end"),
        *_bars(strip, tone, ground, HEIGHT / mark, known=of.known),
    ]
    return drawn, ground


def _bars(strip: Strip, tone: str, ground: float, unit: float, *, known: int) -> Iterator[str]:
    """Return a bar for each day, and a dot for a zero."""
    wide = (END - LEFT) / max(len(strip.values), 1)
    gap = min(6.0, wide / 4)
    grey = strip.grey or (0.0,) * len(strip.values)
    for number, (value, more) in enumerate(zip(strip.values, grey, strict=True)):
        left, y = LEFT + wide * number + gap / 2, ground
        if not value and not more and number >= known:
            yield dot(left + (wide - gap) / 2, ground - 1.5, min(2.5, wide / 4), RULE)
        for part, colour in ((value, tone), (more, RULE)):
            if part:
                high = max(part * unit, LEAST)
                y -= high
                yield bar(left, y, wide - gap, max(high - 1.0, 1.5), colour, min(2.0, wide / 4))


def _day_names(of: Strips, ground: float) -> Iterator[str]:
    """Return the days' names under the last strip: today's, and as many others as fit."""
    wide = (END - LEFT) / max(len(of.days), 1)
    names = [dated_short(day, today=day == of.days[-1]) for day in of.days]
    step = max(1, ceil((max(width(name, SMALL) for name in names) + 16) / wide))
    free = END
    for number in range(len(of.days) - 1, -1, -step):
        room = width(names[number], SMALL) / 2
        middle = min(LEFT + wide * (number + 0.5), END - room)
        if middle + room <= free:
            free = middle - room - 10
            yield lettering(middle, ground + _UNDER, names[number], colour=QUIET, anchor="middle")


def _topics(of: Strips, top: float) -> tuple[list[str], float]:
    base = top + 18
    drawn = [lettering(MARGIN, base, beside(of.topics_title, PLAIN, WITHIN), size=PLAIN, bold=True)]
    most = max(times for _name, times in of.topics)
    for name, times in of.topics:
        base += LINE + 5
        words = beside(name, SMALL, _TOPIC - MARGIN - 14)
        long = (_TOPIC_END - _TOPIC) * times / most
        drawn += [
            lettering(_TOPIC - 14, base, words, colour=WORDS, anchor="end"),
            bar(_TOPIC, base - 16, max(long, LEAST), 18, COLOURS[0], 3),
            lettering(_TOPIC + max(long, LEAST) + 10, base, written(times), colour=QUIET),
        ]
    return drawn, base


# The description


def strips_text(of: Strips) -> str:
    """Return the chart in sentences, at most 1,024 characters: for people who can't see it."""
    said = f"{named(of.title)}. {clean(of.subtitle, 200)}."
    if of.topics:
        topics = [f"{clean(name, 60)} {written(times)}" for name, times in of.topics]
        said = told(said, _TOPICS_TOLD.format(title=clean(of.topics_title, 60)), topics)
    lead = _BY_DAY.format(first=day_of_month(of.days[0]), last=day_of_month(of.days[-1]))
    return told(said, lead, [_in_words(strip) for strip in of.strips])


def _in_words(strip: Strip) -> str:
    words = ", ".join(clean(line, 200) for line in (strip.words, *strip.lines))
    form = _WITH_GREY if any(strip.grey) else _NAMED
    return form.format(
        name=clean(strip.name, 60), words=words, days=_listed(strip.values), grey=_listed(strip.grey)
    )


def _listed(values: Sequence[float]) -> str:
    return " ".join(f"{round(value, 3 if value < 1 else 1):g}" for value in values)
