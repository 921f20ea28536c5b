"""A text as it is looked through for secrets: one kind of digit, dash and blank, and nothing invisible."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class SecretKind(StrEnum):
    """What a secret is, as its mask names it; where two overlap, the earlier names both."""

    CARD = "[card number]"
    ACCOUNT = "[account number]"
    SECURITY = "[security number]"
    PASSWORD = "[password]"  # noqa: S105 (what stands instead of one)
    KEY = "[key]"
    CODE = "[code]"
    E_MAIL = "[e-mail address]"
    PHONE = "[phone number]"
    ANY = "[secret]"


COVER = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for each letter of what is known to be none: a mask, or a mention on Discord."""

_HARMLESS = re.compile(
    "|".join(re.escape(kind) for kind in SecretKind)
    + r"|<(?:@[!&]?|#|a?:\w{1,32}:)\d{17,20}>|</[\w -]{1,100}:\d{17,20}>|<t:-?\d{1,13}(?::[A-Za-z])?>"
)
_DASHES = {ord(dash): "-" for dash in "−‐‑‒–—―"}
_QUOTES = {ord(quote): "'" for quote in "‘’ʼ′`"}
_PLAIN = _DASHES | _QUOTES
_INVISIBLE = frozenset("ᅟᅠㅤ⠀")  # letters and symbols by their category, with nothing to see


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """The text to look through, and for each of its letters the place in the original."""

    text: str
    origins: list[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return where a part of the view lies in the original."""
        return self.origins[start], self.origins[end - 1] + 1


def view_of(text: str) -> NormalizedText:
    """Return a text as it is looked through; blanks in a row are one, a line break if there is one."""
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
    """Return letters without accents and all that can't be seen, digits as 0 to 9 and dashes as "-"."""
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
