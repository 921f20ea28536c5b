"""JSON in a model's answer: alone, in a code fence or between words (C7, D5)."""

import json
from collections.abc import Iterator

import regex

LONGEST = 100_000
_FENCE = regex.compile(r"```\w*+\s*+(.*?)```", regex.DOTALL)


def values_in(text: str) -> Iterator[object]:
    """Yield the JSON values in an answer, the likeliest first.

    Servers of other makes ignore schemas, so an answer is searched, and its shape is never taken for granted.
    """
    for piece in _pieces(text[:LONGEST]):
        try:
            yield json.loads(piece, parse_constant=_refuse)
        except (ValueError, RecursionError):
            continue


def object_in(text: str) -> dict[str, object]:
    """Return the only JSON object of an answer; empty if there is none."""
    return next((value for value in values_in(text) if isinstance(value, dict)), {})


def _pieces(text: str) -> Iterator[str]:
    yield text
    if fenced := _FENCE.search(text):
        yield fenced[1]
    for opening, closing in ("{}", "[]"):
        yield text[text.find(opening) : text.rfind(closing) + 1]


def _refuse(constant: str) -> object:
    raise ValueError(constant)
