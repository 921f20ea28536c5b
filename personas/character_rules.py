"""What holds for the words of a character: names, placeholders, lengths, and what is said of a fault."""

import json
import re
import unicodedata
from hashlib import blake2b
from typing import Any

from pydantic_core import PydanticCustomError

LONGEST_NAME = 32
"""Discord's limit for a nickname, counted as UTF-16 units."""
LONGEST_LINE = 2000
"""Discord's limit for what a bot says in one message."""
LONGEST_QUESTION = 1000
"""So long the question for consent may be: what that means stands below it, in the same message."""
LONGEST_STATUS = 128
"""Discord's limit for what a bot is shown to be doing."""
LONGEST_TEXT = 100_000
"""Characters in the longest text of a character, and in a whole table such as its knowledge."""
LONGEST_LIST = 200
"""Items in the longest list, or keys in the largest table."""
DEEPEST = 8
"""How deep tables and lists may stand within one another."""

_PLACEHOLDER = re.compile(
    r"[<\[{]?(?:your_[a-z_]+|change[-_ ]?me|x{3,})[>\]}]?|<your[a-z _-]+>", re.IGNORECASE
)
# Marks that turn or hide text: two names could look the same and not be, or run backwards.
_DECEIVING = frozenset("\u200b\u200e\u200f\u2060\ufeff\u061c") | frozenset(
    map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
)
_HALVES = re.compile("[\ud800-\udfff]")


def is_placeholder(value: str) -> bool:
    """Return whether a value is what an example file ships in place of one's own."""
    return _PLACEHOLDER.fullmatch(value.strip()) is not None


def slug_of(name: str) -> str:
    """Return a name as lower-case ASCII letters, digits and dashes, always the same for a name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:64]
    if slug:
        return slug
    mark = blake2b(name.encode("utf-8", "replace"), digest_size=4).hexdigest()
    return f"character-{mark}"


def fault(wrong: str, mend: str) -> PydanticCustomError:
    """Return what a validator raises: what is wrong with the value, and what to write instead."""
    return PydanticCustomError("character", "{wrong}; {mend}", {"wrong": wrong, "mend": mend})


def length(text: str) -> int:
    """Return a length as Discord counts it, in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def check_name(name: str) -> None:
    """Raise unless Discord takes this as a name and people can read and call it."""
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
    """Return the name of a file in the character's own folder, or an https address, as it is."""
    if re.match(r"https://[^\s/]+", avatar):
        if len(avatar) > LONGEST_LINE or not avatar.isprintable() or " " in avatar:
            raise fault("is no address of a picture", "write https://... on one line")
        return avatar
    if len(avatar) > 255 or avatar.startswith(".") or any(mark in avatar for mark in '/\\:\0"\n'):
        mend = "write the name of a file in the character's folder, or https://..."
        raise fault("is neither a file's name nor an https address", mend)
    return avatar


def whole(text: str) -> str:
    """Return a text that can be sent: halves of characters, which no encoding takes, become U+FFFD."""
    if _HALVES.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def plain(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table of plain values as a copy of its own: no bottomless one, and none of over 100 kB."""
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
        return {whole(str(key)): _copied(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(one, depth + 1) for one in value]
    if isinstance(value, str):
        return whole(value)
    if value is None or _ordinary(value):
        return value
    raise fault("holds something that is no text, number or list", "write it as JSON has it")


def _ordinary(value: object) -> bool:
    """Return whether this is a number that JSON has: not infinite, not NaN, not of 5,000 digits."""
    return isinstance(value, int | float) and abs(value) < 10**18
