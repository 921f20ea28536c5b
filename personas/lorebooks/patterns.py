"""Regular expressions as keys: untrusted, so limited before compilation and timed during search."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import regex

LONGEST_PATTERN = 500
HEAVIEST = 20_000
"""Maximum unrolled size of a pattern: `((a{1000}){1000}){1000}` takes gigabytes to compile."""
SLICE = 0.01
"""Timeout in seconds for one pattern and one text."""
TOGETHER = 0.03
"""Total timeout in seconds for all patterns in a scan."""

_SLASHED = re.compile(r"/(.+)/([a-z]*)", re.DOTALL)
_REPEATS = re.compile(r"\{([^{},]*)")
_LITERAL = re.compile(r"[\w '\-]+")
_FLAGS = {"i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL, "g": 0, "u": 0, "y": 0}

Compiled = regex.Pattern[str]


class PatternError(ValueError):
    """A pattern can't be used; the message is the reason."""


def slashed(key: str) -> bool:
    """Return whether a key has the form /pattern/flags, without unescaped slashes inside."""
    found = _SLASHED.fullmatch(key)
    if not found or not set(found[2]) <= set(_FLAGS):
        return False
    return re.search(r"(?<!\\)/", found[1]) is None


def weight_of(pattern: str) -> int:
    """Return an upper bound on a pattern's unrolled size: its length times all minimum repeats."""
    weight = max(len(pattern), 1)
    for repeat in _REPEATS.findall(pattern):
        digits = "".join(letter for letter in repeat if letter.isdigit())
        weight *= max(int(digits[:9]), 1) if digits else 1
    return weight


def compiled(key: str, *, cased: bool) -> Compiled:
    """Compile a key's pattern; `cased` or the flags after its slashes decide on letter case.

    Raises PatternError if it is too long, too heavy or invalid (D9).
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
    """Return whether a pattern matches only its own letters, so that it can be searched as a word."""
    return _LITERAL.fullmatch(key) is not None


@dataclass(slots=True)
class TimeBox:
    """Time budget shared by the patterns of a scan. `stopwatch` returns seconds from any origin."""

    stopwatch: Callable[[], float]
    left: float = TOGETHER
    spent: bool = False

    def search(self, pattern: Compiled, text: str) -> bool | None:
        """Return whether a text matches a pattern; None after a timeout."""
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
