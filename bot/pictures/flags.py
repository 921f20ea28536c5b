"""Labels above a time axis, each with a line down to its moment: none is cut, none overlaps another."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from bot.pictures.sheet import END, MARGIN, SMALL, beside
from memory.map.lettering import width

LEVELS = 4
"""The maximum number of lines of labels."""
_CONSIDERED, _STEPS = 12, 3_000
"""The maximum number of moments, and of attempts before a moment is dropped."""
_LONGEST = (300.0, 190.0)
"""The maximum width of labels, normally and for those that would otherwise be dropped."""
_OFF, _BETWEEN, _CLEAR = 9.0, 14.0, 5.0
"""The distances of a label from its own line, from other labels and from other lines."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A label from `left` to `right` with a line at `x`; level 0 is the one next to the chart."""

    words: str
    x: float
    left: float
    right: float
    level: int

    @property
    def astride(self) -> bool:
        """Whether the label is centred on its line; else it stands beside the line."""
        return self.left <= self.x <= self.right

    def clears(self, other: "Flag") -> bool:
        """Say whether the two don't overlap."""
        if self.level == other.level:
            return self.start >= other.end + _BETWEEN or other.start >= self.end + _BETWEEN
        upper, lower = (self, other) if self.level > other.level else (other, self)
        return not lower.left - _CLEAR < upper.x < lower.right + _CLEAR

    @property
    def start(self) -> float:
        """The left edge of the label or of the line."""
        return min(self.left, self.x)

    @property
    def end(self) -> float:
        """The right edge of the label or of the line."""
        return max(self.right, self.x)


def placed(moments: Iterable[tuple[float, str]]) -> list[Flag]:
    """Return flags for moments in order of importance; a moment without room gets none."""
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
    """Return one placement for each moment so that none overlap; None if the search takes too long."""
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
    """Yield possible placements, the best first: low, centred, and whole."""
    for most in _LONGEST:
        line = beside(words, SMALL, most)
        wide = width(line, SMALL)
        centred = min(max(x - wide / 2, MARGIN), END - wide)
        for level in range(LEVELS):
            for left in (centred, x + _OFF, x - _OFF - wide):
                if left >= MARGIN and left + wide <= END:
                    yield Flag(line, x, left, left + wide, level)
