"""Validation of a character's values: names, placeholders, lengths."""

import json
import re
import unicodedata
from hashlib import blake2b
from typing import Any

from pydantic_core import PydanticCustomError

LONGEST_NAME = 32
"""Discord's limit for a nickname, in UTF-16 units."""
LONGEST_LINE = 2000
"""Discord's limit for a bot's message."""
LONGEST_QUESTION = 1000
"""Limit of the consent question, which leaves room for the explanation in the same message."""
LONGEST_STATUS = 128
"""Discord's limit for a bot's status."""
LONGEST_TEXT = 100_000
"""Maximum characters of a text, and of a whole table such as the knowledge."""
LONGEST_LIST = 200
"""Maximum number of items in a list, or keys in a table."""
DEEPEST = 8
"""Maximum nesting depth of tables and lists."""

_PLACEHOLDER = re.compile(
    r"[<\[{]?(?:your_[a-z_]+|change[-_ ]?me|x{3,})[>\]}]?|<your[a-z _-]+>", re.IGNORECASE
)
# Bidirectional and invisible characters: with them, two names could look the same, or text run backwards.
_DECEIVING = frozenset("\u200b\u200e\u200f\u2060\ufeff\u061c") | frozenset(
    map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
)
_HALVES = re.compile("[\ud800-\udfff]")


def is_placeholder(value: str) -> bool:
    """Return whether a value is the placeholder of an example file."""
    return _PLACEHOLDER.fullmatch(value.strip()) is not None


def slug_of(name: str) -> str:
    """Derive a slug of lower-case ASCII letters, digits and dashes from a name, deterministically."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:64]
    if slug:
        return slug
    mark = blake2b(name.encode("utf-8", "replace"), digest_size=4).hexdigest()
    return f"character-{mark}"


def fault(wrong: str, mend: str) -> PydanticCustomError:
    """Return a validation error with the fault and the remedy."""
    return PydanticCustomError("character", "{wrong}; {mend}", {"wrong": wrong, "mend": mend})


def length(text: str) -> int:
    """Return a length in UTF-16 units, as Discord counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def check_name(name: str) -> None:
    """Raise unless Discord accepts the name and people can read and type it."""
    kinds = {unicodedata.category(letter) for letter in name}
    if not name:
        raise fault("is missing", 'write default_name="..."')
    if kinds & {"Cc", "Cs", "Zl", "Zp"} or _DECEIVING & set(name):
        raise fault("has a line break or an invisible mark in it", "write it on one line")
    if all(kind[0] in "CMZ" for kind in kinds):
        raise fault("has nothing in it that can be seen", "write a name")
    if length(name) > LONGEST_NAME:
        wrong = f"has {length(name)} characters and Discord takes {LONGEST_NAME}"
        raise fault(wrong, "shorten it")


def check_avatar(avatar: str) -> str:
    """Check that the avatar is a file name in the character's own folder or an https address; return it."""
    if re.match(r"https://[^\s/]+", avatar):
        if len(avatar) > LONGEST_LINE or not avatar.isprintable() or " " in avatar:
            raise fault("is no address of a picture", "write https://... on one line")
        return avatar
    if len(avatar) > 255 or avatar.startswith(".") or any(mark in avatar for mark in '/\\:\0"\n'):
        mend = "write the name of a file in the character's folder, or https://..."
        raise fault("is neither a file's name nor an https address", mend)
    return avatar


def whole(text: str) -> str:
    """Replace lone surrogates, which no encoding accepts, by U+FFFD."""
    if _HALVES.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def plain(table: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a table of plain values; raises a fault above the limits of depth or 100 kB."""
    copied: dict[str, Any] = _copied(table, 0)
    if len(json.dumps(copied)) > LONGEST_TEXT:
        raise fault(f"holds over {LONGEST_TEXT} characters", "shorten it")
    return copied


def _copied(value: object, depth: int) -> Any:
    if depth > DEEPEST:
        raise fault(f"is nested deeper than {DEEPEST}", "write it flatter")
    if isinstance(value, dict | list | tuple) and len(value) > LONGEST_LIST:
        raise fault(f"holds over {LONGEST_LIST} items in one list", "shorten it")
    if isinstance(value, dict):
        return {whole(str(key)): _copied(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(inner, depth + 1) for inner in value]
    if isinstance(value, str):
        return whole(value)
    if value is None or _ordinary(value):
        return value
    raise fault("holds something that is no text, number or list", "write it as JSON has it")


def _ordinary(value: object) -> bool:
    """Return whether a number is valid in JSON: not infinite, not NaN, not of 5,000 digits."""
    return isinstance(value, int | float) and abs(value) < 10**18
