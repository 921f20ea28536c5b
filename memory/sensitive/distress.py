"""Words in which somebody says that they want to hurt or kill themselves: read by patterns (C91).

Nothing of it is kept: a line is read anew wherever it matters, so that no record says who was in distress.
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
"""Characters of a text that are looked through: a message of Discord's has 4,000 at most."""

_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_QUOTED = re.compile(r"(?m)^[ \t]*>[^\n]*")
_APOSTROPHES = dict.fromkeys(map(ord, "'’‘ʼ´`"))
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_OTHER = re.compile(r"[^\w ]+|_+")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class LanguageSigns:
    """How one language is read: `excuses` are taken out of a text before it is searched for `signs`."""

    signs: re.Pattern[str]
    excuses: re.Pattern[str]


def reads_as_distress(text: str) -> bool:
    """Say whether somebody's words tell that they want to die or to hurt themselves.

    English and German; sayings ("die laughing"), denials and quotes are none. It reads words, and not
    people: it misses what is hinted at, and a bitter joke may read as earnest.
    """
    said = plain(text)
    signs = [one for one in readings() if one.signs.search(said)]  # nearly always none
    return any(one.signs.search(one.excuses.sub(" ~ ", said)) for one in signs)


def plain(text: str) -> str:
    """Return a text in the form that the patterns are written for: see the head of distress.toml."""
    said = _QUOTED.sub(" ", _CODE.sub(" ", text[:MOST_READ]))
    said = unicodedata.normalize("NFKC", said).casefold().translate(_APOSTROPHES).translate(_SPELT)
    if not said.isascii():
        said = "".join(one for one in said if unicodedata.category(one) not in ("Cf", "Mn"))
    return _SPACES.sub(" ", _OTHER.sub(" | ", said.replace("\n", " | ").replace("-", " "))).strip()


@cache
def readings() -> tuple[LanguageSigns, ...]:
    """Return the readings of all languages in the data file."""
    with PATTERNS.open("rb") as file:
        return tuple(_reading(table) for table in tomllib.load(file).values())


def _reading(table: Mapping[str, Any]) -> LanguageSigns:
    words: Mapping[str, str] = table["words"]
    return LanguageSigns(_any_of(table["signs"], words), _any_of(table["excuses"], words))


def _any_of(patterns: Iterable[str], words: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b(?:{_filled(one, words)})\b" for one in patterns))


def _filled(pattern: str, words: Mapping[str, str]) -> str:
    """Put words in for their names; a name may stand in other words."""
    for name, meaning in words.items():
        pattern = pattern.replace(f"{{{name}}}", meaning)
    return pattern
