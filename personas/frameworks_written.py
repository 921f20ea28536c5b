"""Tables of a framework or a character as lines that a model reads: words for numbers, lists in a row."""

from collections.abc import Iterator, Mapping
from typing import Any

_DEGREES = ((0.15, "hardly"), (0.35, "a little"), (0.65, "moderately"), (0.85, "clearly"), (1.0, "very much"))


def lines_of(table: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Yield a table as lines "- Key: value" in its own order; tables within it as "- Key, inner key"."""
    for key, value in table.items():
        title = f"{above}, {spoken(key)}" if above else spoken(key)
        if isinstance(value, Mapping):
            yield from lines_of(value, title)
        elif text := value_in_words(value):
            yield f"- {title[:1].upper()}{title[1:]}: {text}"


def list_lines(items: object) -> Iterator[str]:
    """Yield what a list holds as lines "- item"; a single value is a list of one."""
    for item in items if isinstance(items, list | tuple) else (items,):
        if isinstance(item, Mapping):
            yield from lines_of(item)
        elif text := value_in_words(item):
            yield f"- {text}"


def value_in_words(value: object) -> str:
    """Return a text as it is, a list in a row, yes or no, and a number from 0 to 1 as a degree."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list | tuple):
        items = (value_in_words(item).removesuffix(".") for item in value)
        return "; ".join(item for item in items if item)
    if isinstance(value, Mapping):
        return ", ".join(f"{spoken(key)}: {value_in_words(one)}" for key, one in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return degree(value) if isinstance(value, int | float) else ""


def degree(number: float) -> str:
    """Return a number from 0 to 1 as how much of something there is; others as they are."""
    exact = f"{round(number, 2):g}"
    word = next((word for most, word in _DEGREES if 0 <= number <= most), None)
    return f"{word} ({exact} of 1)" if word else exact


def spoken(key: str) -> str:
    """Return a key of a file as words: `when_unsure` is "when unsure"."""
    return " ".join(str(key).replace("_", " ").split())
