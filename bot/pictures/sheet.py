"""The sheet that all pictures share: sizes, colours and basic shapes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from html import escape
from math import isfinite

from bot.core.i18n import _
from bot.pictures.days import day_of_month, month
from memory.map.lettering import FAMILY, clean, shortened, width, wrapped

WIDTH = 720
"""Units across. A phone shows a picture about 360 points wide: text of 22 units appears there as 11 points.
"""
MARGIN = 24.0
END = WIDTH - MARGIN
WITHIN = WIDTH - 2 * MARGIN
SMALL, PLAIN = 22.0, 24.0
"""The sizes of text; none is smaller."""
LINE = 29.0
"""The distance between two lines of small text."""
GROUND, RAISED, RULE = "#15161c", "#22242f", "#6b6f85"
"""The background, raised areas (nights, empty gauges), and dotted lines."""
WORDS, QUIET = "#e9eaf0", "#a3a6b8"
DESCRIBED = 1024
"""Discord's maximum length of an attachment's description."""
_TITLE_SIZES = (38.0, 34.0, 31.0)
_TITLE_SIZES_OF_TWO = (31.0, 28.0, 25.0, 22.0)
_NAME = 80
_AND_MORE = _("{lead} {items}; and {number} more.", "a list that is cut off")
_ALL = _("{lead} {items}.", "a list")


def opened(height: float, title: str, about: str) -> Iterator[str]:
    """Return the beginning of a picture: its background, title and description."""
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
        f"viewBox=\"0 0 {WIDTH} {height:.0f}\" font-family=\"'{FAMILY}', 'Source Sans 3', sans-serif\" "
        f'font-size="{SMALL:g}" fill="{WORDS}" role="img">'
    )
    yield f"<title>{escape(title)}</title>"
    yield f"<desc>{escape(about)}</desc>"
    yield f'<rect width="{WIDTH}" height="{height:.0f}" fill="{GROUND}"/>'


def lettering(
    x: float,
    y: float,
    words: str,
    *,
    size: float = SMALL,
    colour: str = WORDS,
    bold: bool = False,
    anchor: str = "start",
) -> str:
    """Return words on a line at `y`; they must be clean, and are escaped here."""
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}" text-anchor="{anchor}"'
        f"{weight}>{escape(words)}</text>"
    )


def path(
    points: Iterable[tuple[float, float]], colour: str, stroke: float = 3.0, *, kind: str = "line"
) -> str:
    """Return a line through points; `kind` is its class."""
    return (
        f'<path class="{kind}" d="{joined(points)}" fill="none" stroke="{colour}" stroke-width="{stroke:g}" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )


def joined(points: Iterable[tuple[float, float]]) -> str:
    """Return points in SVG's syntax for a line."""
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def dotted(start: tuple[float, float], end: tuple[float, float], colour: str = RULE) -> str:
    """Return a straight line of dots."""
    return (
        f'<path d="{joined((start, end))}" stroke="{colour}" stroke-width="2.4" stroke-linecap="round" '
        'stroke-dasharray="0.1 6"/>'
    )


def bar(left: float, top: float, wide: float, high: float, colour: str, rounding: float = 0.0) -> str:
    """Return a filled rectangle."""
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(wide, 0.0):.1f}" height="{high:.1f}" '
        f'rx="{rounding:g}" fill="{colour}"/>'
    )


def dot(x: float, y: float, radius: float, colour: str) -> str:
    """Return a disc."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}"/>'


def headed(title: str) -> tuple[list[str], float]:
    """Return a title as elements, and its last baseline.

    The size is the largest that fits without truncation, in one line or in two.
    """
    lines, size = _fitted(title)
    bases = [22 + size * (0.86 + 1.16 * number) for number in range(len(lines))]
    words = [
        lettering(MARGIN, base, line, size=size, bold=True) for line, base in zip(lines, bases, strict=True)
    ]
    return words, bases[-1]


def _fitted(title: str) -> tuple[list[str], float]:
    for size in _TITLE_SIZES:
        if width(title, size, bold=True) <= WITHIN:
            return [title], size
    for size in _TITLE_SIZES_OF_TWO:
        lines = wrapped(title, size, WITHIN, bold=True)
        if "".join(lines).replace(" ", "") == title.replace(" ", ""):
            break
    return lines, size


def named(name: str) -> str:
    """Return a name in a form for titles."""
    return clean(name, _NAME)


def beside(words: str, size: float, most: float, *, bold: bool = False) -> str:
    """Return a user's text as one line of at most this width."""
    return shortened(clean(words, 200), size, most, bold=bold)


def bounded(value: float, lowest: float, highest: float) -> float:
    """Return a value within its bounds; NaN becomes their middle."""
    return min(max(value, lowest), highest) if isfinite(value) else (lowest + highest) / 2


def dated(at: datetime, year: int) -> str:
    """Return a day such as "3 Nov", or the month of another year: "Nov 2025"."""
    return day_of_month(at) if at.year == year else month(at)


def told(said: str, lead: str, items: Sequence[str]) -> str:
    """Return a description with one more sentence, with as many of the items as fit its maximum length."""
    for count in range(len(items), 0, -1):
        left = len(items) - count
        words = _AND_MORE if left else _ALL
        sentence = f"{said} {words.format(lead=lead, items='; '.join(items[:count]), number=left)}"
        if len(sentence) <= DESCRIBED:
            return sentence
    return said
