"""Label placement on a memory map, without overlaps of dots or other labels, within the picture."""

import cmath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import pi

from memory.map.chart import GREY, Chart, Group, Mark
from memory.map.lettering import shortened, width, wrapped
from memory.map.spreading import Box

SIZE, LINE = 17.0, 20.0
"""Font size and line height in units of the picture."""
HEADING, SPACED = 23.0, 0.06
_WIDEST, _NARROW = 215.0, 150.0
_OFF, _CLEAR, _BETWEEN = 6.0, 5.0, 3.0
"""Minimum distances of a label from its own dot, from other dots and from other labels."""
_LED = 70
"""Number of dots, in order, that may get a leader line to a distant label."""
_POOR = 0.9
"""Cost of a label beside its dot above which distant positions are tried too."""
_WAYS = [cmath.rect(1, 2 * pi * turn / 20) for turn in range(20)]
_LEADS = (24.0, 38.0, 55.0, 75.0, 100.0, 130.0)


@dataclass(frozen=True, slots=True)
class Label:
    """Lines of text in a box; `anchor` is SVG's text-anchor value.

    `mark` is the index of its dot, and `leader` the line from the dot to a distant label.
    """

    lines: tuple[str, ...]
    anchor: str
    box: Box
    colour: str
    mark: int | None = None
    leader: tuple[complex, complex] | None = None
    size: float = SIZE

    @property
    def x(self) -> float:
        """X coordinate of the text anchor."""
        return {"start": self.box.left, "middle": self.box.centre.real, "end": self.box.right}[self.anchor]


class FreeArea:
    """The space of an area that discs and labels leave free."""

    def __init__(self, area: Box, marks: Sequence[Mark]) -> None:
        self._area = area
        self._discs = [(mark.centre, mark.reach + _CLEAR) for mark in marks]
        self._taken: list[Box] = []

    def free(self, box: Box) -> bool:
        """Return whether the space for a label is free."""
        if not self._area.holds(box):
            return False
        wide = box.grown(_BETWEEN)
        if any(wide.overlap(other) for other in self._taken):
            return False
        return not any(box.touches(centre, radius) for centre, radius in self._discs)

    def passable(self, start: complex, end: complex) -> bool:
        """Return whether a leader line, which starts at a dot's rim, crosses no disc or label."""
        if any(_near(centre, start, end) < radius for centre, radius in self._discs):
            return False
        return not any(box.touches(point, _BETWEEN) for point in _beads(start, end) for box in self._taken)

    def take(self, label: Label) -> None:
        """Reserve the space of a label and its leader line."""
        self._taken.append(label.box)
        if label.leader:
            self._discs += [(point, _BETWEEN) for point in _beads(*label.leader)]


def _near(point: complex, start: complex, end: complex) -> float:
    """Return the distance of a point from a line segment."""
    way = end - start
    share = ((point - start) * way.conjugate()).real / abs(way) ** 2
    return abs(start + way * min(max(share, 0.0), 1.0) - point)


def _beads(start: complex, end: complex) -> list[complex]:
    count = max(2, round(abs(end - start) / 4))
    return [start + (end - start) * bead / count for bead in range(count + 1)]


def lettered(
    chart: Chart, area: Box, *, named: Callable[[str], str] = str
) -> tuple[list[Label], list[Label]]:
    """Return the headings of tags and the labels of as many dots as have room, first marks first.

    `named` translates tags.
    """
    room = FreeArea(area, chart.marks)
    bounds = [_bounds(group) for group in chart.groups]
    headings = list(_headings(chart, bounds, room, named))
    labels: list[Label] = []
    for number, mark in enumerate(chart.marks):
        grounds = zip(bounds, chart.groups, strict=True)
        foreign = [box for box, group in grounds if group.tag != mark.tag]
        found = _beside(number, mark, foreign, room)
        if number < _LED and (found is None or found[0] > _POOR):
            further = _led(number, mark, bounds, room)
            found = min(filter(None, (found, further)), key=lambda candidate: candidate[0], default=None)
        if found:
            room.take(found[1])
            labels.append(found[1])
    return headings, labels


def _bounds(group: Group) -> Box:
    xs, ys = [corner.real for corner in group.outline], [corner.imag for corner in group.outline]
    return Box(min(xs), min(ys), max(xs), max(ys))


def _headings(
    chart: Chart, bounds: Sequence[Box], room: FreeArea, named: Callable[[str], str]
) -> Iterator[Label]:
    """Yield each tag's heading, as close as possible above its largest group."""
    largest: dict[str, int] = {}
    for number, group in enumerate(chart.groups):
        if group.tag not in largest or group.size > chart.groups[largest[group.tag]].size:
            largest[group.tag] = number
    for tag, number in sorted(largest.items(), key=lambda entry: chart.groups[entry[1]].colour == GREY):
        others = [box for index, box in enumerate(bounds) if index != number]
        if label := _heading(named(tag), chart.groups[number].colour, bounds[number], others, room):
            room.take(label)
            yield label


