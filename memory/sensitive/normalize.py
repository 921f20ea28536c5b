"""Normalisation of text for secret detection: uniform digits, dashes and spaces, nothing invisible."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class SecretKind(StrEnum):
    """Kind of a secret; the value is its mask. Of two overlapping secrets the earlier member names both."""

    CARD = "[card number]"
    ACCOUNT = "[account number]"
    SECURITY = "[security number]"
    PASSWORD = "[password]"  # noqa: S105 (a mask)
    KEY = "[key]"
    CODE = "[code]"
    E_MAIL = "[e-mail address]"
    PHONE = "[phone number]"
    ANY = "[secret]"


COVER = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Replaces each character of a mask or Discord mention, which are not secrets."""

_HARMLESS = re.compile(
    "|".join(re.escape(kind) for kind in SecretKind)
    + r"|<(?:@[!&]?|#|a?:\w{1,32}:)\d{17,20}>|</[\w -]{1,100}:\d{17,20}>|<t:-?\d{1,13}(?::[A-Za-z])?>"
)
_DASHES = {ord(dash): "-" for dash in "−‐‑‒–—―"}
_QUOTES = {ord(quote): "'" for quote in "‘’ʼ′`"}
_PLAIN = _DASHES | _QUOTES
_INVISIBLE = frozenset("ᅟᅠㅤ⠀")  # categorised as letters or symbols, but blank


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """Normalised text, and the original position of each of its characters."""

    text: str
    origins: list[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the original span of a part of the normalised text."""
        return self.origins[start], self.origins[end - 1] + 1


def view_of(text: str) -> NormalizedText:
    """Normalise a text; a run of blanks becomes one space, or one line break if it contains any."""
    letters: list[str] = []
    origins: list[int] = []
    for place, letter in enumerate(_HARMLESS.sub(lambda found: COVER * len(found[0]), text)):
        for seen in letter if "!" <= letter <= "~" and letter != "`" else plain(letter):
            if seen in " \n" and letters and letters[-1] in " \n":
                letters[-1] = min(letters[-1], seen)  # "\n" sorts before " "
                continue
            letters.append(seen)
            origins.append(place)
    return NormalizedText("".join(letters), origins)


@lru_cache(maxsize=4096)
def plain(letters: str) -> str:
    """Remove accents and invisible characters; convert digits to 0-9 and dashes to "-"."""
    return "".join(map(_plain, unicodedata.normalize("NFKD", letters.translate(_PLAIN))))


def _plain(letter: str) -> str:
    if letter in "\n\r\v\f\x85\u2028\u2029":
        return "\n"
    if letter.isspace():
        return " "
    category = unicodedata.category(letter)
    if category in ("Mn", "Me", "Cf", "Cc") or letter in _INVISIBLE:
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(letter))
    return "-" if category == "Pd" else letter
