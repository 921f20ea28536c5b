"""A sheet to draw on: what the pictures of a week and of a bond have in common."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from html import escape
from math import isfinite

from bot.core.i18n import _
from bot.pictures.days import day_of_month, month
from memory.map.lettering import FAMILY, clean, shortened, width, wrapped

WIDTH = 720
"""Units across. A phone shows a picture some 360 points wide: what is lettered at 22 is read there at 11."""
MARGIN = 24.0
END = WIDTH - MARGIN
WITHIN = WIDTH - 2 * MARGIN
SMALL, PLAIN = 22.0, 24.0
"""How large letters are; no smaller ones stand in a picture."""
LINE = 29.0
"""From one line of small letters to the next."""
GROUND, RAISED, RULE = "#15161c", "#22242f", "#6b6f85"
"""The ground, what stands out from it a little (nights, empty gauges), and dotted lines."""
WORDS, QUIET = "#e9eaf0", "#a3a6b8"
DESCRIBED = 1024
"""Characters that Discord takes as the description of an attachment."""
_TITLE_SIZES = (38.0, 34.0, 31.0)
_TITLE_SIZES_OF_TWO = (31.0, 28.0, 25.0, 22.0)
_NAME = 80
_AND_MORE = _("{lead} {items}; and {number} more.", "a list that is cut off")
_ALL = _("{lead} {items}.", "a list")


def opened(height: float, title: str, about: str) -> Iterator[str]:
    """Return the beginning of a picture: its ground, and what it says to those who don't see it."""
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
    """Return points as SVG has a line through them."""
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
    """Return a title as elements, and the line on which the last of it stands.

    It is as large as it goes in without losing a letter, in one line or in two.
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
    """Return a name that may stand in a title."""
    return clean(name, _NAME)


def beside(words: str, size: float, most: float, *, bold: bool = False) -> str:
    """Return what people wrote as one line that is no wider than `most`."""
    return shortened(clean(words, 200), size, most, bold=bold)


def bounded(value: float, lowest: float, highest: float) -> float:
    """Return a value within its bounds; what is no number is in the middle."""
    return min(max(value, lowest), highest) if isfinite(value) else (lowest + highest) / 2


def dated(at: datetime, year: int) -> str:
    """Return a day such as "3 Nov", or the month of another year: "Nov 2025"."""
    return day_of_month(at) if at.year == year else month(at)


def told(said: str, lead: str, items: Sequence[str]) -> str:
    """Return what is said with one sentence more: as many of the items as a description has room for."""
    for count in range(len(items), 0, -1):
        left = len(items) - count
        words = _AND_MORE if left else _ALL
        sentence = f"{said} {words.format(lead=lead, items='; '.join(items[:count]), number=left)}"
        if len(sentence) <= DESCRIBED:
            return sentence
    return said
