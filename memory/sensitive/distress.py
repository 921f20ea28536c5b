"""Detection of statements about suicide or self-harm by patterns (C91).

The result is never stored; lines are checked again when needed, so no record says who was in distress.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PATTERNS = Path(__file__).with_name("distress.toml")
MOST_READ = 6_000
"""Characters of a text that are examined: a Discord message has at most 4,000."""

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_QUOTED = re.compile(r"(?m)^[ \t]*>[^\n]*")
_APOSTROPHES = dict.fromkeys(map(ord, "'’‘ʼ´`"))
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_OTHER = re.compile(r"[^\w ]+|_+")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class LanguageSigns:
    """Patterns of a language: matches of `excuses` are removed from a text before the search for `signs`."""

    signs: re.Pattern[str]
    excuses: re.Pattern[str]


def reads_as_distress(text: str) -> bool:
    """Return whether somebody says that they want to die or to hurt themselves.

    It knows English and German and ignores sayings ("die laughing"), denials and quotes. It reads words, not
    people: it misses hints, and a bitter joke may count as earnest.
    """
    said = plain(text)
    signs = [patterns for patterns in readings() if patterns.signs.search(said)]  # nearly always empty
    return any(patterns.signs.search(patterns.excuses.sub(" ~ ", said)) for patterns in signs)


def plain(text: str) -> str:
    """Normalise a text for the patterns: see the head of distress.toml."""
    said = _QUOTED.sub(" ", _CODE.sub(" ", text[:MOST_READ]))
    said = unicodedata.normalize("NFKC", said).casefold().translate(_APOSTROPHES).translate(_SPELT)
    if not said.isascii():
        said = "".join(letter for letter in said if unicodedata.category(letter) not in ("Cf", "Mn"))
    return _SPACES.sub(" ", _OTHER.sub(" | ", said.replace("\n", " | ").replace("-", " "))).strip()


@cache
def readings() -> tuple[LanguageSigns, ...]:
    """Return the patterns of all languages in the data file."""
    with PATTERNS.open("rb") as file:
        return tuple(_reading(table) for table in tomllib.load(file).values())


def _reading(table: Mapping[str, Any]) -> LanguageSigns:
    words: Mapping[str, str] = table["words"]
    return LanguageSigns(_any_of(table["signs"], words), _any_of(table["excuses"], words))


def _any_of(patterns: Iterable[str], words: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{_filled(pattern, words)})\b" for pattern in patterns))


def _filled(pattern: str, words: Mapping[str, str]) -> str:
    """Replace names of word groups by their words; a group may contain names of other groups."""
    for name, meaning in words.items():
        pattern = pattern.replace(f"{{{name}}}", meaning)
    return pattern
