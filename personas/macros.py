"""Macros in cards and lorebooks, such as {{char}} and {{user}}."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from random import Random

MOST_EXPANDED = 400_000
"""Maximum length of an expanded text."""
MOST_SIDES = 1_000_000
MOST_DICE = 100
KNOWN = frozenset(
    ["char", "user", "original", "random", "pick", "roll", "//", "comment", "hidden_key", "reverse"],
)
"""The supported macros; others are left unexpanded."""

_TAG = re.compile(r"<(user|bot|char)>", re.IGNORECASE)
_DICE = re.compile(r"(\d{0,3})d?(\d{1,7})", re.IGNORECASE)
_NAMED = re.compile(r"\s*([a-z_]+)\s*(?::(.*))?", re.IGNORECASE | re.DOTALL)
_COMMA = re.compile(r"(?<!\\),")


@dataclass(frozen=True, kw_only=True)
class Macros:
    """Values of macros.

    `char` and `user` are names; `original` is the prompt that an override may include, None if there is none;
    {{pick}} makes the same choice as long as `seed` is the same.
    """

    char: str
    user: str
    original: str | None = None
    seed: str = ""


def expand(text: str, macros: Macros, *, rng: Random) -> str:
    """Expand a text's macros, ignoring case, in a single pass that never expands inserted values (C31).

    Unknown and incomplete macros stay unchanged. The result is truncated to MOST_EXPANDED.
    """
    expansion = _Expansion(macros, rng)
    pieces: list[str] = []
    room = MOST_EXPANDED
    for piece in expansion.pieces(text):
        pieces.append(piece[:room])
        room -= len(piece)
        if room <= 0:
            break
    return "".join(pieces)


def macros_in(text: str) -> frozenset[str]:
    """Return the lower-case names of all macros in a text, known or not, including tags such as <user>."""
    found = {"user" if tag[1].lower() == "user" else "char" for tag in _TAG.finditer(text)}
    for part, inside in _parts(text):
        if inside:
            name = _name_and_rest(part)[0]
            found |= {name} if name else set()
    return frozenset(found)


class _Expansion:
    """The expansion of one text; repeated equal {{pick}} macros choose independently."""

    def __init__(self, macros: Macros, rng: Random) -> None:
        self._macros, self._rng = macros, rng
        self._picked: dict[str, int] = {}

    def pieces(self, text: str) -> Iterator[str]:
        for part, inside in _parts(text):
            if not inside:
                yield _TAG.sub(self._tag, part)
                continue
            value = self._value(part)
            yield "{{" + part + "}}" if value is None else value

    def _tag(self, found: re.Match[str]) -> str:
        return self._macros.user if found[1].lower() == "user" else self._macros.char

    def _value(self, macro: str) -> str | None:
        name, rest = _name_and_rest(macro)
        if name in ("//", "comment", "hidden_key"):
            return ""
        if rest is None:
            plain = {"char": self._macros.char, "user": self._macros.user, "original": self._macros.original}
            return plain.get(name)
        made = self._with_values().get(name)
        return made(rest) if made else None

    def _with_values(self) -> dict[str, Callable[[str], str | None]]:
        return {"random": self._random, "pick": self._pick, "roll": self._roll, "reverse": _reversed}

    def _random(self, values: str) -> str:
        return self._rng.choice(_choices(values))

    def _pick(self, values: str) -> str:
        choices = _choices(values)
        time = self._picked[values] = self._picked.get(values, 0) + 1
        mark = f"{self._macros.seed}\0{time}\0{values}".encode("utf-8", "surrogatepass")
        return choices[int.from_bytes(blake2b(mark, digest_size=8).digest()) % len(choices)]

    def _roll(self, dice: str) -> str | None:
        found = _DICE.fullmatch(dice.strip().lstrip(":"))
        if found is None or (found[1] and "d" not in dice.lower()):
            return None
        count, sides = int(found[1] or 1), int(found[2])
        if not 1 <= sides <= MOST_SIDES or not 1 <= count <= MOST_DICE:
            return None
        return str(sum(self._rng.randint(1, sides) for _ in range(count)))


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a text, each with whether it was between {{ and }}."""
    at = start = 0
    while (closed := text.find("}}", at)) >= 0:
        opened = text.find("{{", at, closed)
        at = closed + 2
        if opened < 0:
            continue
        # A comment may contain anything; of other nested macros the innermost counts.
        if not text.startswith("{{//", opened):
            opened = text.rfind("{{", opened, closed)
        yield text[start:opened], False
        yield text[opened + 2 : closed], True
        start = at
    yield text[start:], False


def _name_and_rest(macro: str) -> tuple[str, str | None]:
    if macro.lstrip().startswith("//"):
        return "//", ""
    found = _NAMED.fullmatch(macro)
    return (found[1].lower(), found[2]) if found else ("", None)


def _choices(values: str) -> list[str]:
    """Return a macro's choices, separated by :: if it occurs, else by commas."""
    values = values.removeprefix(":")
    parts = values.split("::") if "::" in values else _COMMA.split(values)
    return [part.replace("\\,", ",").strip() for part in parts]


def _reversed(text: str) -> str:
    return text[::-1]
