"""Keys that are patterns: from strangers, so bounded before they are compiled and timed when they run."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import regex

LONGEST_PATTERN = 500
HEAVIEST = 20_000
"""The most that one pattern may unroll to: `((a{1000}){1000}){1000}` fills gigabytes while it compiles."""
SLICE = 0.01
"""The seconds that one pattern has for one text."""
TOGETHER = 0.03
"""The seconds that all patterns have for one scan."""

_SLASHED = re.compile(r"/(.+)/([a-z]*)", re.DOTALL)
_REPEATS = re.compile(r"\{([^{},]*)")
_LITERAL = re.compile(r"[\w '\-]+")
_FLAGS = {"i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL, "g": 0, "u": 0, "y": 0}

Compiled = regex.Pattern[str]


class PatternError(ValueError):
    """A pattern that can't be used; says why."""


def slashed(key: str) -> bool:
    """Return whether a key is written as /pattern/flags, with no bare slash within."""
    found = _SLASHED.fullmatch(key)
    if not found or not set(found[2]) <= set(_FLAGS):
        return False
    return re.search(r"(?<!\\)/", found[1]) is None


def weight_of(pattern: str) -> int:
    """Return a bound on how large a pattern becomes: its length times all its least repeats."""
    weight = max(len(pattern), 1)
    for repeat in _REPEATS.findall(pattern):
        digits = "".join(letter for letter in repeat if letter.isdigit())
        weight *= max(int(digits[:9]), 1) if digits else 1
    return weight


def compiled(key: str, *, cased: bool) -> Compiled:
    """Return the pattern that a key holds, `cased` or by the flags behind its slashes.

    Raises PatternError for what is too long, too heavy or no pattern at all (D9).
    """
    flags = 0 if cased else regex.IGNORECASE
    if slashed(key):
        found = _SLASHED.fullmatch(key)
        assert found
        key, flags = found[1], sum(_FLAGS[letter] for letter in set(found[2]))
    if len(key) > LONGEST_PATTERN:
        raise PatternError(f"has {len(key)} characters, and {LONGEST_PATTERN} are the most")
    if weight_of(key) > HEAVIEST:
        raise PatternError("repeats too much; use smaller numbers in its {}")
    try:
        return regex.compile(key, flags)
    except (
        regex.error,
        RecursionError,
        OverflowError,
        MemoryError,
        ValueError,
        KeyError,
        IndexError,
    ) as error:
        said = str(error)[:80] if isinstance(error, regex.error) else "it is nested too deep or malformed"
        raise PatternError(f"is no pattern: {said}") from None


def literal(key: str) -> bool:
    """Return whether a pattern means just its own letters, so that it can be looked up as such."""
    return _LITERAL.fullmatch(key) is not None


@dataclass(slots=True)
class TimeBox:
    """The time that the patterns of one scan share. `stopwatch` gives seconds; where it begins is its own."""

    stopwatch: Callable[[], float]
    left: float = TOGETHER
    spent: bool = False

    def search(self, pattern: Compiled, text: str) -> bool | None:
        """Return whether a pattern is in a text; None if its time was up before that was known."""
        if self.left <= 0:
            self.spent = True
            return None
        began = self.stopwatch()
        allowed = min(SLICE, self.left)
        try:
            return pattern.search(text, timeout=allowed) is not None
        except (TimeoutError, MemoryError, RecursionError):
            self.spent = self.spent or allowed < SLICE
            return None
        finally:
            self.left -= max(self.stopwatch() - began, 0) if math.isfinite(began) else 0
