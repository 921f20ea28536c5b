"""JSON from untrusted sources: checked against limits before it is parsed, with line numbers in errors."""

import json
import math
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable
from typing import Any

from personas.cards.errors import CardError

MOST_TEXT = 4 << 20
"""Maximum size of JSON in bytes."""
DEEPEST = 64
"""Maximum nesting depth of lists and objects."""
MOST_CONTAINERS = 200_000
MOST_VALUES = 500_000
_MOST_DIGITS = 400
_MOST_NAMED = 5

# Possessive quantifiers: a string of four million escapes takes no memory for backtracking.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_ANEW = "export the card anew from where it was made"


def read_json(data: bytes) -> tuple[Any, tuple[str, ...]]:
    """Parse JSON; return the value, and notices about duplicate keys and lone surrogates.

    Raises CardError if it is too large, too deep, has invalid numbers, or is no JSON (faults D8).
    """
    if len(data) > MOST_TEXT:
        raise CardError(
            f"holds over {MOST_TEXT >> 20} MB of text", "take out what is not the character's own"
        )
    text = _decoded(data)
    if not text.strip():
        raise CardError("is empty", "get the file anew from where it came")
    _measure(text.encode("utf-8", "surrogatepass"))
    doubled: dict[str, None] = {}
    value = _parsed(text, doubled)
    notices = tuple(f"says {_shown(key)} twice in one place; the last counts" for key in doubled)
    if _SURROGATE_ESCAPE.search(text):
        cleaned = _cleaned(value)
        if cleaned != value:
            return cleaned, (*notices, "holds halves of letters, which were replaced")
    return value, notices


def write_json_text(value: Any) -> str:
    """Return a value as JSON on one line that reads back as the same value."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _decoded(data: bytes) -> str:
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig" if data.startswith(BOM_UTF8) else "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if b"\0" in data:
            raise CardError("is neither text nor a picture that can be read", _ANEW) from error
        line = data.count(b"\n", 0, error.start) + 1
        raise CardError(f"is no UTF-8 text (line {line})", "save it as UTF-8", line=line) from error


def _measure(data: bytes) -> None:
    if data.count(b"[") + data.count(b"{") + data.count(b",") <= DEEPEST:
        return
    bare = _STRING.sub(b"", data)
    brackets = bare.translate(None, _NOT_BRACKETS)
    if len(brackets) > 2 * MOST_CONTAINERS or bare.count(b",") > MOST_VALUES:
        raise CardError("holds more values than any card does", _ANEW)
    depth = deepest = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise CardError(f"is nested deeper than {DEEPEST} levels", _ANEW)


def _parsed(text: str, doubled: dict[str, None]) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_noticing(doubled),
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_whole,
        )
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()):
            raise CardError("is no JSON: it ends too early", _ANEW, line=error.lineno) from error
        wrong = f"is no JSON: {error.msg.lower()} in line {error.lineno}"
        raise CardError(wrong, "mend that line", line=error.lineno) from error
    except RecursionError as error:
        raise CardError("is nested too deeply", _ANEW) from error


def _noticing(doubled: dict[str, None]) -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs) and len(doubled) < _MOST_NAMED:
            _note_doubled(pairs, doubled)
        return found

    return made


def _note_doubled(pairs: list[tuple[str, Any]], doubled: dict[str, None]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen and len(doubled) < _MOST_NAMED:
            doubled[key] = None
        seen.add(key)


def _no_number(name: str) -> Any:
    raise CardError(f"holds {name}, which is no number in JSON", "write a number or null")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise CardError("holds a number that is too large", "write a smaller one")
    return value


def _whole(number: str) -> int:
    if len(number) > _MOST_DIGITS:
        raise CardError(f"holds a number of over {_MOST_DIGITS} digits", "write a smaller one")
    return int(number)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(item) for key, item in value.items()}
    return value


def _shown(key: str) -> str:
    """Return a key, which may contain anything, in printable form."""
    return repr("".join(letter if letter.isprintable() else "?" for letter in key[:40]))
