"""Words over a line of time, each with a line down to its moment: none cut, none over another."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from bot.pictures.sheet import END, MARGIN, SMALL, beside
from memory.map.lettering import width

LEVELS = 4
"""Lines of words over one another at most."""
_CONSIDERED, _STEPS = 12, 3_000
"""Moments that are looked at, and how often a way is tried before a moment is given up."""
_LONGEST = (300.0, 190.0)
"""How wide words may be, and how wide those are that else would have to be left out."""
_OFF, _BETWEEN, _CLEAR = 9.0, 14.0, 5.0
"""How far words stand off their own line, off others' words and off others' lines."""


@dataclass(frozen=True, slots=True)
class Flag:
    """Words from `left` to `right` with a line at `x`; level 0 is the one next to the chart."""

    words: str
    x: float
    left: float
    right: float
    level: int

    @property
    def astride(self) -> bool:
        """Whether the words stand over their line; else they stand beside it."""
        return self.left <= self.x <= self.right

    def clears(self, other: "Flag") -> bool:
        """Say whether the two can stand in one picture."""
        if self.level == other.level:
            return self.start >= other.end + _BETWEEN or other.start >= self.end + _BETWEEN
        upper, lower = (self, other) if self.level > other.level else (other, self)
        return not lower.left - _CLEAR < upper.x < lower.right + _CLEAR

    @property
    def start(self) -> float:
        """Where the words or the line begin."""
        return min(self.left, self.x)

    @property
    def end(self) -> float:
        """Where the words or the line end."""
        return max(self.right, self.x)


def placed(moments: Iterable[tuple[float, str]]) -> list[Flag]:
    """Return flags for moments, the most important of which come first; who finds no room goes without."""
    flags: list[Flag] = []
    ways: list[list[Flag]] = []
    for x, words in islice(moments, _CONSIDERED):
        tried = [*ways, list(_ways(x, words))]
        found = _together(tried)
        if found:
            flags, ways = found, tried
    used = sorted({flag.level for flag in flags})
    return [replace(flag, level=used.index(flag.level)) for flag in flags]


def _together(ways: Sequence[Sequence[Flag]]) -> list[Flag] | None:
    """Return one of each one's ways so that all are clear of one another; None if that is not soon found."""
    steps = iter(range(_STEPS))

    def further(flags: list[Flag]) -> list[Flag] | None:
        if len(flags) == len(ways):
            return flags
        for way in ways[len(flags)]:
            if next(steps, None) is None:
                return None
            found = further([*flags, way]) if all(way.clears(other) for other in flags) else None
            if found:
                return found
        return None

    return further([])


def _ways(x: float, words: str) -> Iterator[Flag]:
    """Return where words could stand, the best first: low, over their line, and whole."""
    for most in _LONGEST:
        line = beside(words, SMALL, most)
        wide = width(line, SMALL)
        centred = min(max(x - wide / 2, MARGIN), END - wide)
        for level in range(LEVELS):
            for left in (centred, x + _OFF, x - _OFF - wide):
                if left >= MARGIN and left + wide <= END:
                    yield Flag(line, x, left, left + wide, level)
