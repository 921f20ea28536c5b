"""Access to an entry's fields from other programs: under several names, with validation."""

import math
from collections.abc import Mapping
from typing import Any

from personas.lorebooks.needles import unique

OURS = "masquerade"
"""Key of our own fields within `extensions`."""

_FLAGS = {"true": True, "false": False, "1": True, "0": False, "": None}


class BrokenEntryError(ValueError):
    """An entry can't be read; the message is the reason."""


class Fields:
    """The fields of an entry or a book; its own override those of its extensions."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        extensions = raw.get("extensions")
        self.raw = raw
        self.extensions: Mapping[str, Any] = extensions if isinstance(extensions, Mapping) else {}
        ours = self.extensions.get(OURS)
        layers = (self.extensions, ours if isinstance(ours, Mapping) else {}, raw)
        self._found = {name: value for layer in layers for name, value in layer.items() if value is not None}
        self.notices: list[str] = []

    def any(self, *names: str) -> object:
        """Return the value of the first of these names that exists, or None."""
        for name in names:
            if name in self._found:
                return self._found[name]
        return None

    def text(self, *names: str, most: int = 1_000) -> str:
        """Return a text, truncated to `most`; "" if there is none."""
        value = _written(self.any(*names))
        if value is not None and not isinstance(value, str):
            self.notices.append(f"{names[0]} is no text and is passed over")
        return mended(value)[:most] if isinstance(value, str) else ""

    def words(self, *names: str) -> tuple[str, ...]:
        """Return a list of texts, also from a comma-separated one; raises BrokenEntryError otherwise."""
        value = self.any(*names)
        if value is None:
            return ()
        if isinstance(value, str):
            value = value.split(",")
        if not isinstance(value, list | tuple):
            raise BrokenEntryError(f"{names[0]} is no list of texts")
        words = [mended(word) for word in map(_written, value) if isinstance(word, str)]
        if len(words) < len(value):
            raise BrokenEntryError(f"{names[0]} holds something else than texts")
        return unique(words)

    def flag(self, *names: str, default: bool = False) -> bool:
        """Return a boolean."""
        value = self.any(*names)
        if value is None:
            return default
        if not isinstance(value, bool | int | float | str):
            said = None
        else:
            said = _FLAGS.get(str(value).strip().lower())
        if said is None and value != "":
            self.notices.append(f"{names[0]} is neither true nor false and is passed over")
        return default if said is None else said

    def number(self, *names: str, default: float, low: float = -1e9, high: float = 1e9) -> float:
        """Return a number, limited to a range."""
        value = self.any(*names)
        number = _number(value)
        if number is None:
            if value is not None and value != "":
                self.notices.append(f"{names[0]} is no number and is passed over")
            return default
        return min(max(number, low), high)

    def count(self, *names: str, default: int = 0) -> int:
        """Return an integer from 0 to a million."""
        return int(self.number(*names, default=default, low=0, high=1_000_000))

    def optional(self, *names: str) -> int | None:
        """Return a non-negative integer, or None."""
        count = self.number(*names, default=-1, high=1_000_000)
        return None if count < 0 else int(count)


def mended(text: str) -> str:
    """Replace lone surrogates, which can be neither stored nor sent."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def too_deep(value: object, most: int = 32) -> bool:
    """Return whether lists and objects exceed a nesting depth, without recursion (D8)."""
    left = [(value, 1)]
    while left:
        inner, depth = left.pop()
        if isinstance(inner, Mapping | list | tuple):
            if depth > most:
                return True
            parts = inner.values() if isinstance(inner, Mapping) else inner
            left.extend((part, depth + 1) for part in parts)
    return False


def _written(value: object) -> object:
    """Convert an integer to text, because ids are often numbers; return other values unchanged."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)
    return value


def _number(value: object) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value[:40])
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, int):
        return max(min(value, 10**9), -(10**9))
    return value if math.isfinite(value) else None