def _heading(tag: str, colour: str, bounds: Box, others: Sequence[Box], room: FreeArea) -> Label | None:
    size = HEADING if colour != GREY else SIZE
    words = shortened(tag.upper(), size, 230, bold=True, spaced=SPACED)
    wide, high = width(words, size, bold=True, spaced=SPACED), size + 4
    asides = (0, -25, 25, -55, 55, -95, 95)
    best: tuple[float, Box] | None = None
    for aside, (top, cost) in product(asides, ((bounds.top - high, 0.0), (bounds.bottom, 0.6))):
        left = bounds.centre.real - wide / 2 + aside
        box = Box(left, top, left + wide, top + high)
        if room.free(box):
            price = cost + abs(aside) / 100 + _covered(box, others)
            best = min(best, (price, box), key=lambda candidate: candidate[0]) if best else (price, box)
    return Label((words,), "middle", best[1], colour, size=size) if best else None


def _covered(box: Box, others: Sequence[Box]) -> float:
    """Return the share of a box that covers groups of other tags."""
    return sum(box.overlap(other) for other in others) / (box.width * box.height)


def _beside(number: int, mark: Mark, foreign: Sequence[Box], room: FreeArea) -> tuple[float, Label] | None:
    """Return the best free label position beside a dot, with its cost: uncut text, off other tags' groups."""
    best: tuple[float, Label] | None = None
    for lines, worse in _wordings(mark.text):
        wide, high = _extent(lines)
        for anchor, box, cost in _around(mark, wide, high):
            if (best and best[0] <= cost + worse) or not room.free(box):
                continue
            price = cost + worse + _covered(box, foreign)
            if not best or price < best[0]:
                best = price, Label(tuple(lines), anchor, box, mark.colour, number)
    return best


def _led(number: int, mark: Mark, grounds: Sequence[Box], room: FreeArea) -> tuple[float, Label] | None:
    """Return the best distant label with a leader line, and its cost: a short line, off all groups."""
    best: tuple[float, Label] | None = None
    for lines, worse in list(_wordings(mark.text))[:1]:
        wide, high = _extent(lines)
        for lead, way in product(_LEADS, _WAYS):
            start, end = (
                mark.centre + way * (mark.reach + _CLEAR + 0.1),
                mark.centre + way * (mark.reach + lead),
            )
            anchor, box = _at(end, way, wide, high)
            cost = worse + 0.3 + lead / 70
            if (best and best[0] <= cost) or not room.free(box) or not room.passable(start, end):
                continue
            price = cost + 1.2 * _covered(box, grounds)
            if not best or price < best[0]:
                best = price, Label(tuple(lines), anchor, box, mark.colour, number, (start, end))
    return best


def _extent(lines: Sequence[str]) -> tuple[float, float]:
    return max(width(line, SIZE) for line in lines) + 1, LINE * len(lines)


def _wordings(text: str) -> Iterator[tuple[list[str], float]]:
    """Yield line breaks of a text, with their cost in readability."""
    if not text:
        return
    lines = wrapped(text, SIZE, _WIDEST)
    yield lines, 0.8 if lines[-1].endswith("…") else 0.0
    if width(text, SIZE) > _NARROW:
        yield wrapped(text, SIZE, _NARROW), 1.4


def _around(mark: Mark, wide: float, high: float) -> Iterator[tuple[str, Box, float]]:
    """Yield positions of a box around a dot: anchor, box, cost."""
    x, y, off = mark.centre.real, mark.centre.imag, mark.reach + _OFF
    near = off * 0.72
    for up, cost in ((0.5, 0.0), (0.25, 0.2), (0.75, 0.2)):
        yield "start", _sized(x + off, y - high * up, wide, high), cost
        yield "end", _sized(x - off - wide, y - high * up, wide, high), cost + 0.1
    for top in (y - near - high, y + near):
        yield "start", _sized(x + near, top, wide, high), 0.5
        yield "end", _sized(x - near - wide, top, wide, high), 0.6
    yield "middle", _sized(x - wide / 2, y + off, wide, high), 0.3
    yield "middle", _sized(x - wide / 2, y - off - high, wide, high), 0.4


def _at(end: complex, way: complex, wide: float, high: float) -> tuple[str, Box]:
    """Return anchor and box of a label at the end of a leader line with direction `way`."""
    if abs(way.real) < 0.35:
        top = end.imag + 2 if way.imag > 0 else end.imag - high - 2
        return "middle", _sized(end.real - wide / 2, top, wide, high)
    top = end.imag - high / 2
    if way.real > 0:
        return "start", _sized(end.real + 4, top, wide, high)
    return "end", _sized(end.real - 4 - wide, top, wide, high)


def _sized(left: float, top: float, wide: float, high: float) -> Box:
    return Box(left, top, left + wide, top + high)
